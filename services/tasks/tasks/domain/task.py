"""The life of one task, decided without I/O.

A command asks; `decide` answers with events or refuses; `evolve` folds one
event into the task. Who acted, and when, is the journal's business.
"""

from enum import StrEnum
from typing import TypeAlias, assert_never, dataclass_transform

from msgspec import Struct, field
from msgspec.structs import replace

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskDetails,
    TaskEdited,
    TaskEvent,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
    status_after,
)
from shared.refusal import Refused, Why

# ── What can be asked ────────────────────────────────────────────────────────


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Command(Struct, frozen=True):
    pass


class CreateTask(Command):
    number: int
    details: TaskDetails
    client: int
    technician: int | None = None


class EditTask(Command):
    details: TaskDetails
    client: int


class AssignTask(Command):
    technician: int


class FreeTask(Command):
    """This technician is gone; whatever they still hold is free again."""

    technician: int


class SendTask(Command):
    """Send task info: a new offer to the assigned technician."""


class SendClientInfo(Command):
    pass


class SetStatus(Command):
    """By hand, by an admin."""

    status: Status


class DeleteTask(Command):
    pass


class FromTechnician(Command):
    """What a technician pressed, under the message of one offer."""

    technician: int
    offer: int


class AcceptTask(FromTechnician):
    pass


class RejectTask(FromTechnician):
    reason: str = ""


class CompleteTask(FromTechnician):
    pass


class ExplainRejection(FromTechnician):
    """Gives the reason of a rejection, after it; also when the task has long gone to somebody else."""

    reason: str


TaskCommand: TypeAlias = (
    CreateTask
    | EditTask
    | AssignTask
    | FreeTask
    | SendTask
    | SendClientInfo
    | SetStatus
    | DeleteTask
    | AcceptTask
    | RejectTask
    | CompleteTask
    | ExplainRejection
)


# ── What is known ────────────────────────────────────────────────────────────


class Task(Struct, frozen=True):
    """technician  Telegram user id of who is to do it
    offer       number of the latest offer; earlier ones are dead
    stands      whether the latest offer may still be answered; once False it is dead too
    rejected    (offer, technician) of every offer that was rejected at the tap
    explained   the offers whose rejection has its reason
    """

    status: Status = Status.ABSENT
    number: int = 0
    details: TaskDetails = TaskDetails("")
    client: int = 0
    technician: int | None = None
    offer: int = 0
    stands: bool = False
    rejected: frozenset[tuple[int, int]] = frozenset()
    explained: frozenset[int] = frozenset()


HELD = frozenset({Status.ASSIGNED, Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS})
"""Somebody is to do the task, and has not finished it."""

OPEN = frozenset({Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS})
"""An offer that stands is open: the technician has its message, and can act on it."""

SENDABLE = frozenset({Status.ASSIGNED, Status.SENT, Status.REJECTED, Status.COMPLETED})

ENDS_THE_OFFER = frozenset({Status.NEW, Status.ASSIGNED, Status.REJECTED, Status.CANCELLED})
"""Set by hand, these leave the technician nothing to press; the others keep the offer."""


# ── The rules ────────────────────────────────────────────────────────────────


