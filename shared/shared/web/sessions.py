"""Who may ask: every session and API token, copied from the bus into memory.

The notifier writes `{admin, role, expires}` under the SHA-256 of each secret into the key-value
bucket `sessions`; here each service watches it. A check costs no round trip, and what is in
memory stays good while NATS or the notifier is down.
"""

import asyncio
import hashlib
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any, Protocol

import msgspec
import structlog
from msgspec import Struct
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from shared.contract.admin import Role
from shared.language import _
from shared.refusal import Refused, Why
from shared.web.session_hints import began, marker

log = structlog.get_logger()

BUCKET = "sessions"
FILLED = "filled"
"""The key that the notifier writes last, once the bucket holds every session again."""
USED = "sessions.used"
"""The subject that tells the notifier, by hash, that a session is in use (at most every `TELL_AFTER`); of an API token
with the service through which it is, behind a space."""
ENDED_SENTENCE = "Please log in."

LOOK = 1.0  # seconds between two looks at whether the bucket is still the one that is watched
EARLY = 0.1  # the same, until it was complete once
SHUT = 30.0  # seconds without an answer after which the watch is begun anew
NEW_SESSION = 0.5  # seconds that a fresh session may take to arrive here, where nobody says how long
ARRIVAL = 10.0  # the same, for a session that is known to be on its way
SLACK = (
    15.0  # seconds by which clocks may differ, and that a login may take from its first step to the bucket
)
MOST_ENDED = 10_000  # ended sessions that are remembered
TELL_AFTER = 300.0

FAULTS = (NatsError, JetStreamError, OSError, asyncio.TimeoutError)


class Session(Struct, frozen=True):
    """One entry of the bucket. `expires` is None for an API token that ends only when it is revoked."""

    admin: str
    name: str
    role: Role
    expires: datetime | None = None
    token: bool = False

    def live(self) -> bool:
        return self.expires is None or self.expires > datetime.now(UTC)


class Bus(Protocol):
    """The part of `shared.bus.Bus` that is needed here."""

    @property
    def js(self) -> JetStreamContext: ...

    def publish(self, subject: str, body: bytes) -> Awaitable[None]: ...


_SESSION = msgspec.json.Decoder(Session)


