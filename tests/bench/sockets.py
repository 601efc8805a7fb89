"""One notification to 1,000 sockets.

Ours is the time from an event's publishing on JetStream until the last of 1,000 dashboards has
its frame, at one `notifier` process: so the pull, the fold and its commit, and the hub are in it.
The floor is the time from one socket's word until a bare `websockets` server, in a process of its
own too, has broadcast it to 1,000. Both have the same listeners, which do no more than read.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from statistics import median

import websockets

from shared.bus import Bus
from shared.contract.task import TaskCreated, TaskDetails
from shared.journal.journal import seal
from tests.bench.bare import bare
from tests.bench.figures import Figure, written
from tests.bench.stage import Stage
from tests.bench.wire import Ear
from tests.people import PATIENCE

SOCKETS = 1000
FRAME = 250
"""About as many bytes as a notification's frame has."""


async def measure(stage: Stage, quick: bool) -> list[Figure]:
    times = 5 if quick else 40
    await stage.leave("notifier", "tasks")  # which hears nothing of this, where it runs at all
    url = stage.servers.nats_url()
    async with (
        bare(url) as there,
        _listening(stage.addresses["notifier"] + "/ws", stage.token) as ours,
        _listening(there.sockets, stage.token) as raw,
        websockets.connect(there.sockets.replace("http", "ws"), compression=None) as speaker,
    ):
        bus = Bus("bench", url)
        await bus.start()
        for number in range(1, times + 1):
            link = f'"/tasks/{number}"'
            event = TaskCreated(number, TaskDetails("Boiler makes no hot water"), 7)
            recorded = seal(f"task.{number}", 0, [event], "admin:anna")
            await raw.hear(link, lambda: speaker.send(link.ljust(FRAME)))  # noqa: B023 - called before the next turn
            await speaker.recv()
            await ours.hear(link, lambda: bus.publish_events(recorded))  # noqa: B023 - likewise
        await bus.stop()
    return [
        Figure(
            what=f"one notification to {SOCKETS:,} sockets",
            ours=1000 * median(ours.took),
            unit="ms",
            against="a bare websockets broadcast",
            floor=1000 * median(raw.took),
            goal=2,
            notes=f"medians of {times}; from the first frame to the last {written(1000 * median(ours.fanned))} "
            f"and {written(1000 * median(raw.fanned))} ms; slowest {written(1000 * max(ours.took))} "
            f"and {written(1000 * max(raw.took))} ms",
        )
    ]


class Listeners:
    """All sockets of one server, and how long they waited: for the last frame, and after the first one."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.fanned: list[float] = []
        self._wanted = b""
        self._heard: set[int] = set()
        self._first = 0.0
        self._all = asyncio.Event()

    def heard(self, socket: int, frame: bytes) -> None:
        if self._wanted not in frame:
            return
        if not self._heard:
            self._first = time.perf_counter()
        self._heard.add(socket)
        if len(self._heard) == SOCKETS:
            self._all.set()

    async def hear(self, wanted: str, say: Callable[[], Awaitable[object]]) -> None:
        """wanted  what stands in the frame that is waited for, and in none that came before"""
        self._wanted = wanted.encode()
        self._heard.clear()
        self._all.clear()
        began = time.perf_counter()
        await say()
        async with asyncio.timeout(PATIENCE):
            await self._all.wait()
        now = time.perf_counter()
        self.took.append(now - began)
        self.fanned.append(now - self._first)


@asynccontextmanager
async def _listening(address: str, token: str) -> AsyncIterator[Listeners]:
    listeners = Listeners()
    ears = [await Ear.open(address, token, partial(listeners.heard, each)) for each in range(SOCKETS)]
    yield listeners
    for ear in ears:
        ear.close()