def decide(command: TaskCommand, task: Task) -> list[TaskEvent]:
    """Read top to bottom: whatever is not listed is refused."""
    match command, task.status:
        case CreateTask(number, details, client, technician), Status.ABSENT:
            created = TaskCreated(number, details, client)
            return [created] if technician is None else [created, TaskAssigned(technician)]
        case FreeTask(), Status.ABSENT | Status.DELETED:
            return []
        case FromTechnician(), Status.ABSENT | Status.DELETED:
            raise Refused("This task is no longer there.", Why.MISSING)
        case _, Status.ABSENT | Status.DELETED:
            raise Refused("There is no such task.", Why.MISSING)
        case CreateTask(), _:
            raise Refused(f"There is a task #{task.number} already.")

        case EditTask(details, client), _:
            unchanged = (details, client) == (task.details, task.client)
            return [] if unchanged else [TaskEdited(details, client)]
        case AssignTask(technician), now if technician == task.technician and now in HELD:
            return []
        case AssignTask(technician), _:
            return [*withdrawal(task), TaskAssigned(technician)]
        case FreeTask(technician), now if technician == task.technician and now in HELD:
            return [*withdrawal(task), TaskUnassigned(technician)]
        case FreeTask(), _:
            return []
        case DeleteTask(), _:
            return [*withdrawal(task), TaskDeleted()]
        case SetStatus(after), _:
            return set_by_hand(after, task)

        case SendTask(), now if now in SENDABLE and task.technician is not None:
            return [TaskSent(task.technician, task.offer + 1)]
        case SendTask(), now:
            raise Refused(WHY_NOT_SENT[now].format(number=task.number))
        case SendClientInfo(), Status.ACCEPTED | Status.IN_PROGRESS if task.technician is not None:
            # Accepted by hand, without an offer that stands: the card itself is the new offer.
            offer = task.offer if task.stands else task.offer + 1
            return [ClientInfoSent(task.technician, offer, task.client)]
        case SendClientInfo(), now:
            raise Refused(WHY_NO_CLIENT_INFO[now].format(number=task.number))

        case ExplainRejection(reason=""), _:
            raise Refused("Write the reason, or leave it out.", Why.INVALID)
        case ExplainRejection(by, offer, reason), _ if (offer, by) in task.rejected:
            return [] if offer in task.explained else [RejectionExplained(by, offer, reason)]
        case ExplainRejection(), _:
            raise Refused("There is no rejection of yours to explain.")
        case FromTechnician(by, offer), _ if not task.stands or (by, offer) != (task.technician, task.offer):
            raise Refused("This offer is no longer yours.")

        case AcceptTask(by, offer), Status.SENT:
            return [TaskAccepted(by, offer)]
        case AcceptTask(), Status.ACCEPTED | Status.IN_PROGRESS | Status.COMPLETED:
            return []  # a second tap on the same button
        case AcceptTask(), Status.REJECTED:
            raise Refused(f"You rejected task #{task.number}. Ask the office to send it again.")

        case RejectTask(by, offer, reason), Status.SENT:
            why: list[TaskEvent] = [RejectionExplained(by, offer, reason)] if reason else []
            return [TaskRejected(by, offer), *why]
        case RejectTask(), Status.REJECTED:
            return []
        case RejectTask(), Status.ACCEPTED | Status.IN_PROGRESS:
            raise Refused(f"You accepted task #{task.number}. Call the office if you cannot do it.")
        case RejectTask(), Status.COMPLETED:
            raise Refused(f"Task #{task.number} is completed already.")

        case CompleteTask(by, offer), Status.IN_PROGRESS:
            return [TaskCompleted(by, offer)]
        case CompleteTask(), Status.COMPLETED:
            return []
        case CompleteTask(), Status.ACCEPTED:
            raise Refused(f"Task #{task.number} has not begun: wait for the client's data from the office.")
    raise Refused(f"That is not possible while task #{task.number} is {words(task.status)}.")


def withdrawal(task: Task) -> list[TaskEvent]:
    """The technician who holds an open offer learns that it is over."""
    if task.stands and task.status in OPEN and task.technician is not None:
        return [OfferWithdrawn(task.technician, task.offer)]
    return []


def set_by_hand(after: Status, task: Task) -> list[TaskEvent]:
    """Only into a state that makes sense: nobody is told by it, and a held task needs somebody."""
    if after in (Status.ABSENT, Status.DELETED):
        raise Refused("A task cannot be given that status.", Why.INVALID)
    if after is task.status:
        raise Refused(f"Task #{task.number} is {words(after)} already.")
    if after is Status.SENT:
        raise Refused("A status cannot send anything. Press Send task info.")
    if task.technician is None and after not in (Status.NEW, Status.CANCELLED):
        raise Refused(f"Assign a technician first: a task that is {words(after)} needs one.")
    ended = withdrawal(task) if after in ENDS_THE_OFFER else []
    return [*ended, TaskStatusChanged(task.status, after)]


