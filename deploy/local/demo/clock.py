"""The clock of a story: moved forward from step to step, and going on by itself in between."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

import uuid_utils

MILLISECOND = 1_000_000  # nanoseconds


class StoryClock:
    """A `shared.clock.Clock`. It is never ahead of the system's, and never goes back."""

    def __init__(self, begins: datetime) -> None:
        self._shown = begins
        self._set = monotonic()
        self._last_id = 0

    def move(self, to: datetime) -> None:
        """Nothing where it is that late already."""
        self._shown, self._set = max(to, self.now()), monotonic()

    def now(self) -> datetime:
        going_on = self._shown + timedelta(seconds=monotonic() - self._set)
        return min(going_on, datetime.now(UTC)).astimezone(UTC)

    def seconds(self) -> float:
        """As `time.time` tells it."""
        return self.now().timestamp()

    def new_id(self) -> UUID:
        """A millisecond apart at least: ids of one millisecond are in no order but the system clock's."""
        moment = int(self.now().timestamp() * 1000) * MILLISECOND
        self._last_id = max(moment, self._last_id + MILLISECOND)
        return UUID(bytes=uuid_utils.uuid7(nanoseconds=self._last_id).bytes)
