"""A status set by hand: only into a state that makes sense."""

import pytest

from shared.contract.task import OfferWithdrawn, Status, TaskStatusChanged
from shared.refusal import Why
from tasks.domain.task import CompleteTask, SetStatus
from tests.tasks import examples as ex
from tests.tasks.examples import YASMIN, History, folded, given


@pytest.mark.parametrize("after", [Status.NEW, Status.ASSIGNED, Status.REJECTED, Status.CANCELLED])
def test_an_open_offer_ends_with_it(after: Status) -> None:
    """The technician must not act on a message whose task moved on."""
    task = (
        given(*ex.SENT)
        .when(SetStatus(after))
        .then(OfferWithdrawn(YASMIN, 1), TaskStatusChanged(Status.SENT, after))
    )
    assert not task.stands


@pytest.mark.parametrize("after", [Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED])
def test_an_open_offer_is_kept(after: Status) -> None:
    """Accepted on the phone: the message the technician has stays theirs."""
    task = given(*ex.SENT).when(SetStatus(after)).then(TaskStatusChanged(Status.SENT, after))
    assert task.stands


def test_a_completion_is_taken_back_and_made_again() -> None:
    """Set back to in progress, the technician's button works once more."""
    back = (*ex.COMPLETED, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS))
    given(*back).when(CompleteTask(YASMIN, 1)).then(ex.completed_by_yasmin)


def test_new_frees_the_technician() -> None:
    """Back to new means that nobody is to do it."""
    task = (
        given(*ex.ASSIGNED).when(SetStatus(Status.NEW)).then(TaskStatusChanged(Status.ASSIGNED, Status.NEW))
    )
    assert task.technician is None


@pytest.mark.parametrize(
    "after", [Status.ASSIGNED, Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED, Status.REJECTED]
)
def test_a_held_status_needs_a_technician(after: Status) -> None:
    """Otherwise a task would be accepted by nobody."""
    given(*ex.NEW).when(SetStatus(after)).refused("Assign a technician first")


@pytest.mark.parametrize("history", [ex.NEW, ex.ASSIGNED, ex.REJECTED, ex.COMPLETED])
def test_any_task_can_be_cancelled(history: History) -> None:
    """Without an open offer nothing is withdrawn."""
    before = folded(history).status
    given(*history).when(SetStatus(Status.CANCELLED)).then(TaskStatusChanged(before, Status.CANCELLED))


def test_sent_is_no_status_to_set() -> None:
    """Only sending sends."""
    given(*ex.ASSIGNED).when(SetStatus(Status.SENT)).refused("Press Send task info.")


@pytest.mark.parametrize("after", [Status.DELETED, Status.ABSENT])
def test_a_tombstone_is_no_status_to_set(after: Status) -> None:
    """Deleting has its own button."""
    given(*ex.NEW).when(SetStatus(after)).refused("cannot be given that status", Why.INVALID)


def test_the_same_status_is_refused() -> None:
    """Somebody else may have been faster, and the admin should know."""
    given(*ex.ACCEPTED).when(SetStatus(Status.ACCEPTED)).refused("is accepted already")