WHY_NOT_SENT = {
    Status.NEW: "Assign a technician first.",
    Status.ACCEPTED: (
        "The technician has accepted task #{number}. Send the client info next; "
        "to offer it anew, set its status to assigned first."
    ),
    Status.IN_PROGRESS: (
        "The technician is working on task #{number}. To offer it anew, set its status to assigned first."
    ),
    Status.CANCELLED: "Task #{number} is cancelled. Assign a technician again first.",
}

WHY_NO_CLIENT_INFO = {
    Status.NEW: "Assign a technician and send the task info first.",
    Status.ASSIGNED: "Send the task info first: client info goes out once the technician has accepted.",
    Status.SENT: "The technician has not accepted task #{number} yet.",
    Status.REJECTED: "The technician rejected task #{number}. Assign another one and send it again.",
    Status.COMPLETED: "Task #{number} is completed: its technician needs no client info any more.",
    Status.CANCELLED: "Task #{number} is cancelled. Assign a technician again first.",
}


def evolve(task: Task, event: TaskEvent) -> Task:
    task = replace(task, status=status_after(event, task.status))
    match event:
        case TaskCreated(number, details, client):
            return replace(task, number=number, details=details, client=client)
        case TaskEdited(details, client):
            return replace(task, details=details, client=client)
        case TaskAssigned(technician):
            return replace(task, technician=technician, stands=False)
        case TaskUnassigned():
            return replace(task, technician=None, stands=False)
        case TaskSent(technician, offer) | ClientInfoSent(technician, offer):
            return replace(task, technician=technician, offer=offer, stands=True)
        case TaskRejected(technician, offer):
            return replace(task, rejected=task.rejected | {(offer, technician)})
        case RejectionExplained(_, offer):
            return replace(task, explained=task.explained | {offer})
        case TaskStatusChanged(_, after):
            return replace(
                task,
                technician=None if after is Status.NEW else task.technician,
                stands=task.stands and after not in ENDS_THE_OFFER,
            )
        case OfferWithdrawn() | TaskDeleted():
            return replace(task, stands=False)
        case TaskAccepted() | TaskCompleted():
            return task
        case _:
            assert_never(event)


# ── What an admin can do now ─────────────────────────────────────────────────


class Move(StrEnum):
    ASSIGN = "assign"
    SEND = "send"
    CLIENT_INFO = "client_info"
    EDIT = "edit"
    DELETE = "delete"


MOVES: dict[Move, TaskCommand] = {
    Move.ASSIGN: AssignTask(0),
    Move.SEND: SendTask(),
    Move.CLIENT_INFO: SendClientInfo(),
    Move.EDIT: EditTask(TaskDetails(""), 0),
    Move.DELETE: DeleteTask(),
}

LIKELY = {
    Status.NEW: Move.ASSIGN,
    Status.ASSIGNED: Move.SEND,
    Status.REJECTED: Move.ASSIGN,
    Status.ACCEPTED: Move.CLIENT_INFO,
    Status.CANCELLED: Move.ASSIGN,
}
"""What an admin most probably wants next; whether it is allowed is for `decide` alone."""


def allowed(task: Task) -> list[Move]:
    """What the rules let an admin do now, the likely move first."""
    moves = [move for move, command in MOVES.items() if allows(command, task)]
    return sorted(moves, key=lambda move: move is not LIKELY.get(task.status))


def settable(task: Task) -> list[Status]:
    """The statuses that an admin can set by hand now."""
    return [status for status in Status if allows(SetStatus(status), task)]


def allows(command: TaskCommand, task: Task) -> bool:
    try:
        decide(command, task)
    except Refused:
        return False
    return True


def words(status: Status) -> str:
    return status.value.replace("_", " ")
