"""One delivery, and what is to be done for it."""

from typing import Any, TypeAlias
from uuid import UUID

from aiogram.methods import TelegramMethod
from msgspec import Struct

from bot_gateway.domain import PRIVATE
from bot_gateway.domain.record import Record
from shared.contract.delivery import Purpose, Trouble


class Row(Struct, frozen=True):
    """One delivery; the fields are the columns."""

    id: UUID
    cause: UUID | None
    chat_id: int
    purpose: Purpose
    method: str
    task: int | None
    offer: int | None
    invoice: int | None
    client: int | None
    payload: str | None
    target: UUID | None
    tries: int
    message_ids: list[int]
    trace: str | None = None

    @property
    def makes_messages(self) -> bool:
        """Repeating it could bring the same message twice."""
        return self.method in ("send", "document")


class Step(Struct, frozen=True):
    """One call; `otherwise` is made where Telegram says that it is too late for the first."""

    call: TelegramMethod[Any]
    otherwise: TelegramMethod[Any] | None = None


class Steps(Struct, frozen=True):
    """lacking says what these steps can't bring about, which is told once they are made; record is what the message
    holds once they are."""

    steps: list[Step]
    lacking: str = ""
    record: Record | None = None


class Drop(Struct, frozen=True):
    """There is nothing left to do, and nobody needs to know."""

    reason: str


class Fail(Struct, frozen=True):
    reason: str
    trouble: Trouble = Trouble.REFUSED


class Recall(Struct, frozen=True):
    """What is to be taken back has not gone out yet: it is not sent."""

    target: UUID


class Told(Struct, frozen=True):
    """This message in the chat says it already."""

    message: int


Plan: TypeAlias = Steps | Drop | Fail | Recall | Told


class Target(Struct, frozen=True):
    """The row whose messages are edited or deleted, and whose data they hold."""

    purpose: Purpose
    status: str
    bot_id: int | None
    message_ids: list[int]
    client: int | None
    recorded: bool

    @property
    def private(self) -> bool:
        return self.client is not None or self.purpose in PRIVATE
