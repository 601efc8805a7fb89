"""What a message holds: written with its claim, before the call to Telegram, and read when it is to be changed or
taken back."""

from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from shared.contract.task import Priority, TaskDetails


class Shown(Struct, frozen=True):
    """A task as a message shows it; of the description only a digest, to tell whether it is another one."""

    title: str
    area: str
    priority: Priority
    scheduled_at: datetime | None
    description: str


class Record(Struct, frozen=True):
    """client          whose data it holds; None: nobody's
    client_version  of that client's stream
    task_version    of the task's stream
    """

    shown: Shown
    task_version: int
    client: int | None = None
    client_version: int | None = None


class Change(Struct, frozen=True):
    """Why a technician is told of a change: the payload of a note, which holds nothing of a client.

    before     the task as it was, for a chat whose messages were sent by a version that recorded nothing
    exchanged  another client; fields: the client's data that changed, at `version` of the client's stream
    """

    before: Shown | None = None
    exchanged: bool = False
    fields: tuple[str, ...] = ()
    version: int = 0


def shown(details: TaskDetails) -> Shown:
    digest = sha256(details.description.encode()).hexdigest()[:16]
    return Shown(details.title, details.area, details.priority, details.scheduled_at, digest)


SHOWN: msgspec.json.Decoder[Shown] = msgspec.json.Decoder(Shown)
CHANGE: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)
