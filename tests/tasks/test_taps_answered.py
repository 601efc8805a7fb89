"""What becomes of a technician's tap: an event, nothing, or a refusal."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.contract.task import (
    Action,
    OfferWithdrawn,
    RejectionExplained,
    RejectionTakenBack,
    Status,
    Tap,
    TaskAssigned,
    TaskDeleted,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    Verdict,
)
from shared.refusal import Refused, Why
from tasks.domain import answers
from tasks.domain.task import AcceptTask, CompleteTask, ExplainRejection, RejectTask, TakeBackRejection
from tests.tasks import examples as ex
from tests.tasks.examples import BRUNO, PRESSED, YASMIN, History, given

DEAD = "This offer is no longer yours."
to_bruno = (*ex.SENT, OfferWithdrawn(YASMIN, 1), TaskAssigned(BRUNO))


def test_an_offer_is_accepted() -> None:
    """The holder of the current offer accepts it."""
    assert given(*ex.SENT).when(AcceptTask(YASMIN, 1)).then(ex.accepted_by_yasmin).status is Status.ACCEPTED


@pytest.mark.parametrize("history", [ex.ACCEPTED, ex.IN_PROGRESS, ex.COMPLETED])
def test_a_second_tap_on_accept_changes_nothing(history: History) -> None:
    """The same button pressed again is no second acceptance, however late."""
    given(*history).when(AcceptTask(YASMIN, 1)).nothing_happens()


def test_an_offer_is_rejected_with_its_reason() -> None:
    """A reason that comes with the tap is told as its own event."""
    events = ex.rejected_by_yasmin, RejectionExplained(YASMIN, 1, "My van broke down")
    given(*ex.SENT).when(RejectTask(YASMIN, 1, "My van broke down")).then(*events)


def test_an_offer_is_rejected_without_a_reason() -> None:
    """Reject takes effect at the tap; the reason may come later."""
    assert given(*ex.SENT).when(RejectTask(YASMIN, 1)).then(ex.rejected_by_yasmin).status is Status.REJECTED


def test_a_second_tap_on_reject_changes_nothing() -> None:
    """One rejection, one event."""
    given(*ex.REJECTED).when(RejectTask(YASMIN, 1)).nothing_happens()


def test_who_rejected_cannot_accept_the_same_offer() -> None:
    """A new offer is needed, because the admins act on a rejection at once."""
    given(*ex.REJECTED).when(AcceptTask(YASMIN, 1)).refused("Ask the office to send it again.")


@pytest.mark.parametrize("history", [ex.ACCEPTED, ex.IN_PROGRESS])
def test_who_accepted_cannot_reject(history: History) -> None:
    """The office counts on an acceptance."""
    given(*history).when(RejectTask(YASMIN, 1)).refused("Call the office")


def test_a_task_is_completed() -> None:
    """Mark as completed works once the client info is out."""
    task = given(*ex.IN_PROGRESS).when(CompleteTask(YASMIN, 1)).then(ex.completed_by_yasmin)
    assert task.status is Status.COMPLETED


def test_a_second_tap_on_complete_changes_nothing() -> None:
    """One completion, one event."""
    given(*ex.COMPLETED).when(CompleteTask(YASMIN, 1)).nothing_happens()


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (ex.ACCEPTED, "wait for the client's data"),
        (ex.SENT, "while task #1042 is sent"),
        (ex.REJECTED, "rejected"),
    ],
)
def test_only_a_task_in_progress_is_completed(history: History, sentence: str) -> None:
    """A forged tap on a button that was never shown is refused."""
    given(*history).when(CompleteTask(YASMIN, 1)).refused(sentence)


@pytest.mark.parametrize("tap", [AcceptTask, RejectTask, CompleteTask])
@pytest.mark.parametrize("history", [ex.SENT, ex.ACCEPTED, ex.IN_PROGRESS, ex.COMPLETED])
def test_a_tap_by_somebody_else_is_refused(history: History, tap: type[AcceptTask]) -> None:
    """A forwarded button does nothing for the one it was forwarded to."""
    given(*history).when(tap(BRUNO, 1)).refused(DEAD)


@pytest.mark.parametrize("tap", [AcceptTask, RejectTask, CompleteTask])
def test_a_tap_on_an_earlier_offer_is_refused(tap: type[AcceptTask]) -> None:
    """After a resend only the latest message's buttons live."""
    given(*ex.SENT, TaskSent(YASMIN, 2)).when(tap(YASMIN, 1)).refused(DEAD)


