"""What others hear of bringing a message to Telegram."""

from enum import StrEnum
from typing import TypeAlias

from .event import Event


class Purpose(StrEnum):
    TASK_INFO = "task_info"
    CLIENT_INFO = "client_info"
    INVOICE = "invoice"
    RETRACTION = "retraction"  # taking back a message of a dead offer or an erased client
    REPLY = "reply"  # an answer in the dialogue, such as /help; with a task: a copy of its card
    CHANGE = "change"  # what has changed since the technician was last told: an edit rings nobody
    SUMMARY = "summary"  # the technician's open tasks in one message


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Trouble(StrEnum):
    """Why a delivery failed, in the kinds that ask for different answers from an admin."""

    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    CHAT_NOT_FOUND = "chat_not_found"
    REFUSED = "refused"  # by Telegram, or by the service that owns the content
    NO_BOT = "no_bot"


UNREACHABLE = frozenset({Trouble.BLOCKED, Trouble.DEACTIVATED, Trouble.CHAT_NOT_FOUND})
"""Sending again would fail again."""


class DeliverySent(Event):
    """Telegram gave the message an id, so it is in the chat."""

    purpose: Purpose
    technician: int
    message_id: int
    task: int | None = None
    offer: int | None = None
    invoice: int | None = None


class DeliveryFailed(Event):
    purpose: Purpose
    technician: int
    trouble: Trouble
    reason: str
    task: int | None = None
    offer: int | None = None
    invoice: int | None = None


class DeliveryUnknown(Event):
    """The message may be in the chat or not: the connection broke after it went out, or the answer can't be read.

    reason  in English; empty in events of a version that kept none
    """

    purpose: Purpose
    technician: int
    task: int | None = None
    offer: int | None = None
    invoice: int | None = None
    reason: str = ""


DeliveryEvent: TypeAlias = DeliverySent | DeliveryFailed | DeliveryUnknown