def digest(secret: str) -> str:
    """The key of a secret; the secret itself is kept nowhere. Secrets are random, so no salt is needed."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class SessionBook:
    """The copy in memory. Run `run` for as long as the service lives; ask with `find`."""

    def __init__(self, bus: Bus, service: str) -> None:
        self._bus = bus
        self._service = service
        self._entries: dict[str, Session] = {}
        self._ended: dict[str, None] = {}
        self._filled = False
        self._watching = False
        self._hint_key = ""
        self._current = 0.0  # the moment as of which all that the bucket held was known here
        self._changed = asyncio.Event()
        self._told: dict[str, float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def filled(self) -> bool:
        """True once the bucket was complete at least once."""
        return self._filled

    def get(self, key: str) -> Session | None:
        """The live session under this hash, as far as it is known here."""
        session = self._entries.get(key)
        return session if session is not None and session.live() else None

    async def of(self, secret: str, *, waits: bool = True) -> Session | None:
        """The live session of this secret. One that nobody knows is refused at once; only where it may still be on its
        way here it is waited for, and if it does not come then, whoever asks shall try again. waits: False for what
        everybody may see, so that nothing is kept back by a cookie"""
        key = digest(secret)
        patience = self._patience(key, secret) if waits else 0.0
        if not patience:
            return self._in_use(key)
        session = await self.find(key, patience)
        if session is None and self._may_come(key, secret):
            raise Refused(
                _("This part of Callout has not heard of your login yet. Please try again in a moment."),
                Why.UNAVAILABLE,
            )
        return session

    def _patience(self, key: str, secret: str) -> float:
        """Seconds. Long only for a secret that shows it is on its way; the bucket of a version before signs none."""
        if self._filled and not self._hint_key:
            return NEW_SESSION
        if not self._may_come(key, secret):
            return 0.0
        return ARRIVAL if self._filled else NEW_SESSION

    def _may_come(self, key: str, secret: str) -> bool:
        if key in self._entries or key in self._ended:
            return False
        if not self._filled:
            return self._watching
        begun = began(secret, self._hint_key)
        return begun is not None and begun > self._current - SLACK

    def _in_use(self, key: str) -> Session | None:
        session = self.get(key)
        if session is not None:
            self._tell(key, f"{key} {self._service}" if session.token else key)
        return session

    async def find(self, key: str, patience: float | None = None) -> Session | None:
        """As `get`, but gives a session that began a moment ago the time to arrive; notes that it is in use."""
        until = monotonic() + (NEW_SESSION if patience is None else patience)
        while (
            self.get(key) is None
            and key not in self._entries
            and key not in self._ended
            and (left := until - monotonic()) > 0
        ):
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
        return self._in_use(key)

    async def run(self) -> None:
        """Watches the bucket for ever, and whatever bucket takes its place."""
        self._watching = True
        while True:
            try:
                await self._watch()
            except FAULTS as error:
                # No bus or no bucket yet: what is known here stays good.
                log.debug("sessions not watched", error=str(error) or type(error).__name__)
            await asyncio.sleep(LOOK if self._filled else EARLY)

    async def _watch(self) -> None:
        """Reads one bucket from its start; returns when it is gone, replaced, or no longer heard.

        A new map takes the place of the old only when the marker is in it, so that a bucket
        which is still being filled logs nobody out.
        """
        bucket = await self._bus.js.key_value(BUCKET)
        made = await self._state()
        watcher = await bucket.watchall()
        entries: dict[str, Session] = {}
        read = behind = 0
        looked = answered = monotonic()
        try:
            while True:
                # Not `watcher.updates`: before Python 3.12 its `wait_for` can swallow a cancellation.
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        entry: KeyValue.Entry | None = await anext(watcher)
                    if entry is not None:
                        read = max(read, entry.revision or 0)
                        if self._take(entries, entry):
                            self._entries, self._filled = entries, True
                        self._wake()
                if monotonic() - looked < LOOK:
                    continue
                looked = monotonic()
                asked = time()
                try:
                    created, last = await self._state()
                except FAULTS:
                    if monotonic() - answered > SHUT:
                        return
                    continue
                answered = monotonic()
                # Twice behind what the bucket holds, with a look in between: the subscription is dead.
                behind = behind + 1 if last > read else 0
                if not behind and created == made[0] and self._entries is entries:
                    self._current = asked
                if created != made[0] or behind > 1:
                    log.info("sessions read again", replaced=created != made[0])
                    return
        finally:
            with suppress(Exception):  # the connection may be what broke
                await watcher.stop()  # type: ignore[no-untyped-call]

    async def _state(self) -> tuple[Any, int]:
        info = await self._bus.js.stream_info(f"KV_{BUCKET}")
        return info.created, info.state.last_seq if info.state.messages else 0

    def _take(self, entries: dict[str, Session], entry: KeyValue.Entry) -> bool:
        """Takes one change in; True for the marker."""
        if entry.operation in (KV_DEL, KV_PURGE):
            entries.pop(entry.key, None)
            self._ended[entry.key] = None
            if len(self._ended) > MOST_ENDED:
                del self._ended[next(iter(self._ended))]
        elif entry.key == FILLED:
            self._hint_key = marker(entry.value).key
            return True
        else:
            self._ended.pop(entry.key, None)
            try:
                entries[entry.key] = _SESSION.decode(entry.value or b"")
            except msgspec.DecodeError:
                log.warning("session not understood", key=entry.key)
        return False

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _tell(self, key: str, told: str) -> None:
        now = monotonic()
        if now - self._told.get(key, -TELL_AFTER) < TELL_AFTER:
            return
        if len(self._told) > 10_000:
            self._told = {known: at for known, at in self._told.items() if now - at < TELL_AFTER}
        self._told[key] = now

        async def tell() -> None:
            with suppress(*FAULTS, RuntimeError):  # no bus: told at the next use
                await self._bus.publish(USED, told.encode())

        task = asyncio.create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
