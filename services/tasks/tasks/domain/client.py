"""The life of one client, decided without I/O. Contact data passes by here as names of fields only."""

from enum import Enum
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.client import (
    ClientAdded,
    ClientContactChanged,
    ClientErased,
    ClientEvent,
    ClientRenamed,
)
from shared.language import _
from shared.refusal import Refused, Why


class AddClient(Struct, frozen=True):
    name: str


class EditClient(Struct, frozen=True):
    """changed  the contact fields whose content is another one now"""

    name: str
    changed: tuple[str, ...] = ()


class EraseClient(Struct, frozen=True):
    pass


ClientCommand: TypeAlias = AddClient | EditClient | EraseClient


class Life(Enum):
    ABSENT = "absent"
    KNOWN = "known"
    ERASED = "erased"


class Client(Struct, frozen=True):
    life: Life = Life.ABSENT
    name: str = ""


def decide(command: ClientCommand, client: Client) -> list[ClientEvent]:
    match command, client.life:
        case AddClient(name), Life.ABSENT:
            return [ClientAdded(name)]
        case AddClient(), _:
            raise Refused(_("This client is there already."))
        case EraseClient(), Life.ERASED:
            return []
        case _, Life.ABSENT:
            raise Refused(_("There is no such client."), Why.MISSING)
        case _, Life.ERASED:
            raise Refused(_("This client's data was erased. Add the client anew."), Why.MISSING)
        case EditClient(name, changed), _:
            renamed: list[ClientEvent] = [ClientRenamed(name)] if name != client.name else []
            return [*renamed, ClientContactChanged(changed)] if changed else renamed
        case EraseClient(), _:
            return [ClientErased()]
    raise Refused(_("That is not possible with this client."))


def evolve(client: Client, event: ClientEvent) -> Client:
    match event:
        case ClientAdded(name):
            return Client(Life.KNOWN, name)
        case ClientRenamed(name):
            return replace(client, name=name)
        case ClientContactChanged():
            return client
        case ClientErased():
            return Client(Life.ERASED)
        case _:
            assert_never(event)
