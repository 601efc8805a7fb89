"""What others hear of a client: a name, and that something changed. Contact data is in no event."""

from typing import TypeAlias

from .event import Event


class ClientAdded(Event):
    name: str


class ClientRenamed(Event):
    name: str


class ClientContactChanged(Event):
    """Which fields changed, never what they hold."""

    fields: tuple[str, ...]


class ClientErased(Event):
    """The data is gone; every service forgets the name."""


ClientEvent: TypeAlias = ClientAdded | ClientRenamed | ClientContactChanged | ClientErased
