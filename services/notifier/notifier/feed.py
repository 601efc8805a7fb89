"""One notification as admins get it: its words, where it leads, and what can be done about it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from shared.contract import Recorded
from shared.contract.delivery import DeliveryEvent, DeliveryFailed, DeliveryUnknown
from shared.names import Names
from shared.sentences import notification


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


def frame(recorded: Recorded, kind: str, who: Names) -> Frame:
    line = notification(recorded, who)
    text = line.text if line else recorded.type
    return Frame(recorded.id, kind, text, recorded.at, link(recorded, kind), actions(recorded, kind))


def actions(recorded: Recorded, kind: str) -> list[Action]:
    """The buttons of each kind that has some (the design's section 6)."""
    key = recorded.key
    match kind:
        case "technician_added":
            return [
                Action("Review / edit", "GET", f"/technicians/{key}"),
                Action("Keep as is", "POST", f"/technicians/{key}/review"),
            ]
        case "task_rejected":
            return [Action("Reassign", "GET", f"/tasks/{key}#assign")]
        case "task_accepted":
            return [Action("Send client info", "POST", f"/tasks/{key}/client-info")]
        case "task_completed":
            return [Action("Create invoice", "GET", f"/invoices/new?task={key}")]
        case _:
            return []


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
