"""The live feed: every open dashboard gets every notification once, in order, and what it missed first.

Where a socket stands is a position in the order of arrival. It is first brought up to where the hub
stands, and in the same step of the event loop joins it; so there is no gap and nothing comes twice.
"""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import litestar
import msgspec
import structlog
from litestar import asgi
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace
from prometheus_client import Counter, Gauge

from notifier import views
from notifier.feed import Frame
from shared.asyncapi import IN_USE, Word
from shared.bus import Bus
from shared.contract import Recorded
from shared.language import _, speaking, spoken
from shared.numbers import BIGGEST
from shared.refusal import Refused
from shared.web import SessionBook, identity
from shared.web.sessions import FAULTS

log = structlog.get_logger()

ARRIVED = "notifications.arrived"
"""The subject that wakes the hubs of all replicas after a commit."""

_WOKEN = Word(
    ARRIVED,
    "NotificationsArrived",
    "send",
    "Rows were committed: every replica's hub looks.",
    {"type": "string", "maxLength": 0},
    content_type="text/plain",
)
WORDS = (
    Word(
        "/ws",
        "Notification",
        "send",
        "One frame for each notification, to every open dashboard. `?after=` takes the id of the last one known.",
        Frame,
        server="web",
    ),
    _WOKEN,
    replace(_WOKEN, action="receive"),
    replace(IN_USE, action="receive"),
)
"""What the notifier says and hears besides events."""

BATCH = 500
BACKLOG = 1000  # frames that a socket may be behind before it is dropped; it reconnects and catches up
PATIENCE = 10.0  # seconds that one frame may take
SAFETY = 5.0  # seconds until the hub looks without being woken: a wake-up on the bus can be lost
TICK = 0.1  # seconds, at least, between two words that something changed
MOST_MISSED = 100  # notifications that a live socket gets after a break; of the others it hears how many
CHECK = 0.25  # seconds between two looks at whether the sockets' sessions are live

NORMAL, ENDED, SLOW = 1000, 4401, 1013

SOCKETS = Gauge("callout_sockets", "Open dashboards")
DROPPED = Counter("callout_sockets_dropped_total", "Sockets that were too slow")


class Socket:
    """One open dashboard.

    key       of its session
    live      it wants to hear of every change, and when it has all that it missed
    language  that its sentences are in
    since     when the frame that is under way began
    """

    def __init__(self, key: str, live: bool, send: Send) -> None:
        self.key = key
        self.live = live
        self.language = spoken()
        self.frames: asyncio.Queue[tuple[int, Any]] = asyncio.Queue(BACKLOG)
        self.since = 0.0
        self._send = send
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def deliver(self, frame: Any) -> None:
        # A timeout for each frame would cost more than the frame; `look_after` sees who waits too long.
        self.since = monotonic()
        await self._send(frame)
        self.since = 0.0

    def end(self, code: int) -> None:
        if not self.ending.done():
            self.ending.set_result(code)