@pytest.mark.parametrize(
    "history",
    [
        to_bruno,
        (*to_bruno, TaskAssigned(YASMIN)),
        (*ex.SENT, OfferWithdrawn(YASMIN, 1), TaskStatusChanged(Status.SENT, Status.ASSIGNED)),
        (
            *ex.SENT,
            OfferWithdrawn(YASMIN, 1),
            TaskStatusChanged(Status.SENT, Status.ASSIGNED),
            TaskStatusChanged(Status.ASSIGNED, Status.IN_PROGRESS),
        ),
    ],
)
@pytest.mark.parametrize("tap", [AcceptTask, RejectTask, CompleteTask])
def test_a_withdrawn_offer_stays_dead(history: History, tap: type[AcceptTask]) -> None:
    """Neither a second assignment nor a status set by hand wakes its buttons."""
    given(*history).when(tap(YASMIN, 1)).refused(DEAD)


def test_a_tap_on_a_deleted_task_is_answered() -> None:
    """The technician learns that the task is gone."""
    gone = (*ex.SENT, OfferWithdrawn(YASMIN, 1), TaskDeleted())
    given(*gone).when(AcceptTask(YASMIN, 1)).refused("no longer there", Why.MISSING)


def test_a_rejection_is_explained_after_the_task_went_to_another() -> None:
    """The reason joins the story whenever it comes."""
    reassigned = (*ex.REJECTED, TaskAssigned(BRUNO), TaskSent(BRUNO, 2))
    explained = RejectionExplained(YASMIN, 1, "On holiday")
    given(*reassigned).when(ExplainRejection(YASMIN, 1, "On holiday")).then(explained)


def test_a_rejection_is_explained_once() -> None:
    """A second reason changes nothing."""
    explained = (*ex.REJECTED, RejectionExplained(YASMIN, 1, "On holiday"))
    given(*explained).when(ExplainRejection(YASMIN, 1, "Too far")).nothing_happens()


@pytest.mark.parametrize(("technician", "offer"), [(BRUNO, 1), (YASMIN, 2)])
def test_only_ones_own_rejection_is_explained(technician: int, offer: int) -> None:
    """Nobody explains for another, or for an offer that was never rejected."""
    given(*ex.REJECTED).when(ExplainRejection(technician, offer, "…")).refused("no rejection of yours")


def test_an_empty_reason_is_refused() -> None:
    """A story with an empty line in it helps nobody."""
    given(*ex.REJECTED).when(ExplainRejection(YASMIN, 1, "")).refused("Write the reason", Why.INVALID)


taken_back = RejectionTakenBack(YASMIN, 1)


def wrong_button(technician: int = YASMIN, offer: int = 1, seconds: float = 20) -> TakeBackRejection:
    return TakeBackRejection(technician, offer, PRESSED, PRESSED + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-1, 0, 20, 60])
def test_a_rejection_is_taken_back_within_a_minute(seconds: float) -> None:
    """Wrong button: the offer stands again, and both its buttons work."""
    task = given(*ex.REJECTED).when(wrong_button(seconds=seconds)).then(taken_back)
    assert (task.status, task.technician, task.offer, task.stands) == (Status.SENT, YASMIN, 1, True)
    given(*ex.REJECTED, taken_back).when(AcceptTask(YASMIN, 1)).then(ex.accepted_by_yasmin)
    given(*ex.REJECTED, taken_back).when(RejectTask(YASMIN, 1)).then(ex.rejected_by_yasmin)


@pytest.mark.parametrize("seconds", [60.001, 61, 86_400, -86_400])
def test_after_a_minute_a_rejection_stays(seconds: float) -> None:
    """The office has begun to look for somebody else. A press that was kept for days is not meant for a later one."""
    given(*ex.REJECTED).when(wrong_button(seconds=seconds)).refused("for one minute, and that is over")


@pytest.mark.parametrize(
    "history",
    [
        (*ex.REJECTED, TaskAssigned(BRUNO)),
        (*ex.REJECTED, TaskAssigned(YASMIN)),
        (*ex.REJECTED, TaskAssigned(BRUNO), TaskSent(BRUNO, 2)),
        (*ex.REJECTED, TaskAssigned(BRUNO), TaskSent(BRUNO, 2), TaskRejected(BRUNO, 2)),
        (*ex.REJECTED, TaskSent(YASMIN, 2)),
        (*ex.REJECTED, TaskSent(YASMIN, 2), TaskRejected(YASMIN, 2)),
        (*ex.REJECTED, TaskStatusChanged(Status.REJECTED, Status.ACCEPTED)),
        (*ex.REJECTED, TaskStatusChanged(Status.REJECTED, Status.CANCELLED)),
        (
            *ex.REJECTED,
            TaskStatusChanged(Status.REJECTED, Status.ASSIGNED),
            TaskStatusChanged(Status.ASSIGNED, Status.REJECTED),
        ),
    ],
)
def test_what_the_office_did_since_is_not_undone(history: History) -> None:
    """Once the task went on, the rejection stays, however quick the technician is."""
    given(*history).when(wrong_button(seconds=1)).refused("The office has gone on with task #1042 already")


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (ex.ACCEPTED, "You accepted task #1042. Call the office"),
        (ex.IN_PROGRESS, "You accepted task #1042. Call the office"),
        (ex.COMPLETED, "Task #1042 is completed already."),
        ((*ex.REJECTED, taken_back, ex.accepted_by_yasmin), "You accepted task #1042. Call the office"),
    ],
)
def test_neither_an_acceptance_nor_a_completion_is_taken_back(history: History, sentence: str) -> None:
    """The office counts on both."""
    given(*history).when(wrong_button()).refused(sentence)


