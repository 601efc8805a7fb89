"""A refusal that rests on another service's events is given once all of them are known to be here, and not before."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from shared.journal.freshness import Freshness, router
from shared.refusal import Refused, Why
from tests.owners import owners
from tests.people import eventually
from tests.shared.floor import Two

TASK, TECHNICIAN = "task.1", "technician.77"


@dataclass
class Desk:
    """Asks for what is refused until task 1 is known to be at its third event and technician 77 at their first."""

    two: Two
    freshness: Freshness
    written: dict[str, int] = field(default_factory=dict)
    tries: int = 0

    async def known(self, stream: str, version: int) -> None:
        sql = "INSERT INTO cursors VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET version = $2"
        await self.two.reader.pool.execute(sql, stream, version)

    async def ask(self) -> str:
        async def do() -> str:
            self.tries += 1
            sql = "SELECT stream, version FROM cursors"
            known = {row["stream"]: row["version"] for row in await self.two.reader.pool.fetch(sql)}
            if known.get(TASK, 0) < 3:
                raise Refused("The task is not completed.", rests_on=(TASK,))
            if known.get(TECHNICIAN, 0) < 1:
                raise Refused("There is no such technician.", Why.INVALID, rests_on=(TECHNICIAN,))
            return "done"

        return await self.freshness.sure(do)

    async def refused(self) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ask()
        return refused.value


@pytest.fixture
async def alone(two: Two) -> Desk:
    """Nobody owns anything."""
    return Desk(two, Freshness(two.reader.pool, two.reader.bus))


@pytest.fixture
async def desk(alone: Desk) -> AsyncIterator[Desk]:
    """The owners answer by what they have `written`."""
    async with owners(alone.two.servers.nats_url(), alone.written, "task", "technician"):
        yield alone


async def test_what_is_not_refused_asks_nobody(alone: Desk) -> None:
    """Though no owner would answer."""
    await alone.known(TASK, 3)
    await alone.known(TECHNICIAN, 1)
    assert await alone.ask() == "done"
    assert alone.tries == 1


async def test_a_refusal_that_rests_on_nothing_else_is_given_at_once(alone: Desk) -> None:
    """Its own rules are a service's own to know."""

    async def do() -> None:
        alone.tries += 1
        raise Refused("The invoice is void.")

    with pytest.raises(Refused, match="void"):
        await alone.freshness.sure(do)
    assert alone.tries == 1


async def test_it_is_given_where_all_that_was_written_is_here(desk: Desk) -> None:
    """Decided once more after that was known: what came in between counts."""
    await desk.known(TASK, 2)
    desk.written[TASK] = 2
    refused = await desk.refused()
    assert (refused.sentence, refused.why) == ("The task is not completed.", Why.NOT_NOW)
    assert desk.tries == 2


async def test_of_a_stream_that_was_never_written_it_is_given(desk: Desk) -> None:
    """There is no such technician, and the owner says so."""
    await desk.known(TASK, 3)
    assert (await desk.refused()).sentence == "There is no such technician."


async def test_what_was_written_and_is_not_here_is_waited_for(desk: Desk) -> None:
    """On the bus, or still in its owner's outbox: nothing tells them apart here. All of it is waited for."""
    desk.written |= {TASK: 3, TECHNICIAN: 1}
    asking = asyncio.create_task(desk.ask())
    while not desk.tries:
        await asyncio.sleep(0.01)
    await desk.known(TASK, 3)
    while desk.tries < 2:
        await asyncio.sleep(0.01)
    await desk.known(TECHNICIAN, 1)
    assert await asking == "done"


@pytest.mark.parametrize(
    ("late", "sentence"),
    [(TASK, "news of task #1 is still"), (TECHNICIAN, "news of this technician is still")],
)
async def test_what_does_not_come_in_time_is_said_to_be_on_its_way(
    desk: Desk, late: str, sentence: str
) -> None:
    """And whoever asks may ask again."""
    desk.written |= {TASK: 3, TECHNICIAN: 1}
    for stream in desk.written.keys() - {late}:
        await desk.known(stream, desk.written[stream])
    refused = await desk.refused()
    assert refused.why is Why.UNAVAILABLE
    assert sentence in refused.sentence
    assert desk.tries == 1


async def test_a_dead_letter_is_not_known(desk: Desk) -> None:
    """Its place in the stream is, but not what it says."""
    await desk.known(TASK, 2)
    desk.written[TASK] = 2
    await desk.two.reader.pool.execute(
        "INSERT INTO dead_letters (stream, version, type, body, error) VALUES ($1, 2, 'TaskPainted', '{}', 'x')",
        TASK,
    )
    assert (await desk.refused()).why is Why.UNAVAILABLE


async def test_while_the_owner_is_away_nobody_knows(alone: Desk) -> None:
    """What it has written last may be in its outbox alone."""
    await alone.known(TASK, 2)
    assert (await alone.refused()).why is Why.UNAVAILABLE


async def test_while_the_bus_is_away_nobody_knows(desk: Desk) -> None:
    """That is said within a moment, as somebody waits for the answer; and once it is back all is as ever."""
    await desk.known(TASK, 2)
    desk.written[TASK] = 2
    await desk.two.servers.stop_nats()
    try:
        async with asyncio.timeout(10):
            assert (await desk.refused()).why is Why.UNAVAILABLE
    finally:
        await desk.two.servers.start_nats()

    async def known_again() -> bool:
        """the owner's answer"""
        return await desk.freshness.is_fresh(TASK)

    await eventually(known_again)
    assert (await desk.refused()).why is Why.NOT_NOW


async def test_an_owner_counts_what_is_not_published_yet(two: Two) -> None:
    """Its relay has not even begun."""
    await two.writer.assign(1, 7, 8, 9)
    two.writer.bus.broker.include_router(router("tasks", two.writer.pool))
    await two.writer.bus.serve()
    freshness = Freshness(two.reader.pool, two.reader.bus)
    assert await freshness.is_fresh("task.2")
    assert not await freshness.is_fresh("task.1")
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.agree()
    assert await freshness.is_fresh("task.1")
