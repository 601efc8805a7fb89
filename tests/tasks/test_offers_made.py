"""Creating, editing, assigning, sending and deleting: what an admin does up to the tap."""

import pytest

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    Status,
    TaskAssigned,
    TaskDeleted,
    TaskEdited,
    TaskEvent,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.refusal import Why
from tasks.domain.task import (
    AssignTask,
    CreateTask,
    DeleteTask,
    EditTask,
    FreeTask,
    SendClientInfo,
    SendTask,
)
from tests.tasks import examples as ex
from tests.tasks.examples import BRUNO, YASMIN, History, given

withdrawn_from_yasmin = OfferWithdrawn(YASMIN, 1)


def test_a_task_is_created() -> None:
    """Without a technician a task is new."""
    command = CreateTask(ex.NUMBER, ex.LEAKING_BOILER, ex.MRS_LINDQVIST)
    assert given().when(command).then(ex.created).status is Status.NEW


def test_a_task_is_created_for_a_technician() -> None:
    """A technician chosen at creation is assigned at once."""
    command = CreateTask(ex.NUMBER, ex.LEAKING_BOILER, ex.MRS_LINDQVIST, YASMIN)
    assert given().when(command).then(ex.created, ex.for_yasmin).status is Status.ASSIGNED


def test_a_number_is_given_once() -> None:
    """A second task under the same number is refused."""
    command = CreateTask(ex.NUMBER, ex.SQUEAKING_DOOR, ex.THE_BAKERY)
    given(*ex.NEW).when(command).refused("There is a task #1042 already.")


def test_an_edit_is_noted_in_any_status() -> None:
    """An open message can be edited to match, so even a sent task may change."""
    command = EditTask(ex.SQUEAKING_DOOR, ex.THE_BAKERY)
    edited = TaskEdited(ex.SQUEAKING_DOOR, ex.THE_BAKERY)
    assert given(*ex.SENT).when(command).then(edited).status is Status.SENT


def test_an_edit_that_changes_nothing_is_no_event() -> None:
    """Pressing Save twice leaves one line in the audit log."""
    given(*ex.SENT).when(EditTask(ex.LEAKING_BOILER, ex.MRS_LINDQVIST)).nothing_happens()


def test_a_task_is_assigned_again_to_another_technician() -> None:
    """Without an offer there is nothing to withdraw."""
    given(*ex.ASSIGNED).when(AssignTask(BRUNO)).then(TaskAssigned(BRUNO))


@pytest.mark.parametrize("history", [ex.SENT, ex.ACCEPTED, ex.IN_PROGRESS])
def test_an_open_offer_is_withdrawn_before_another_is_assigned(history: History) -> None:
    """The first technician learns that the task is no longer theirs."""
    given(*history).when(AssignTask(BRUNO)).then(withdrawn_from_yasmin, TaskAssigned(BRUNO))


@pytest.mark.parametrize("history", [ex.ASSIGNED, ex.SENT, ex.ACCEPTED, ex.IN_PROGRESS])
def test_assigning_the_holder_changes_nothing(history: History) -> None:
    """The one who holds the task keeps it, with the offer."""
    given(*history).when(AssignTask(YASMIN)).nothing_happens()


@pytest.mark.parametrize("history", [ex.REJECTED, ex.COMPLETED])
def test_the_same_technician_is_assigned_again(history: History) -> None:
    """After a rejection or a completion the same one can be asked again; the old offer is dead."""
    task = given(*history).when(AssignTask(YASMIN)).then(TaskAssigned(YASMIN))
    assert not task.stands


def test_task_info_is_sent() -> None:
    """The first sending is offer 1."""
    assert given(*ex.ASSIGNED).when(SendTask()).then(TaskSent(YASMIN, 1)).status is Status.SENT


