"""What becomes of one event that came from the bus, decided without I/O."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Literal, TypeAlias

from shared.contract import Recorded
from shared.journal.dead_letters import NEVER_CAME, Dead
from shared.journal.envelopes import Unreadable, read


class Aside(Enum):
    """The stream's cursor stays where it is."""

    SKIP = auto()  # it was taken in before
    AGAIN = auto()  # it was, and may lie among the dead letters of its stream: kept as it came now
    WAIT = auto()  # the one before it may still come: to be given again later


Fate: TypeAlias = Literal[Aside.SKIP, Aside.AGAIN, Aside.WAIT] | Dead | Recorded
"""Set aside; buried, as this dead letter; or applied. Whatever is not set aside moves its stream's cursor."""


def received(body: bytes, subject: str, headers: Mapping[str, str], sequence: int) -> Recorded | Dead:
    """The event of a message; or the letter that it becomes once its turn has come.

    A letter lies in its event's own stream only where the envelope may be believed, so that later events wait behind
    it; else under the subject that it came from, with its place on the bus, where nothing waits and no cursor is moved.
    """
    try:
        return read(body, subject, headers)
    except Unreadable as error:
        if (sealed := error.sealed) is None:
            return Dead.unreadable(body, subject, sequence, str(error))
        return Dead.of(sealed, body, str(error))


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
        return Dead.of(event, body, f"version {seen + 1} {NEVER_CAME}")
    return event