def test_a_deleted_task_stays_deleted() -> None:
    """There is nothing to take back."""
    given(*ex.REJECTED, TaskDeleted()).when(wrong_button()).refused("no longer there", Why.MISSING)


@pytest.mark.parametrize(("technician", "offer"), [(BRUNO, 1), (YASMIN, 2), (BRUNO, 2)])
def test_only_ones_own_rejection_is_taken_back(technician: int, offer: int) -> None:
    """A forwarded or forged button does nothing."""
    given(*ex.REJECTED).when(wrong_button(technician, offer)).refused(DEAD)


def test_a_second_tap_on_wrong_button_changes_nothing() -> None:
    """One rejection is taken back once."""
    given(*ex.REJECTED, taken_back).when(wrong_button()).nothing_happens()


def test_a_reason_goes_with_the_rejection_that_is_taken_back() -> None:
    """The next rejection of the same offer has a reason of its own; in between there is none to give."""
    explained = (*ex.REJECTED, RejectionExplained(YASMIN, 1, "Too far"))
    task = given(*explained).when(wrong_button()).then(taken_back)
    assert (task.rejected, task.explained) == (frozenset(), frozenset())
    open_again = (*explained, taken_back)
    given(*open_again).when(ExplainRejection(YASMIN, 1, "Ill")).refused("no rejection of yours")
    ill = RejectionExplained(YASMIN, 1, "Ill")
    given(*open_again, ex.rejected_by_yasmin).when(ExplainRejection(YASMIN, 1, "Ill")).then(ill)


def test_who_rejects_again_has_another_minute() -> None:
    """Each press of Reject has its own."""
    again = (*ex.REJECTED, taken_back, ex.rejected_by_yasmin)
    given(*again).when(wrong_button()).then(taken_back)


def tap(action: Action, reason: str = "") -> Tap:
    pressed = PRESSED, PRESSED + timedelta(seconds=20)
    return Tap(UUID(int=1), ex.NUMBER, 1, YASMIN, action, reason, *pressed)


def test_each_press_is_a_command() -> None:
    """What a technician pressed becomes a command with their id and offer."""
    assert answers.command_of(tap(Action.ACCEPT)) == AcceptTask(YASMIN, 1)
    assert answers.command_of(tap(Action.REJECT, " too far\x00 ")) == RejectTask(YASMIN, 1, "too far")
    assert answers.command_of(tap(Action.COMPLETE)) == CompleteTask(YASMIN, 1)
    assert answers.command_of(tap(Action.EXPLAIN, "x" * 2000)) == ExplainRejection(YASMIN, 1, "x" * 1000)
    assert answers.command_of(tap(Action.TAKE_BACK)) == wrong_button()


def test_a_rejection_of_an_unknown_moment_is_not_taken_back() -> None:
    """Who doesn't say when it was pressed is answered so."""
    with pytest.raises(Refused, match="not known when"):
        answers.command_of(Tap(UUID(int=1), ex.NUMBER, 1, YASMIN, Action.TAKE_BACK))


@pytest.mark.parametrize("action", list(Action))
def test_each_press_has_its_sentences(action: Action) -> None:
    """Done and already done are told apart, with the task's number."""
    done, already = answers.done(tap(action)), answers.already(tap(action))
    assert (done.verdict, already.verdict) == (Verdict.DONE, Verdict.ALREADY)
    assert "#1042" in done.sentence
    assert "already" in already.sentence


def test_a_rejected_offer_leaves_who_rejected_it() -> None:
    """Two technicians may reject the same task, each with an offer of their own."""
    both = (*ex.REJECTED, TaskAssigned(BRUNO), TaskSent(BRUNO, 2), TaskRejected(BRUNO, 2))
    assert ex.folded(both).rejected == {(1, YASMIN), (2, BRUNO)}
