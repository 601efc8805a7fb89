"""The life of one task, decided without I/O.

A command asks; `decide` answers with events or refuses; `evolve` folds one
event into the task. Who acted, and when, is the journal's business.
"""

from datetime import datetime, timedelta
from typing import TypeAlias, assert_never, dataclass_transform

from msgspec import Struct, field
from msgspec.structs import replace

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    RejectionTakenBack,
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
from shared.language import N_, _, word
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


class SendClientInfo(Command, omit_defaults=True):
    """again  also where it went out before; the command without this is that of a version without it"""

    again: bool = True


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


class TakeBackRejection(FromTechnician):
    """*Wrong button*.

    rejected_at, at  when Reject was pressed, and when this was, as the presses were stored
    """

    rejected_at: datetime
    at: datetime


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
    | TakeBackRejection
)


# ── What is known ────────────────────────────────────────────────────────────


class Task(Struct, frozen=True):
    """technician  Telegram user id of who is to do it
    offer       number of the latest offer; earlier ones are dead
    stands      whether the latest offer may still be answered; once False it is dead too
    informed    whether the technician was sent the client's data with the offer that stands, and may keep it
    rejected    (offer, technician) of every offer that was rejected at the tap, and not taken back
    explained   the offers whose rejection has its reason
    """

    status: Status = Status.ABSENT
    number: int = 0
    details: TaskDetails = TaskDetails("")
    client: int = 0
    technician: int | None = None
    offer: int = 0
    stands: bool = False
    informed: bool = False
    rejected: frozenset[tuple[int, int]] = frozenset()
    explained: frozenset[int] = frozenset()


HELD = frozenset({Status.ASSIGNED, Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS})
"""Somebody is to do the task, and has not finished it."""

OPEN = frozenset({Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS})
"""An offer that stands is open: the technician has its message, and can act on it."""

SENDABLE = frozenset({Status.ASSIGNED, Status.SENT, Status.REJECTED, Status.COMPLETED})

ENDS_THE_OFFER = frozenset({Status.NEW, Status.ASSIGNED, Status.REJECTED, Status.CANCELLED})
"""Set by hand, these leave the technician nothing to press; the others keep the offer."""


TAKE_BACK_WITHIN = timedelta(minutes=1)
"""How long after the press a technician can say that Reject was the wrong button."""


class CallTheOffice(Refused):
    """Refused to a technician, in a sentence that ends with asking them to call the office."""


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
            raise Refused(_("This task is no longer there."), Why.MISSING)
        case _, Status.ABSENT | Status.DELETED:
            raise Refused(_("There is no such task."), Why.MISSING)
        case CreateTask(), _:
            raise Refused(_("There is a task #%(number)s already.", number=task.number))

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
            raise Refused(_(WHY_NOT_SENT[now], number=task.number))
        case SendClientInfo(again=False), Status.IN_PROGRESS if task.stands:
            return []
        case SendClientInfo(), Status.ACCEPTED | Status.IN_PROGRESS if task.technician is not None:
            # Accepted by hand, without an offer that stands: the card itself is the new offer.
            offer = task.offer if task.stands else task.offer + 1
            return [ClientInfoSent(task.technician, offer, task.client)]
        case SendClientInfo(), now:
            raise Refused(_(WHY_NO_CLIENT_INFO[now], number=task.number))

        case ExplainRejection(reason=""), _:
            raise Refused(_("Write the reason, or leave it out."), Why.INVALID)
        case ExplainRejection(by, offer, reason), _ if (offer, by) in task.rejected:
            return [] if offer in task.explained else [RejectionExplained(by, offer, reason)]
        case ExplainRejection(), _:
            raise Refused(_("There is no rejection of yours to explain."))

        case TakeBackRejection(by, offer), now if (offer, by) in task.rejected and not (
            now is Status.REJECTED and task.stands and offer == task.offer
        ):
            raise CallTheOffice(
                _(
                    "The office has gone on with task #%(number)s already, so your rejection stays. "
                    "If you can do it after all, please call the office.",
                    number=task.number,
                )
            )
        case FromTechnician(by, offer), _ if not task.stands or (by, offer) != (task.technician, task.offer):
            raise Refused(_("This offer is no longer yours."))

        case AcceptTask(by, offer), Status.SENT:
            return [TaskAccepted(by, offer)]
        case AcceptTask(), Status.ACCEPTED | Status.IN_PROGRESS | Status.COMPLETED:
            return []  # a second tap on the same button
        case AcceptTask(), Status.REJECTED:
            raise CallTheOffice(
                _("You rejected task #%(number)s. Ask the office to send it again.", number=task.number)
            )

        case RejectTask(by, offer, reason), Status.SENT:
            why: list[TaskEvent] = [RejectionExplained(by, offer, reason)] if reason else []
            return [TaskRejected(by, offer), *why]
        case RejectTask(), Status.REJECTED:
            return []
        case TakeBackRejection(by, offer, rejected_at, at), Status.REJECTED:
            if abs(at - rejected_at) > TAKE_BACK_WITHIN:  # or stored before: of an earlier rejection
                raise CallTheOffice(
                    _(
                        "A rejection can be taken back for one minute, and that is over. "
                        "If you can do task #%(number)s after all, please call the office.",
                        number=task.number,
                    )
                )
            return [RejectionTakenBack(by, offer)]
        case TakeBackRejection(), Status.SENT:
            return []  # a second tap on the same button
        case RejectTask() | TakeBackRejection(), Status.ACCEPTED | Status.IN_PROGRESS:
            raise CallTheOffice(
                _("You accepted task #%(number)s. Call the office if you cannot do it.", number=task.number)
            )
        case RejectTask() | TakeBackRejection(), Status.COMPLETED:
            raise Refused(_("Task #%(number)s is completed already.", number=task.number))

        case CompleteTask(by, offer), Status.IN_PROGRESS:
            return [TaskCompleted(by, offer)]
        case CompleteTask(), Status.COMPLETED:
            return []
        case CompleteTask(), Status.ACCEPTED:
            raise Refused(
                _(
                    "Task #%(number)s has not begun: wait for the client's data from the office.",
                    number=task.number,
                )
            )
    raise Refused(
        _(
            "That is not possible while task #%(number)s is %(status)s.",
            number=task.number,
            status=word(task.status),
        )
    )


