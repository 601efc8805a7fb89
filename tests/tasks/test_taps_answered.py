"""What becomes of a technician's tap: an event, nothing, or a refusal."""

from uuid import UUID

import pytest

from shared.contract.task import (
    Action,
    OfferWithdrawn,
    RejectionExplained,
    Status,
    Tap,
    TaskAssigned,
    TaskDeleted,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    Verdict,
)
from shared.refusal import Why
from tasks.domain import answers
from tasks.domain.task import AcceptTask, CompleteTask, ExplainRejection, RejectTask
from tests.tasks import examples as ex
from tests.tasks.examples import BRUNO, YASMIN, History, given

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


def tap(action: Action, reason: str = "") -> Tap:
    return Tap(UUID(int=1), ex.NUMBER, 1, YASMIN, action, reason)


def test_each_press_is_a_command() -> None:
    """What a technician pressed becomes a command with their id and offer."""
    assert answers.command_of(tap(Action.ACCEPT)) == AcceptTask(YASMIN, 1)
    assert answers.command_of(tap(Action.REJECT, " too far\x00 ")) == RejectTask(YASMIN, 1, "too far")
    assert answers.command_of(tap(Action.COMPLETE)) == CompleteTask(YASMIN, 1)
    assert answers.command_of(tap(Action.EXPLAIN, "x" * 2000)) == ExplainRejection(YASMIN, 1, "x" * 1000)


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
