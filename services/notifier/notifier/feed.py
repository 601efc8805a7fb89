"""One notification as admins get it: its words, where it leads, and what can be done about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from notifier.newcomers import Joined
from shared.contract import Recorded
from shared.contract.bot import BotConnected, BotDisconnected
from shared.contract.delivery import (
    UNREACHABLE,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryUnknown,
    Purpose,
)
from shared.contract.event import stream_name
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceSent, InvoiceStatusChanged
from shared.contract.task import (
    ClientInfoSent,
    RejectionTakenBack,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskDeleted,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.contract.technician import (
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianReviewed,
)
from shared.language import _
from shared.names import Names
from shared.sentences import newcomers, notification

BOT = "bot"
"""What is about whichever bot is connected."""


NEWCOMERS = "/technicians?status=new"


class Action(Struct, frozen=True):
    """A button: a link for GET, a form for POST."""

    label: str
    method: Literal["GET", "POST"]
    href: str


class Frame(Struct, frozen=True):
    """One JSON object on the WebSocket and in the list; `id` is what `?after=` takes."""

    id: UUID
    kind: str
    text: str
    at: datetime
    link: str
    actions: list[Action]


def frame(recorded: Recorded, kind: str, who: Names, joined: Sequence[Joined] = ()) -> Frame:
    """joined  of whom it tells, where it is of newcomers"""
    if len(joined) > 1:
        text = newcomers([(each.technician, each.returned) for each in joined], who)
        review = Action(_("Review"), "GET", NEWCOMERS)
        return Frame(recorded.id, kind, text, recorded.at, NEWCOMERS, [review])
    line = notification(recorded, who)
    text = line.text if line else recorded.type
    return Frame(recorded.id, kind, text, recorded.at, link(recorded, kind), actions(recorded, kind))


def actions(recorded: Recorded, kind: str) -> list[Action]:
    """The buttons of each kind that asks for an answer (the design's section 6)."""
    key = recorded.key
    match kind:
        case "technician_added":
            return [
                Action(_("Review / edit"), "GET", f"/technicians/{key}"),
                Action(_("Keep as is"), "POST", f"/technicians/{key}/review"),
            ]
        case "task_rejected" | "task_unassigned":
            return [_reassign(key)]
        case "task_accepted":
            return [Action(_("Send client info"), "POST", f"/tasks/{key}/client-info")]
        case "task_completed":
            return [Action(_("Create invoice"), "GET", f"/invoices/new?task={key}")]
        case "delivery_failed" if isinstance(recorded.data, DeliveryFailed):
            return _again(recorded.data)
        case "bot_refused":
            return [Action(_("Enter a new token"), "GET", "/settings/telegram")]
        case _:
            return []


def _reassign(task: str | int) -> Action:
    return Action(_("Reassign"), "GET", f"/tasks/{task}/assignment")


def _again(failed: DeliveryFailed) -> list[Action]:
    match failed.purpose:
        case Purpose.TASK_INFO | Purpose.CLIENT_INFO if failed.trouble in UNREACHABLE:
            return [_reassign(failed.task or 0)]
        case Purpose.TASK_INFO:
            return [Action(_("Send again"), "POST", f"/tasks/{failed.task}/dispatch")]
        case Purpose.CLIENT_INFO:
            return [Action(_("Send again"), "POST", f"/tasks/{failed.task}/client-info")]
        case Purpose.INVOICE if failed.trouble not in UNREACHABLE:
            return [Action(_("Send again"), "POST", f"/invoices/{failed.invoice}/dispatch")]
        case Purpose.RETRACTION | Purpose.CHANGE if failed.task is not None:
            return [Action(_("Open the task"), "GET", f"/tasks/{failed.task}")]
        case _:
            return []


def waits_about(recorded: Recorded, kind: str) -> str | None:
    """What a notification that asks for an answer is about, such as `task.1042`; None for one that asks nothing."""
    if not actions(recorded, kind):
        return None
    match recorded.data:
        case DeliveryFailed(invoice=int(invoice)):
            return stream_name("invoice", invoice)
        case DeliveryFailed(task=int(task)):
            return stream_name("task", task)
        case _:
            return BOT if recorded.aggregate == "bot" else recorded.stream


def answers(recorded: Recorded) -> str | None:
    """What this event gives all earlier notifications about as their answer: whoever caused it, and where."""
    match recorded.data:
        case (
            TaskAssigned()
            | TaskUnassigned()
            | TaskSent()
            | TaskAccepted()
            | TaskRejected()
            | RejectionTakenBack()
            | ClientInfoSent()
            | TaskCompleted()
            | TaskStatusChanged()
            | TaskDeleted()
            | TechnicianReviewed()
            | TechnicianEdited()
            | TechnicianDeactivated()
            | TechnicianDeleted()
            | InvoiceSent()
            | InvoiceStatusChanged()
            | InvoiceDeleted()
        ):
            return recorded.stream
        case InvoiceCreated(task=task):
            return stream_name("task", task)
        case BotConnected() | BotDisconnected():
            return BOT
        case _:
            return None


def link(recorded: Recorded, kind: str) -> str:
    """The page that shows more; of something deleted, what is left of it."""
    key = recorded.key
    match recorded.aggregate, kind:
        case "task", "task_deleted":
            return f"/audit?task={key}"
        case "task", _:
            return f"/tasks/{key}"
        case "technician", "technician_deleted":
            return "/technicians"
        case "technician", _:
            return f"/technicians/{key}"
        case "invoice", "invoice_deleted":
            return "/invoices"
        case "invoice", _:
            return f"/invoices/{key}"
        case "report", _:
            return "/reports"
        case "bot", _:
            return "/settings/telegram"
        case "delivery", _:
            return _delivery(recorded.data)
        case _:
            return "/audit"


def _delivery(event: DeliveryEvent | Any) -> str:
    if not isinstance(event, DeliveryFailed | DeliveryUnknown):
        return "/notifications"
    if event.invoice is not None:
        return f"/invoices/{event.invoice}"
    if event.task is not None:
        return f"/tasks/{event.task}"
    return f"/technicians/{event.technician}"