def withdrawal(task: Task) -> list[TaskEvent]:
    """The technician who holds an open offer learns that it is over."""
    if task.stands and task.status in OPEN and task.technician is not None:
        return [OfferWithdrawn(task.technician, task.offer)]
    return []


def set_by_hand(after: Status, task: Task) -> list[TaskEvent]:
    """Only into a state that makes sense: nobody is told by it, and a held task needs somebody."""
    if after in (Status.ABSENT, Status.DELETED):
        raise Refused(_("A task cannot be given that status."), Why.INVALID)
    if after is task.status:
        raise Refused(_("Task #%(number)s is %(status)s already.", number=task.number, status=word(after)))
    if after is Status.SENT:
        raise Refused(_("A status cannot send anything. Press Send task info."))
    if task.technician is None and after not in (Status.NEW, Status.CANCELLED):
        raise Refused(
            _("Assign a technician first: a task that is %(status)s needs one.", status=word(after))
        )
    ended = withdrawal(task) if after in ENDS_THE_OFFER else []
    return [*ended, TaskStatusChanged(task.status, after)]


WHY_NOT_SENT = {
    Status.NEW: N_("Assign a technician first."),
    Status.ACCEPTED: N_(
        "The technician has accepted task #%(number)s. Send the client info next; "
        "to offer it anew, set its status to assigned first."
    ),
    Status.IN_PROGRESS: N_(
        "The technician is working on task #%(number)s. To offer it anew, set its status to assigned first."
    ),
    Status.CANCELLED: N_("Task #%(number)s is cancelled. Assign a technician again first."),
}

WHY_NO_CLIENT_INFO = {
    Status.NEW: N_("Assign a technician and send the task info first."),
    Status.ASSIGNED: N_("Send the task info first: client info goes out once the technician has accepted."),
    Status.SENT: N_("The technician has not accepted task #%(number)s yet."),
    Status.REJECTED: N_("The technician rejected task #%(number)s. Assign another one and send it again."),
    Status.COMPLETED: N_("Task #%(number)s is completed: its technician needs no client info any more."),
    Status.CANCELLED: N_("Task #%(number)s is cancelled. Assign a technician again first."),
}


def evolve(task: Task, event: TaskEvent) -> Task:
    task = replace(task, status=status_after(event, task.status))
    match event:
        case TaskCreated(number, details, client):
            return replace(task, number=number, details=details, client=client)
        case TaskEdited(details, client):
            informed = task.informed and client == task.client
            return replace(task, details=details, client=client, informed=informed)
        case TaskAssigned(technician):
            return replace(task, technician=technician, stands=False, informed=False)
        case TaskUnassigned():
            return replace(task, technician=None, stands=False, informed=False)
        case TaskSent(technician, offer):
            return replace(task, technician=technician, offer=offer, stands=True, informed=False)
        case ClientInfoSent(technician, offer):
            return replace(task, technician=technician, offer=offer, stands=True, informed=True)
        case TaskRejected(technician, offer):
            return replace(task, rejected=task.rejected | {(offer, technician)})
        case RejectionExplained(_, offer):
            return replace(task, explained=task.explained | {offer})
        case RejectionTakenBack(technician, offer):
            # A reason that was given meanwhile goes with it: another rejection has a reason of its own.
            return replace(
                task,
                rejected=task.rejected - {(offer, technician)},
                explained=task.explained - {offer},
            )
        case TaskStatusChanged(_, after):
            ended = after in ENDS_THE_OFFER
            return replace(
                task,
                technician=None if after is Status.NEW else task.technician,
                stands=task.stands and not ended,
                informed=task.informed and not ended,
            )
        case OfferWithdrawn() | TaskDeleted():
            return replace(task, stands=False, informed=False)
        case TaskAccepted() | TaskCompleted():
            return task
        case _:
            assert_never(event)
