"""The moment that new events carry, and their ids, which are sorted by it.

One for the whole process, as the system's clock is. A composition that lives through days that are over
puts its own in place before it starts the services (`running_on`). What is decided by the time of what
happened, such as the day an invoice is due, asks here too.

Pace, leases, retries, sessions and all else that waits for real seconds stays on the system's time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from uuid_utils.compat import uuid7


class Clock(Protocol):
    def now(self) -> datetime:
        """With its zone, and never before what it told last."""

    def new_id(self) -> UUID:
        """A uuid7 of this moment, above all that were made before."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return uuid7()


_clock: Clock = SystemClock()


def now() -> datetime:
    return _clock.now()


def new_id() -> UUID:
    return _clock.new_id()


@contextmanager
def running_on(clock: Clock) -> Iterator[None]:
    """Until the end of the block, whatever happens in this process happens by `clock`."""
    global _clock  # noqa: PLW0603 - one clock for the process is what this module is for
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before
