"""What log, metrics and spans say of a command is true: of one that joined a transaction, only once that has ended."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from shared import tracing
from shared.journal import Journal, Outcome
from shared.journal.database import DATABASE_AWAY, part, transaction
from shared.refusal import Refused
from shared.tracing import Span
from tests.conftest import SettingsFor
from tests.people import eventually
from tests.shared.floor import TASKS, Assign, Floor, floor, nothing


@dataclass
class Told:
    """What was said so far; streams stand in the order in which they were told of."""

    lines: CapturingLogger = field(default_factory=CapturingLogger)
    ended: list[Span] = field(default_factory=list)
    woken: int = 0

    @property
    def logged(self) -> list[tuple[str, str]]:
        return [(call.kwargs["stream"], call.kwargs["outcome"]) for call in self.lines.calls]

    @property
    def spans(self) -> list[tuple[Any, Any]]:
        return [(span.attributes["stream"], span.attributes["outcome"]) for span in self.ended]

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
async def tasks(settings_for: SettingsFor) -> AsyncIterator[Floor]:
    async with floor(settings_for("tasks"), "tasks") as made:
        yield made


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    everything = Told()
    logger = structlog.wrap_logger(everything.lines, processors=[], wrapper_class=structlog.BoundLogger)
    monkeypatch.setattr("shared.journal.told.log", logger)
    tracing.export(lambda span, _: everything.ended.append(span))
    yield everything
    tracing.export(None)


@pytest.fixture
def journal(tasks: Floor, told: Told) -> Journal:
    return Journal(tasks.pool, nothing, told.wake)


def counted(outcome: str) -> float:
    labels = {"command": "Assign", "outcome": outcome}
    return REGISTRY.get_sample_value("callout_commands_total", labels) or 0


async def test_a_joined_command_is_done_once_all_is_committed(journal: Journal, told: Told) -> None:
    """Until then nothing is said of it, and nobody is sent to publish it."""
    before = counted("done")
    said: list[Any] = []

    async def within(connection: asyncpg.Connection, _: Outcome) -> None:
        await journal.handle(TASKS, 2, Assign(8), actor="admin:anna", connection=connection)
        said.append((told.logged, told.spans, counted("done"), told.woken))

    await journal.handle(TASKS, 1, Assign(7), actor="admin:anna", within=within)
    assert said == [([], [], before, 0)]
    assert told.logged == told.spans == [("task.2", "done"), ("task.1", "done")]
    assert counted("done") == before + 2
    assert told.woken == 2
    inner, outer = told.ended
    assert inner.after == outer.trace


async def test_a_joined_command_is_not_done_where_all_is_rolled_back(tasks: Floor, told: Told) -> None:
    """It went well, but what it was a part of did not."""
    before = counted("done"), counted("undone")

    async def within(connection: asyncpg.Connection, _: Outcome) -> None:
        await tasks.journal.handle(TASKS, 2, Assign(8), actor="admin:anna", connection=connection)
        raise Refused("There is no such client.")

    with pytest.raises(Refused):
        await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", within=within)
    assert told.logged == told.spans == [("task.2", "undone"), ("task.1", "not_now")]
    assert (counted("done"), counted("undone")) == (before[0], before[1] + 1)
    assert "events" not in told.ended[0].attributes
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_a_part_that_is_rolled_back_takes_its_commands_with_it(
    tasks: Floor, journal: Journal, told: Told
) -> None:
    """And no others: as where a fold finds the one event that it can't apply."""
    async with transaction(tasks.pool) as connection:
        await journal.handle(TASKS, 1, Assign(7), actor="admin:anna", connection=connection)
        with suppress(ValueError):
            async with part(connection):
                await journal.handle(TASKS, 2, Assign(8), actor="admin:anna", connection=connection)
                raise ValueError("poison")
    assert told.logged == [("task.2", "undone"), ("task.1", "done")]
    assert told.woken == 1


async def test_a_fold_tells_of_its_commands_once_the_batch_is_committed(
    settings_for: SettingsFor, tasks: Floor, told: Told
) -> None:
    """One event of the batch is poison, and what it had done before it broke is not done."""
    told_within: list[Any] = []

    async def react(connection: asyncpg.Connection, recorded: Any) -> None:
        technician = recorded.data.technician
        await reader.journal.handle(
            TASKS, f"of-{technician}", Assign(technician), actor="service:reporting", connection=connection
        )
        told_within.extend(line for line in told.logged if line == (f"task.of-{technician}", "done"))
        if technician == 66:
            raise ValueError("poison")

    async with floor(settings_for("reporting"), "reporting", react) as reader:
        await tasks.assign(1, 7)
        await tasks.assign(2, 66)
        await tasks.assign(3, 8)
        tasks.run(tasks.relay.run)
        reader.run(reader.fold.run)

        async def dead() -> bool:
            return {("task.of-7", "done"), ("task.of-8", "done")} <= set(told.logged) and bool(
                await reader.pool.fetchval("SELECT count(*) FROM dead_letters")
            )

        await eventually(dead)
    assert ("task.of-66", "undone") in told.logged
    assert ("task.of-66", "done") not in told.logged
    assert not told_within


async def test_a_database_that_is_away_is_no_fault_of_the_command(tasks: Floor, told: Told) -> None:
    """Its connection is ended in the middle; an outcome of its own keeps the alert on faults quiet."""
    before = counted("failed"), counted("away")

    async def within(connection: asyncpg.Connection, _: Outcome) -> None:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DATABASE_AWAY):
        await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", within=within)
    assert told.logged == told.spans == [("task.1", "away")]
    assert (counted("failed"), counted("away")) == (before[0], before[1] + 1)


async def test_a_fault_of_ours_is_one(tasks: Floor, told: Told) -> None:
    """What no retry mends."""
    with pytest.raises(ValueError, match="thirteen"):
        await tasks.journal.handle(TASKS, 1, Assign(13), actor="admin:anna")
    assert told.logged == [("task.1", "failed")]


async def test_a_wrong_use_of_the_database_is_a_fault_of_ours(tasks: Floor, told: Told) -> None:
    """asyncpg tells it by the same class as a connection that is lost."""

    async def within(connection: asyncpg.Connection, _: Outcome) -> None:
        await connection.fetchval("SELECT $1::int + $2::int", 1)

    with pytest.raises(asyncpg.InterfaceError):
        await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", within=within)
    assert told.logged == [("task.1", "failed")]
