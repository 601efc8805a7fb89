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
from pathlib import Path
from statistics import median

import websockets

from local.servers import Servers
from shared.bus import Bus
from shared.contract.task import TaskCreated, TaskDetails
from shared.journal.journal import seal
from tests.bench.bare import bare
from tests.bench.figures import Figure, written
from tests.bench.wire import Ear
from tests.running import five_processes, settings_on

SOCKETS = 1000
FRAME = 250
"""About as many bytes as a notification's frame has."""


async def measure(folder: Path, quick: bool) -> list[Figure]:
    times = 5 if quick else 40
    async with (
        Servers(folder) as servers,
        five_processes({"notifier": settings_on(servers, "notifier")}, log_to=folder) as (
            addresses,
            _,
            token,
            _,
        ),
        bare(servers.nats_url()) as there,
        _listening(addresses["notifier"] + "/ws", token) as ours,
        _listening(there.sockets, token) as raw,
        websockets.connect(there.sockets.replace("http", "ws"), compression=None) as speaker,
    ):
        bus = Bus("bench", servers.nats_url())
        await bus.start()
        for number in range(1, times + 1):
            event = TaskCreated(number, TaskDetails("Boiler makes no hot water"), 7)
            recorded = seal(f"task.{number}", 0, [event], "admin:anna")
            await raw.hear(lambda: speaker.send("x" * FRAME))
            await speaker.recv()
            await ours.hear(lambda: bus.publish_events(recorded))  # noqa: B023 - called before the next turn
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
        self._heard = 0
        self._first = 0.0
        self._all = asyncio.Event()

    def heard(self, _: bytes) -> None:
        if not self._heard:
            self._first = time.perf_counter()
        self._heard += 1
        if self._heard == SOCKETS:
            self._all.set()

    async def hear(self, say: Callable[[], Awaitable[object]]) -> None:
        self._heard = 0
        self._all.clear()
        began = time.perf_counter()
        await say()
        async with asyncio.timeout(30):
            await self._all.wait()
        now = time.perf_counter()
        self.took.append(now - began)
        self.fanned.append(now - self._first)


@asynccontextmanager
async def _listening(address: str, token: str) -> AsyncIterator[Listeners]:
    listeners = Listeners()
    ears = [await Ear.open(address, token, listeners.heard) for _ in range(SOCKETS)]
    yield listeners
    for ear in ears:
        ear.close()