@pytest.mark.parametrize("history", [ex.SENT, ex.REJECTED, ex.COMPLETED])
def test_a_resend_is_the_next_offer(history: History) -> None:
    """The buttons of the earlier message are dead by their number."""
    assert given(*history).when(SendTask()).then(TaskSent(YASMIN, 2)).offer == 2


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (ex.NEW, "Assign a technician first."),
        (ex.ACCEPTED, "has accepted task #1042. Send the client info next"),
        (ex.IN_PROGRESS, "is working on task #1042"),
        ((*ex.SENT, TaskStatusChanged(Status.SENT, Status.CANCELLED)), "Assign a technician again first."),
    ],
)
def test_task_info_is_refused_with_what_to_do(history: History, sentence: str) -> None:
    """Each status in which nothing can be sent says what comes first."""
    given(*history).when(SendTask()).refused(sentence)


@pytest.mark.parametrize("history", [ex.ACCEPTED, ex.IN_PROGRESS])
def test_client_info_is_sent(history: History) -> None:
    """Once accepted, and again as often as it is needed."""
    task = given(*history).when(SendClientInfo()).then(ex.client_info_to_yasmin)
    assert task.status is Status.IN_PROGRESS


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (ex.NEW, "Assign a technician and send the task info first"),
        (ex.ASSIGNED, "Send the task info first"),
        (ex.SENT, "has not accepted task #1042 yet"),
        (ex.REJECTED, "rejected task #1042"),
        (ex.COMPLETED, "is completed"),
    ],
)
def test_client_info_is_refused_before_acceptance(history: History, sentence: str) -> None:
    """No route leads to the client's data before the technician has accepted."""
    given(*history).when(SendClientInfo()).refused(sentence)


def test_client_info_after_an_acceptance_by_hand_is_an_offer_of_its_own() -> None:
    """Accepted on the phone: the card brings the button, so it needs an offer that stands."""
    by_hand = (*ex.ASSIGNED, TaskStatusChanged(Status.ASSIGNED, Status.ACCEPTED))
    task = given(*by_hand).when(SendClientInfo()).then(ClientInfoSent(YASMIN, 1, ex.MRS_LINDQVIST))
    assert task.stands


@pytest.mark.parametrize(
    ("history", "events"),
    [
        (ex.ASSIGNED, [TaskUnassigned(YASMIN)]),
        (ex.SENT, [withdrawn_from_yasmin, TaskUnassigned(YASMIN)]),
        (ex.IN_PROGRESS, [withdrawn_from_yasmin, TaskUnassigned(YASMIN)]),
        (ex.REJECTED, []),
        (ex.COMPLETED, []),
        ((), []),
        ((*ex.SENT, withdrawn_from_yasmin, TaskDeleted()), []),
    ],
)
def test_a_technician_who_is_deleted_frees_what_they_hold(history: History, events: list[TaskEvent]) -> None:
    """Unfinished tasks become new again; finished ones keep who did them."""
    given(*history).when(FreeTask(YASMIN)).then(*events)


def test_a_deleted_technician_frees_nothing_of_others() -> None:
    """Another one's deletion leaves the task alone."""
    given(*ex.SENT).when(FreeTask(BRUNO)).nothing_happens()


@pytest.mark.parametrize(
    ("history", "events"),
    [
        (ex.NEW, [TaskDeleted()]),
        (ex.ACCEPTED, [withdrawn_from_yasmin, TaskDeleted()]),
        (ex.REJECTED, [TaskDeleted()]),
        (ex.COMPLETED, [TaskDeleted()]),
    ],
)
def test_a_task_is_deleted(history: History, events: list[TaskEvent]) -> None:
    """An open offer is withdrawn first."""
    given(*history).when(DeleteTask()).then(*events)


@pytest.mark.parametrize("history", [(), (*ex.NEW, TaskDeleted())])
def test_what_is_not_there_is_refused(history: History) -> None:
    """An unknown and a deleted task are the same to an admin."""
    given(*history).when(SendTask()).refused("There is no such task.", Why.MISSING)
