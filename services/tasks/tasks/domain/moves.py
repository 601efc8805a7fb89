"""What an admin can do with a task now. Whether a move is allowed, `decide` alone says."""

from enum import StrEnum
from functools import lru_cache, reduce

from msgspec import Struct

from shared.contract.task import Status, TaskDetails
from shared.refusal import Refused
from tasks.domain.task import (
    ENDS_THE_OFFER,
    AssignTask,
    DeleteTask,
    EditTask,
    SendClientInfo,
    SendTask,
    SetStatus,
    Task,
    TaskCommand,
    decide,
    evolve,
)


class Move(StrEnum):
    """A button. Each but INVOICE is a command of a task; the invoice itself is made elsewhere."""

    ASSIGN = "assign"
    SEND = "send"
    CLIENT_INFO = "client_info"
    WITHDRAW = "withdraw"
    COMPLETE = "complete"
    INVOICE = "invoice"
    CANCEL = "cancel"
    EDIT = "edit"
    DELETE = "delete"


SET_BY: dict[Move, Status] = {
    Move.WITHDRAW: Status.ASSIGNED,
    Move.COMPLETE: Status.COMPLETED,
    Move.CANCEL: Status.CANCELLED,
}
"""The moves that set a status by hand."""

COMMANDS: dict[Move, TaskCommand] = {
    Move.ASSIGN: AssignTask(0),
    Move.SEND: SendTask(),
    Move.CLIENT_INFO: SendClientInfo(),
    **{move: SetStatus(status) for move, status in SET_BY.items()},
    Move.EDIT: EditTask(TaskDetails(""), 0),
    Move.DELETE: DeleteTask(),
}

LIKELY = {
    Status.NEW: (Move.ASSIGN,),
    Status.ASSIGNED: (Move.SEND, Move.ASSIGN),
    Status.SENT: (Move.SEND, Move.WITHDRAW),
    Status.ACCEPTED: (Move.CLIENT_INFO, Move.WITHDRAW),
    Status.IN_PROGRESS: (Move.COMPLETE, Move.CLIENT_INFO),
    Status.COMPLETED: (Move.INVOICE,),
    Status.REJECTED: (Move.ASSIGN, Move.SEND),
    Status.CANCELLED: (Move.ASSIGN,),
}
"""What an admin most probably wants next, in order."""

OFFERED = frozenset({Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS})
"""There is an offer to withdraw."""

SHOWN = (
    Status.NEW,
    Status.REJECTED,
    Status.ASSIGNED,
    Status.SENT,
    Status.ACCEPTED,
    Status.IN_PROGRESS,
    Status.COMPLETED,
    Status.CANCELLED,
)
"""The columns of the board: what a technician must be found for comes first."""


class Allowed(Struct, frozen=True):
    """moves     the likely ones first
    statuses  what can be set by hand
    """

    moves: tuple[Move, ...] = ()
    statuses: tuple[Status, ...] = ()


@lru_cache(maxsize=256)
def allowed(task: Task) -> Allowed:
    """What the rules let an admin do now."""
    likely = LIKELY.get(task.status, ())
    order = [*likely, *(move for move in Move if move not in likely)]
    return Allowed(
        tuple(move for move in order if fits(move, task)),
        tuple(status for status in SHOWN if allows(SetStatus(status), task)),
    )


def fits(move: Move, task: Task) -> bool:
    """Whether it is allowed, and means something in this status."""
    match move:
        case Move.INVOICE:
            return task.status is Status.COMPLETED
        case Move.WITHDRAW if not (task.stands and task.status in OFFERED):
            return False
        case Move.COMPLETE if task.status is not Status.IN_PROGRESS:
            return False
    return allows(COMMANDS[move], task)


def allows(command: TaskCommand, task: Task) -> bool:
    try:
        decide(command, task)
    except Refused:
        return False
    return True


# ── The board: a card is dropped into another column ─────────────────────────

DROPPED = {
    (Status.NEW, Status.ASSIGNED): Move.ASSIGN,
    (Status.REJECTED, Status.ASSIGNED): Move.ASSIGN,
    (Status.ACCEPTED, Status.IN_PROGRESS): Move.CLIENT_INFO,
}
"""(from, to) → what the drop does, where it is more than a status set by hand. To *sent* is always a sending."""


def dropped(task: Task, column: Status) -> TaskCommand:
    """What a card of this task does when it is dropped into that column; `AssignTask(0)` still lacks its technician."""
    if column is Status.SENT:
        return SendTask()
    move = DROPPED.get((task.status, column))
    if move is None and column is Status.ASSIGNED and task.technician is None:
        move = Move.ASSIGN
    return COMMANDS[move] if move else SetStatus(column)


class Question(StrEnum):
    """Why a drop is asked about before it is carried out."""

    LOSES = "loses"
    """A technician who accepted loses the task."""
    SKIPS = "skips"
    """It counts as accepted, and nobody accepted it."""


UNACCEPTED = frozenset({Status.ASSIGNED, Status.SENT, Status.REJECTED})
TAKEN_ON = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED})
"""A technician accepted it, or an admin says so."""


def question(task: Task, column: Status) -> Question | None:
    """What a slip of the mouse must not do; None where a drop takes nothing from anybody."""
    if task.status in TAKEN_ON and (column is Status.SENT or column in ENDS_THE_OFFER):
        return Question.LOSES
    if task.status in UNACCEPTED and column in TAKEN_ON:
        return Question.SKIPS
    return None


@lru_cache(maxsize=256)
def targets(task: Task) -> tuple[Status, ...]:
    """The columns into which the rules let it be dropped."""
    return tuple(
        column for column in SHOWN if column is not task.status and allows(dropped(task, column), task)
    )


def undo(before: Task, after: Task) -> Status | None:
    """The status that, set by hand, makes the task what it was; None where nothing does."""
    if before.status is after.status:
        return None
    try:
        events = decide(SetStatus(before.status), after)
    except Refused:
        return None
    return before.status if reduce(evolve, events, after) == before else None
