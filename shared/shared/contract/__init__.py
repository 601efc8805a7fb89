"""All that crosses services: the envelope, and each aggregate's events and commands.

`AnyEvent` is the union of every event, so that one decoder reads the whole bus.
"""

from typing import TypeAlias

from msgspec import Struct

from .admin import AdminEvent
from .bot import BotEvent
from .client import ClientEvent
from .delivery import DeliveryEvent
from .event import Envelope
from .fold import FoldEvent
from .invoice import DOCUMENT, DocumentAnswer, DocumentRequest, InvoiceEvent
from .report import ReportEvent
from .site import SiteEvent
from .task import CLIENT_INFO, TAP, ClientInfoAnswer, ClientInfoRequest, Tap, TapAnswer, TaskEvent
from .technician import TechnicianEvent
from .version import VersionAnswer, VersionRequest, version_of

AnyEvent: TypeAlias = (
    TaskEvent
    | ClientEvent
    | TechnicianEvent
    | BotEvent
    | DeliveryEvent
    | InvoiceEvent
    | AdminEvent
    | SiteEvent
    | ReportEvent
    | FoldEvent
)

Recorded: TypeAlias = Envelope[AnyEvent]
"""One event as every fold sees it."""

OWNER = {
    "task": "tasks",
    "client": "tasks",
    "technician": "bot-gateway",
    "bot": "bot-gateway",
    "delivery": "bot-gateway",
    "invoice": "invoices",
    "admin": "notifier",
    "site": "notifier",
    "report": "reporting",
    "fold": None,  # every service tells of its own dead letters
}
"""aggregate → the one service that writes its events"""

QUESTIONS: dict[str, tuple[type[Struct], type[Struct]]] = {
    TAP: (Tap, TapAnswer),
    CLIENT_INFO: (ClientInfoRequest, ClientInfoAnswer),
    DOCUMENT: (DocumentRequest, DocumentAnswer),
    version_of("task"): (VersionRequest, VersionAnswer),
    version_of("technician"): (VersionRequest, VersionAnswer),
    version_of("site"): (VersionRequest, VersionAnswer),
}
"""subject → what one service asks another there, and what it is answered"""
