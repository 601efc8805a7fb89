"""What others hear when a service could not take an event in."""

from typing import TypeAlias
from uuid import UUID

from .event import Event


class EventNotApplied(Event):
    """The event is a dead letter of `service`; later ones of its stream wait behind it."""

    service: str
    event_id: UUID | None  # None where not even the envelope could be read
    event_type: str
    event_stream: str
    event_version: int
    error: str  # the kind of exception; its text may quote private data and stays in the dead letter


FoldEvent: TypeAlias = EventNotApplied
