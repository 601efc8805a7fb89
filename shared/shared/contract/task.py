"""What others hear of a task. No client data but the client's number is ever in it."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from .event import Event


class Status(StrEnum):
    ABSENT = "absent"  # before the first event; never shown
    NEW = "new"
    ASSIGNED = "assigned"
    SENT = "sent"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TaskDetails(Struct, frozen=True):
    """What a technician may know before accepting: the allowlist of *task info*.

    scheduled_at  when the work is to be done, with its offset; None where it is open
    """

    title: str
    description: str = ""
    area: str = ""
    priority: Priority = Priority.NORMAL
    scheduled_at: datetime | None = None


class TaskCreated(Event):
    number: int
    details: TaskDetails
    client: int


class TaskEdited(Event):
    details: TaskDetails
    client: int


class TaskAssigned(Event):
    technician: int


class TaskUnassigned(Event):
    """The technician is gone, so the task is free again."""

    technician: int


class TaskSent(Event):
    technician: int
    offer: int


class TaskAccepted(Event):
    technician: int
    offer: int


class TaskRejected(Event):
    technician: int
    offer: int


class RejectionExplained(Event):
    technician: int
    offer: int
    reason: str


class RejectionTakenBack(Event):
    """Reject was the wrong button: the offer stands again, as if it had never been answered."""

    technician: int
    offer: int


class ClientInfoSent(Event):
    technician: int
    offer: int
    client: int


class TaskCompleted(Event):
    technician: int
    offer: int


class OfferWithdrawn(Event):
    technician: int
    offer: int


class TaskStatusChanged(Event):
    """Set by hand, by an admin."""

    before: Status
    after: Status


class TaskDeleted(Event):
    pass


TaskEvent: TypeAlias = (
    TaskCreated
    | TaskEdited
    | TaskAssigned
    | TaskUnassigned
    | TaskSent
    | TaskAccepted
    | TaskRejected
    | RejectionExplained
    | RejectionTakenBack
    | ClientInfoSent
    | TaskCompleted
    | OfferWithdrawn
    | TaskStatusChanged
    | TaskDeleted
)

STATUS_AFTER: dict[type[Event], Status] = {
    TaskCreated: Status.NEW,
    TaskAssigned: Status.ASSIGNED,
    TaskUnassigned: Status.NEW,
    TaskSent: Status.SENT,
    TaskAccepted: Status.ACCEPTED,
    TaskRejected: Status.REJECTED,
    RejectionTakenBack: Status.SENT,
    ClientInfoSent: Status.IN_PROGRESS,
    TaskCompleted: Status.COMPLETED,
    TaskDeleted: Status.DELETED,
}


def status_after(event: TaskEvent, before: Status) -> Status:
    """The status of a task once `event` has happened: one rule, for every service that shows it."""
    if isinstance(event, TaskStatusChanged):
        return event.after
    return STATUS_AFTER.get(type(event), before)


class Action(StrEnum):
    """What a technician can press."""

    ACCEPT = "accept"
    REJECT = "reject"
    COMPLETE = "complete"
    EXPLAIN = "explain"  # the reason of a rejection, given after it
    TAKE_BACK = "take_back"  # *Wrong button*, after a rejection


class Tap(Struct, frozen=True):
    """A technician's press, as the bot-gateway asks `tasks` to carry it out (`TAP`).

    command_id   made from the Telegram update, so that a press handled twice has one effect
    rejected_at  to take a rejection back: when Reject was pressed, and at: when *Wrong button* was. Both are
                 the moments at which the presses were stored, however late they are carried out
    """

    command_id: UUID
    task: int
    offer: int
    technician: int
    action: Action
    reason: str = ""
    rejected_at: datetime | None = None
    at: datetime | None = None


class Verdict(StrEnum):
    """What became of a tap."""

    DONE = "done"
    ALREADY = "already"  # the same press came before; nothing changed
    REFUSED = "refused"


class TapAnswer(Struct, frozen=True):
    """call_office  the sentence ends with asking to call the office: its number belongs there"""

    verdict: Verdict
    sentence: str
    call_office: bool = False


class ClientInfoRequest(Struct, frozen=True):
    """Asked by the bot-gateway at the moment of sending (`CLIENT_INFO`).

    client  whose data the admin sent: of another one nothing is told; 0 where that is not known
    """

    task: int
    offer: int
    technician: int
    client: int = 0


class ClientInfo(Struct, frozen=True):
    """A client's data on its way into one Telegram message; nobody but `tasks` keeps it."""

    name: str
    phone: str = ""
    email: str = ""
    address: str = ""
    notes: str = ""


class ClientInfoAnswer(Struct, frozen=True):
    """Either the data, or the sentence that says why it may not be sent now.

    client_id  whose data it is; version: of that client's stream, at least so new is the data
    """

    client: ClientInfo | None = None
    refusal: str = ""
    client_id: int = 0
    version: int = 0


TAP = "commands.task.tap"
CLIENT_INFO = "queries.task.client_info"
