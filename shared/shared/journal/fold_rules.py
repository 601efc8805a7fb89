"""What becomes of one event that came from the bus, decided without I/O."""

from enum import Enum, auto
from typing import Literal, TypeAlias

from shared.contract import Recorded
from shared.journal.dead_letters import Dead


class Aside(Enum):
    """The stream's cursor stays where it is."""

    SKIP = auto()  # it was taken in before
    AGAIN = auto()  # it was, and may lie among the dead letters of its stream: kept as it came now
    WAIT = auto()  # the one before it may still come: to be given again later


Fate: TypeAlias = Literal[Aside.SKIP, Aside.AGAIN, Aside.WAIT] | Dead | Recorded
"""Set aside; buried, as this dead letter; or applied. Whatever is not set aside moves its stream's cursor."""


def fate(event: Recorded | Dead, body: bytes, seen: int, *, blocked: bool, lost: bool) -> Fate:
    """Read top to bottom.

    seen     version of its stream's last event that was taken in
    blocked  that stream has a dead letter already
    lost     whatever is missing before it has been waited for long enough
    """
    gap = event.version > seen + 1
    if event.version <= seen:
        return Aside.AGAIN if blocked else Aside.SKIP
    if gap and not lost:
        return Aside.WAIT
    if blocked:
        return Dead.of(event, body)
    if isinstance(event, Dead):
        return event
    if gap:
        return Dead.of(event, body, f"version {seen + 1} of this stream never came")
    return event