class Hub:
    """All sockets of this replica."""

    def __init__(self, pool: asyncpg.Pool, bus: Bus, sessions: SessionBook) -> None:
        self._pool = pool
        self._bus = bus
        self._sessions = sessions
        self._open: set[Socket] = set()
        self._joined: set[Socket] = set()
        self._position: int | None = None
        self._news = asyncio.Event()
        self._moved = asyncio.Event()

    async def announce(self, _committed: list[Recorded]) -> None:
        """After a fold: wakes this hub and those of the other replicas."""
        self._wake()
        with suppress(*FAULTS, RuntimeError):  # the others look by themselves soon
            await self._bus.publish(ARRIVED)

    async def listen(self) -> None:
        """For ever: hears of commits on other replicas."""

        async def heard(_body: bytes) -> None:
            self._wake()

        await self._bus.listen(ARRIVED, heard)
        await asyncio.Event().wait()

    def _wake(self) -> None:
        self._news.set()
        self._moved.set()

    async def run(self) -> None:
        """For ever: sends what arrives to every socket."""
        if self._position is None:
            self._position = await views.last_position(self._pool)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAFETY):
                    await self._news.wait()
            self._news.clear()
            while arrived := await views.arrived_after(self._pool, self._position, BATCH):
                for each in arrived:
                    self._send_all(each)
                    self._position = each.position
                    await asyncio.sleep(0)  # the sockets' turn

    async def tell_changes(self) -> None:
        """For ever: tells live sockets that something changed, also what makes no notification."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            for socket in self._joined:
                # Where frames wait to go out, they are told of a change anyway.
                if socket.live and socket.frames.empty():
                    socket.frames.put_nowait((BIGGEST, CHANGED))
            await asyncio.sleep(TICK)

    async def look_after(self) -> None:
        """For ever: closes the sockets of sessions that ended, and those that are too slow."""
        while True:
            await asyncio.sleep(CHECK)
            for socket in self._open:
                if self._sessions.get(socket.key) is None:
                    socket.end(ENDED)
                elif socket.since and monotonic() - socket.since > PATIENCE:
                    self._drop(socket)

    def _send_all(self, arrived: views.Arrived) -> None:
        frames: dict[str, Any] = {}  # made once for all sockets of a language
        for socket in self._joined:
            frame = frames.get(socket.language)
            if frame is None:
                frame = frames[socket.language] = encoded(arrived, socket.language)
            try:
                socket.frames.put_nowait((arrived.position, frame))
            except asyncio.QueueFull:
                self._drop(socket)

    @staticmethod
    def _drop(socket: Socket) -> None:
        if not socket.ending.done():
            DROPPED.inc()
            socket.end(SLOW)

    async def serve(
        self, key: str, after: UUID | None, receive: Receive, send: Send, *, live: bool = False
    ) -> None:
        """One socket, from its acceptance to its end."""
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        socket = Socket(key, live, send)
        feed = asyncio.create_task(self._feed(socket, after))
        gone = asyncio.create_task(_until_gone(receive, send))
        self._open.add(socket)
        SOCKETS.inc()
        try:
            await asyncio.wait((feed, gone, socket.ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            SOCKETS.dec()
            self._open.discard(socket)
            self._joined.discard(socket)
            feed.cancel()
            gone.cancel()
            failed, _gone = await asyncio.gather(feed, gone, return_exceptions=True)
        if isinstance(failed, Exception):
            log.info("socket closed", error=f"{type(failed).__name__}: {failed}")
        code = socket.ending.result() if socket.ending.done() else NORMAL
        socket.ending.cancel()
        with suppress(Exception):  # it may be gone already
            async with asyncio.timeout(1):
                await send({"type": "websocket.close", "code": code, "reason": ""})

    async def _feed(self, socket: Socket, after: UUID | None) -> None:
        at = await views.position_of(self._pool, after) if after else None
        missed, last = 0, None
        if socket.live and at is not None and self._position is not None:
            missed, at = await views.missed(self._pool, at, self._position, MOST_MISSED)
        while (reached := self._position) is None or at is None or at < reached:
            if reached is None:  # this replica has just started
                await asyncio.sleep(0.02)
                continue
            if at is None:
                at = reached
                if socket.live:
                    last = await views.last_upto(self._pool, reached)
                continue
            arrived = await views.arrived_after(self._pool, at, BATCH)
            for each in arrived:
                if each.position <= reached:
                    await socket.deliver(encoded(each, socket.language))
            at = min(arrived[-1].position, reached) if len(arrived) == BATCH else reached
        # No await between the comparison above and this.
        self._joined.add(socket)
        if socket.live:
            await socket.deliver(message({"kind": "live", "missed": missed, "last": last}))
        while True:
            position, frame = await socket.frames.get()
            if position > at:  # another replica may have been ahead of this one
                await socket.deliver(frame)


def encoded(arrived: views.Arrived, language: str) -> Any:
    with speaking(language):
        return message(arrived.frame)


def message(said: Any) -> Any:
    """The ASGI message of one frame."""
    return {"type": "websocket.send", "text": msgspec.json.encode(said).decode(), "bytes": None}


CHANGED = message({"kind": "changed"})
PONG = message({"kind": "pong"})


async def _until_gone(receive: Receive, send: Send) -> None:
    """Returns when the other side leaves. All that it may say is `ping`, to hear that this side is there."""
    while (heard := await receive())["type"] != "websocket.disconnect":
        if heard.get("text") == "ping":
            await send(PONG)


def routes(hub: Hub) -> list[Any]:
    @asgi("/ws", copy_scope=False)
    async def feed(scope: Scope, receive: Receive, send: Send) -> None:
        """`/ws?after=<id of the last notification>`; without it only what comes from now on.

        With `live=1`, as the dashboard asks, there are also `{"kind": "live", "missed": 7, "last": null}` once
        everything is made up for, of which at most the newest hundred are sent, and `{"kind": "changed"}` whenever
        anything changed. Whoever named no notification hears in `last` which one to name after a break.
        """
        if scope["type"] != "websocket":  # type: ignore[comparison-overlap]
            raise Refused(_("This address is for WebSockets."))
        connection: litestar.WebSocket[Any, Any, Any] = litestar.WebSocket(scope, receive, send)
        await receive()  # websocket.connect
        asked = connection.query_params
        await hub.serve(
            identity(connection).key, _after(asked.get("after")), receive, send, live="live" in asked
        )

    return [feed]


def _after(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        return None
