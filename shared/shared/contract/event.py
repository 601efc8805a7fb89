"""What travels between services: one event in one envelope.

An event says what happened; its envelope says where, when and by whom. Both are
written once, in the journal of the service that owns the aggregate, and are sent
as JSON on the subject `events.<aggregate>.<id>.<event>`.
"""

import re
from datetime import datetime
from typing import ClassVar, Generic, TypeVar, dataclass_transform
from uuid import UUID

from msgspec import Struct, field


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Event(Struct, frozen=True, tag=True):
    """The base of every event; the JSON field `type` holds the class's name.

    `schema` grows when a field's meaning changes; a reader that does not know the
    number must not guess, so such an event is a dead letter for it.
    """

    schema: ClassVar[int] = 1


E = TypeVar("E")


class Envelope(Struct, Generic[E], frozen=True):
    """One recorded event.

    id            uuid7; also the `Nats-Msg-Id`, so that a second publish is no second event
    stream        `<aggregate>.<key>`, as in `task.1042`
    version       1, 2, 3 … without a gap within the stream
    actor         who did it: `admin:anna`, `token:erp`, `technician:77` or `service:tasks`
    command_id    the command that it answers; a repeated command has the same
    causation_id  the event that made it happen, where one did
    """

    id: UUID
    stream: str
    version: int
    type: str
    schema: int
    at: datetime
    actor: str
    data: E
    command_id: UUID | None = None
    causation_id: UUID | None = None

    @property
    def aggregate(self) -> str:
        return self.stream.partition(".")[0]

    @property
    def key(self) -> str:
        """What comes after the aggregate: `1042` of `task.1042`."""
        return self.stream.partition(".")[2]

    @property
    def subject(self) -> str:
        return f"events.{self.stream}.{verb(self.type, self.aggregate)}"


def verb(event_type: str, aggregate: str) -> str:
    """`TaskAccepted` of a task is `accepted`; `ClientInfoSent` of a task is `client_info_sent`."""
    words = re.findall(r"[A-Z][a-z0-9]*", event_type)
    prefix = aggregate.replace("_", "").capitalize()
    if words[:1] == [prefix]:
        words = words[1:]
    return "_".join(word.lower() for word in words)


def aggregate_of(event: type[Event]) -> str:
    """Each module of the contract is named for its aggregate."""
    return event.__module__.rpartition(".")[2]


def stream_name(aggregate: str, key: int | str | UUID) -> str:
    return f"{aggregate}.{key}"


def by_admin(login: str) -> str:
    return f"admin:{login}"


def by_token(name: str) -> str:
    """A program that used the API token of this name."""
    return f"token:{name}"


def by_technician(telegram_id: int) -> str:
    return f"technician:{telegram_id}"


def by_service(name: str) -> str:
    return f"service:{name}"
