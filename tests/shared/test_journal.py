"""The journal: a command has its effect once, whole, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from uuid import uuid4

import asyncpg
import pytest

from shared.journal import Outcome
from shared.refusal import Refused, Why
from tests.conftest import SettingsFor
from tests.shared.floor import TASKS, Assign, Floor, floor


@pytest.fixture
async def tasks(settings_for: SettingsFor) -> AsyncIterator[Floor]:
    async with floor(settings_for("tasks"), "tasks") as made:
        yield made


async def test_an_accepted_command_is_in_the_journal_the_outbox_and_the_tables(tasks: Floor) -> None:
    """All three are written in one transaction, so a page reads its own writes."""
    outcome = await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna")
    assert (outcome.stream, outcome.version) == ("task.1", 1)
    assert await tasks.history() == [("task.1", 1, 7, 1)]
    assert await tasks.pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_refused_command_changes_nothing(tasks: Floor) -> None:
    """No event, no row, no remembered command."""
    with pytest.raises(Refused, match="no such technician"):
        await tasks.journal.handle(TASKS, 1, Assign(-1), actor="admin:anna", command_id=uuid4())
    for table in ("events", "outbox", "commands", "history"):
        assert await tasks.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_projection_that_fails_leaves_no_event(tasks: Floor) -> None:
    """The rows and the events stand or fall together."""
    with pytest.raises(ValueError, match="thirteen"):
        await tasks.journal.handle(TASKS, 1, Assign(13), actor="admin:anna")
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_the_same_command_id_twice_gives_one_event_and_the_same_answer(tasks: Floor) -> None:
    """A retry after a lost answer is told what the first try did."""
    command = uuid4()
    first = await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
    again = await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
    assert (again.events, again.version, again.repeated) == (first.events, 1, True)
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 1


async def test_the_same_command_id_at_the_same_moment_gives_one_event(tasks: Floor) -> None:
    """Twenty copies race; one is carried out, nineteen hear its answer."""
    command = uuid4()
    outcomes = await asyncio.gather(
        *(
            tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
            for _ in range(20)
        )
    )
    assert sorted(outcome.repeated for outcome in outcomes) == [False] + [True] * 19
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 1


async def test_a_command_without_events_is_remembered_too(tasks: Floor) -> None:
    """Its repeat gets the first answer, even when the rule would say something else by then."""
    await tasks.assign(1, 7)
    command = uuid4()
    first = await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
    again = await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
    assert first.events == again.events == ()
    assert again.repeated


async def test_a_command_id_used_for_something_else_is_refused(tasks: Floor) -> None:
    """It is a mistake of the caller, and must not look like success."""
    command = uuid4()
    await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)
    with pytest.raises(Refused, match="idempotency key") as refused:
        await tasks.journal.handle(TASKS, 1, Assign(8), actor="admin:anna", command_id=command)
    assert refused.value.why is Why.INVALID


async def test_a_request_that_draws_its_key_has_one_effect(tasks: Floor) -> None:
    """Eight copies at once draw eight keys; one is used, all hear of it, and so does who comes later."""
    command, keys, drawn = uuid4(), count(1), asyncio.Barrier(8)

    async def make() -> Outcome:
        key = next(keys)
        await drawn.wait()
        return await tasks.journal.handle(TASKS, key, Assign(key), actor="admin:anna", command_id=command)

    made = await asyncio.gather(*(tasks.journal.once(command, lambda _: True, make) for _ in range(8)))
    later = await tasks.journal.once(command, lambda _: True, make)
    assert {outcome.key for outcome in made} == {later.key}
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 1
    assert next(keys) == 9


async def test_a_request_of_another_content_is_refused_and_nothing_is_drawn_for_it(tasks: Floor) -> None:
    """What it has in common with the first is the idempotency key alone."""
    command = uuid4()
    await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", command_id=command)

    async def make() -> Outcome:
        raise AssertionError

    with pytest.raises(Refused, match="idempotency key") as refused:
        await tasks.journal.once(command, lambda first: first.key == "2", make)
    assert refused.value.why is Why.INVALID


async def test_a_version_conflict_is_decided_again(tasks: Floor) -> None:
    """Eight commands on one stream at once: each has its event, numbered without a gap."""
    await asyncio.gather(*(tasks.assign(1, technician) for technician in range(20, 28)))
    versions = await tasks.pool.fetch("SELECT version FROM events WHERE stream = 'task.1' ORDER BY position")
    assert [row["version"] for row in versions] == list(range(1, 9))


async def test_an_admin_who_saw_an_older_version_is_refused(tasks: Floor) -> None:
    """Two admins on one task: the second one has to look again."""
    await tasks.assign(1, 7)
    await tasks.journal.handle(TASKS, 1, Assign(8), actor="admin:anna", expected=1)
    with pytest.raises(Refused, match="changed this meanwhile") as refused:
        await tasks.journal.handle(TASKS, 1, Assign(9), actor="admin:ben", expected=1)
    assert refused.value.why is Why.NOT_NOW


async def test_what_is_written_beside_the_events_stands_or_falls_with_them(tasks: Floor) -> None:
    """A client's data is written in the transaction of its event."""

    async def fails(connection: asyncpg.Connection, outcome: Outcome) -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await tasks.journal.handle(TASKS, 1, Assign(7), actor="admin:anna", within=fails)
    assert await tasks.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_the_journal_can_not_be_rewritten(tasks: Floor) -> None:
    """Not even by the service itself."""
    await tasks.assign(1, 7)
    for statement in ("UPDATE events SET actor = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tasks.pool.execute(statement)
