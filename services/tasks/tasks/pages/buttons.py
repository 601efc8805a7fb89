"""What an admin can press on a task, in the order in which it is likely."""

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.task import Status
from shared.language import _, words
from tasks.domain.moves import SET_BY, Allowed, Move, question
from tasks.domain.task import Task
from tasks.views import TaskView

PRIMARY = frozenset({Move.ASSIGN, Move.SEND, Move.CLIENT_INFO, Move.COMPLETE, Move.INVOICE})
"""These may stand out, if they are the likely one."""

COLUMNS = {**SET_BY, Move.SEND: Status.SENT}
"""The moves that put a card into another column → which one."""

SENDS = frozenset({Move.SEND, Move.CLIENT_INFO})

WAITED_FOR = (Status.SENT, Status.IN_PROGRESS)
"""It is the technician's turn."""


class Button(Struct, frozen=True):
    """action is posted to; href is a page that asks for more first, and dialog the part of it that is enough;
    on_card is the label where there is little room.

    move is None where a status is set by its name, and where something is only to be looked at.
    """

    move: Move | None
    label: str
    icon: str = ""
    action: str = ""
    href: str = ""
    dialog: str = ""
    on_card: str = ""

    @property
    def short(self) -> str:
        return self.on_card or self.label


class Buttons(Struct, frozen=True):
    """likely    the one that is probably pressed next
    urged     whether the task waits for it
    others    whatever else may be done
    statuses  what can be set by hand
    """

    likely: Button | None = None
    urged: bool = False
    others: tuple[Button, ...] = ()
    statuses: tuple[Button, ...] = ()


def buttons(task: TaskView, state: Task, found: Allowed) -> Buttons:
    """What takes the task from somebody, skips an acceptance, or goes to somebody whom nobody has kept, asks first: as
    a drop on the board does."""
    shown = [offered(move, task, state) for move in in_order(task, state, found)]
    first = shown[0] if shown and shown[0].move in PRIMARY else None
    invoice = task.invoice if first and first.move is Move.INVOICE else None
    waits = task.status not in WAITED_FOR or (first is not None and first.move is Move.CLIENT_INFO)
    return Buttons(
        made(invoice) if invoice else first,
        invoice is None and (waits or not task.reached),
        tuple(each for each in shown if invoice or each is not first),
        tuple(
            asked(Button(None, words(status), action=status_of(task, status)), task, state, status)
            for status in found.statuses
        ),
    )


def offered(move: Move, task: TaskView, state: Task) -> Button:
    pressed = button(move, task)
    if move in SENDS and task.newcomer:
        what = pressed.action.rpartition("/")[2]
        pressed = replace(
            pressed, action="", href=f"/tasks/{task.id}/keeping?what={what}", dialog="keep-form"
        )
    return asked(pressed, task, state, COLUMNS[move]) if move in COLUMNS else pressed


def in_order(task: TaskView, state: Task, found: Allowed) -> tuple[Move, ...]:
    """Under way with nothing of the client, who is another one now: then the client info is what is waited for."""
    moves = found.moves
    uninformed = task.status is Status.IN_PROGRESS and state.stands and task.delivery.client_info is None
    if uninformed and Move.CLIENT_INFO in moves:
        moves = (Move.CLIENT_INFO, *(move for move in moves if move is not Move.CLIENT_INFO))
    return moves if task.reached else elsewhere_first(moves)


def elsewhere_first(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Nothing that is sent to this technician arrives: somebody else comes before another try."""
    if Move.ASSIGN not in moves:
        return moves
    rest = [move for move in moves if move is not Move.ASSIGN]
    at = next((n for n, move in enumerate(rest) if move in SENDS), moves.index(Move.ASSIGN))
    return (*rest[:at], Move.ASSIGN, *rest[at:])


def asked(pressed: Button, task: TaskView, state: Task, column: Status) -> Button:
    """The button that asks first, where `question` says so."""
    if not question(state, column):
        return pressed
    return replace(pressed, action="", href=f"/tasks/{task.id}/column?to={column.value}", dialog="drop-form")


def button(move: Move, task: TaskView) -> Button:
    here = f"/tasks/{task.id}"
    again = task.offer > 0 and task.status is not Status.ASSIGNED
    match move:
        case Move.ASSIGN:
            label = _("Reassign…") if task.technician else _("Assign…")
            return Button(move, label, "user-plus", href=f"{here}/assignment", dialog="assign-form")
        case Move.SEND:
            label = _("Send task info again") if again else _("Send task info")
            return Button(move, label, "send", f"{here}/dispatch", on_card=_("Send again") if again else "")
        case Move.CLIENT_INFO:
            again = task.delivery.client_info is not None
            label = _("Send client info again") if again else _("Send client info")
            return Button(
                move, label, "user-check", f"{here}/client-info", on_card=_("Send again") if again else ""
            )
        case Move.WITHDRAW:
            return Button(move, _("Withdraw the offer"), "arrow-back-up", status_of(task, SET_BY[move]))
        case Move.COMPLETE:
            return Button(
                move, _("Mark as completed"), "check", status_of(task, SET_BY[move]), on_card=_("Complete")
            )
        case Move.CANCEL:
            return Button(move, _("Cancel the task"), "ban", status_of(task, SET_BY[move]))
        case Move.INVOICE:
            label = _("Another invoice") if task.invoice else _("Create invoice")
            return Button(move, label, "file-invoice", href=f"/invoices/new?task={task.id}")
        case Move.EDIT:
            return Button(move, _("Edit"), "edit", href=f"{here}?edit=1")
        case Move.DELETE:
            return Button(move, _("Delete…"), "trash", href=f"{here}/delete")
        case _:
            assert_never(move)


def made(invoice: int) -> Button:
    label = _("Invoice #%(number)s", number=invoice)
    return Button(None, label, "file-invoice", href=f"/invoices/{invoice}")


def status_of(task: TaskView, status: Status) -> str:
    """What is posted to for this status."""
    return f"/tasks/{task.id}/status?status={status.value}"
