"""A writer and a reader, as small as services can be, on the real journal, relay, bus and fold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
from msgspec import Struct

from local.servers import Servers
from shared.bus import Bus
from shared.contract import Recorded
from shared.contract.task import TaskAssigned, TaskEvent
from shared.journal import Decider, Journal
from shared.journal.fold import Fold, each
from shared.journal.migrations import migrate
from shared.journal.relay import Relay
from shared.refusal import Refused
from shared.settings import Settings
from tests.people import eventually

HISTORY = """
CREATE TABLE history (
    stream text, version int, technician bigint, times int DEFAULT 1, PRIMARY KEY (stream, version)
)
"""


class Assign(Struct, frozen=True):
    technician: int


def decide(command: Assign, state: tuple[int, ...]) -> list[TaskEvent]:
    if command.technician < 0:
        raise Refused("There is no such technician.")
    if command.technician in state:
        return []
    return [TaskAssigned(command.technician)]


def evolve(state: tuple[int, ...], event: TaskEvent) -> tuple[int, ...]:
    return (*state, event.technician) if isinstance(event, TaskAssigned) else state


TASKS: Decider[Assign, tuple[int, ...], TaskEvent] = Decider("task", (), decide, evolve, TaskEvent)


async def note(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Writes a row for each event; a second write of the same one would show in `times`."""
    assert isinstance(recorded.data, TaskAssigned)
    if recorded.data.technician == 13:
        raise ValueError("thirteen can't be applied")
    await connection.execute(
        "INSERT INTO history (stream, version, technician) VALUES ($1, $2, $3) "
        "ON CONFLICT (stream, version) DO UPDATE SET times = history.times + 1",
        recorded.stream,
        recorded.version,
        recorded.data.technician,
    )


async def nothing(connection: asyncpg.Connection, recorded: Recorded) -> None:
    pass


@dataclass
class Floor:
    """One schema with a journal, its relay and, where asked for, a fold."""

    pool: asyncpg.Pool
    bus: Bus
    journal: Journal
    relay: Relay
    fold: Fold
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def run(self, *workers: Callable[[], Awaitable[None]]) -> None:
        self.running += [asyncio.ensure_future(worker()) for worker in workers]

    async def halt(self) -> None:
        """Ends the workers between two steps, as a stop or a kill would."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

    async def assign(self, key: int, *technicians: int) -> None:
        for technician in technicians:
            await self.journal.handle(TASKS, key, Assign(technician), actor="admin:anna")

    async def history(self) -> list[tuple[str, int, int, int]]:
        rows = await self.pool.fetch("SELECT stream, version, technician, times FROM history ORDER BY 1, 2")
        return [tuple(row) for row in rows]


@asynccontextmanager
async def floor(
    settings: Settings, name: str, apply: Callable[..., Awaitable[None]] = note
) -> AsyncIterator[Floor]:
    async with asyncpg.create_pool(settings.postgres, min_size=1, max_size=8) as pool:
        await migrate(pool, "shared.web")
        await pool.execute(HISTORY)
        bus = Bus(name, settings.nats)
        await bus.start()
        relay = Relay(name, pool, bus)
        made = Floor(
            pool,
            bus,
            Journal(pool, note if name == "tasks" else nothing, relay.wake),
            relay,
            Fold(name, pool, bus, ["task"], each(apply), None),
        )
        try:
            yield made
        finally:
            await made.halt()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(bus.stop(), 5)


@dataclass
class Two:
    """`tasks` writes, `reporting` reads."""

    writer: Floor
    reader: Floor
    servers: Servers

    async def agree(self) -> None:
        """Waits until the reader's rows are the writer's, each written once."""

        async def same() -> bool:
            """the reader's rows to be the writer's"""
            return await self.reader.history() == await self.writer.history()

        await eventually(same)
