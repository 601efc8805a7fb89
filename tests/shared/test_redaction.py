"""Somebody is forgotten: in the journal, on the bus and in what waits elsewhere, while every stream stays whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from nats.js.errors import NotFoundError

from shared.bus import STREAM
from shared.contract import Recorded
from shared.contract.client import ClientAdded, ClientErased, ClientEvent, ClientRenamed
from shared.journal import Decider, Journal, Outcome, dead_letters, redact
from shared.journal.database import transaction
from shared.journal.fold import Fold, each
from tests.conftest import SettingsFor
from tests.people import eventually
from tests.shared.floor import Floor, floor, nothing

SIGRID, LINDQVIST = "Sigrid", "Lindqvist"

Heard: TypeAlias = tuple[str, int, str, str | None]

CLIENTS: Decider[ClientEvent, None, ClientEvent] = Decider(
    "client", None, lambda event, _: [event], lambda _, __: None, ClientEvent
)


async def note(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """A row for each event; a second one of the same would fail."""
    name = getattr(recorded.data, "name", None)
    row = recorded.stream, recorded.version, recorded.type, name
    await connection.execute("INSERT INTO heard VALUES ($1, $2, $3, $4)", *row)


@dataclass
class Two:
    """A writer that knows clients by name, and a reader that notes all it hears of them."""

    writer: Floor
    reader: Floor
    journal: Journal

    async def knows(self, client: int, *events: ClientEvent, command_id: UUID | None = None) -> None:
        for event in events:
            await self.journal.handle(CLIENTS, client, event, actor="admin:anna", command_id=command_id)

    async def erases(self, client: int, connection: asyncpg.Connection | None = None) -> None:
        """connection  an open transaction in which to"""

        async def within(connection: asyncpg.Connection, outcome: Outcome) -> None:
            await redact(connection, outcome.stream, "name", (ClientAdded, ClientRenamed))

        await self.journal.handle(
            CLIENTS, client, ClientErased(), actor="admin:anna", within=within, connection=connection
        )

    async def heard(self) -> list[Heard]:
        return [tuple(row) for row in await self.reader.pool.fetch("SELECT * FROM heard ORDER BY 1, 2")]

    async def hears(self, *expected: Heard) -> None:
        async def so() -> bool:
            return await self.heard() == list(expected)

        await eventually(so)

    async def published(self) -> None:
        async def so() -> bool:
            return bool(await self.writer.pool.fetchval("SELECT count(*) FROM outbox") == 0)

        await eventually(so)

    async def on_the_bus(self) -> list[tuple[str, int, str | None]]:
        """Stream, version and name of all that is there, in its order."""
        found = []
        info = await self.writer.bus.js.stream_info(STREAM)
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            try:
                message = await self.writer.bus.js.get_msg(STREAM, sequence)
            except NotFoundError:  # it was purged
                continue
            event = msgspec.json.decode(message.data or b"", type=Recorded)
            found.append((event.stream, event.version, getattr(event.data, "name", None)))
        return found


@pytest.fixture
async def two(settings_for: SettingsFor) -> AsyncIterator[Two]:
    async with (
        floor(settings_for("tasks"), "tasks") as writer,
        floor(settings_for("reporting"), "reporting") as reader,
    ):
        await reader.pool.execute("CREATE TABLE heard (stream text, version int, type text, name text)")
        await reader.pool.execute("ALTER TABLE heard ADD PRIMARY KEY (stream, version)")
        reader.fold = listening(reader, note)
        yield Two(writer, reader, Journal(writer.pool, nothing, writer.relay.wake))


def listening(reader: Floor, apply: Callable[..., Any]) -> Fold:
    return Fold("reporting", reader.pool, reader.bus, ["client"], each(apply), None)


def told(client: int, *names: str | None) -> list[Heard]:
    """Added, renamed …; None as the last name: erased."""
    found: list[Heard] = []
    for version, name in enumerate(names, 1):
        event = "ClientErased" if name is None else "ClientAdded" if version == 1 else "ClientRenamed"
        found.append((f"client.{client}", version, event, name))
    return found


ERASED = told(1, "", "", None)
OTHERS = told(2, "Bakery")


async def test_a_reader_that_starts_from_nothing_finds_no_name_and_no_gap(two: Two) -> None:
    """Versions 1 to n, in order, though JetStream knows their ids; nothing of it is on the bus twice."""
    two.writer.run(two.writer.relay.run)
    await two.knows(1, ClientAdded(SIGRID))
    await two.knows(2, ClientAdded("Bakery"))
    await two.knows(1, ClientRenamed(LINDQVIST))
    await two.published()
    await two.erases(1)
    await two.published()
    assert await two.on_the_bus() == [
        ("client.2", 1, "Bakery"),
        ("client.1", 1, ""),
        ("client.1", 2, ""),
        ("client.1", 3, None),
    ]
    two.reader.run(two.reader.fold.run)
    await two.hears(*ERASED, *OTHERS)
    assert await dead_letters.listed(two.reader.pool) == []


async def test_a_reader_that_was_up_to_date_hears_of_the_erasure_alone(two: Two) -> None:
    """What it wrote of earlier versions stays its own business; `ClientErased` tells it what to do."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    await two.hears(*told(1, SIGRID, LINDQVIST))
    await two.erases(1)
    await two.hears(*told(1, SIGRID, LINDQVIST, None))
    await two.knows(2, ClientAdded("Bakery"))
    await two.hears(*told(1, SIGRID, LINDQVIST, None), *OTHERS)


async def test_erased_before_it_was_ever_published(two: Two) -> None:
    """The bus never hears the name."""
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    await two.erases(1)
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.hears(*ERASED)


@pytest.mark.parametrize("dies", ["before the purge", "after the purge", "half way", "before the commit"])
async def test_a_relay_that_dies_on_the_way_is_made_good_by_the_next(
    two: Two, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    """Whatever had come of it: in the end the bus has each version once, in order, without the name."""
    bus, relay = two.writer.bus, two.writer.relay
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    await relay.refill()
    await relay._drain()
    await two.erases(1)
    forget, publish = bus.forget, bus.publish_events

    async def dying_forget(stream: str) -> None:
        if dies == "after the purge":
            await forget(stream)
        raise asyncio.CancelledError

    async def dying_publish(events: list[Any], **more: Any) -> None:
        await publish(events[:2] if dies == "half way" else events, **more)
        raise asyncio.CancelledError

    if "purge" in dies:
        monkeypatch.setattr(bus, "forget", dying_forget)
    else:
        monkeypatch.setattr(bus, "publish_events", dying_publish)
    two.writer.run(relay.run)
    await asyncio.gather(*two.writer.running, return_exceptions=True)
    assert await two.writer.pool.fetchval("SELECT count(*) FROM outbox WHERE again") == 3
    monkeypatch.undo()
    two.writer.run(relay.run)
    await two.published()
    two.reader.run(two.reader.fold.run)
    await two.hears(*ERASED)
    assert await two.on_the_bus() == [("client.1", 1, ""), ("client.1", 2, ""), ("client.1", 3, None)]


async def test_a_name_that_is_being_published_at_that_moment_is_taken_back(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay has the events in its hands: erasing waits for it, and what it published is purged."""
    bus, publish = two.writer.bus, two.writer.bus.publish_events
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(events: list[Any], **more: Any) -> None:
        begun.set()
        await go_on.wait()
        await publish(events, **more)

    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    monkeypatch.setattr(bus, "publish_events", slow)
    two.writer.run(two.writer.relay.run)
    await begun.wait()
    erasing = asyncio.create_task(two.erases(1))
    await asyncio.sleep(0.2)
    assert not erasing.done()
    go_on.set()
    await erasing
    await two.published()
    assert await two.on_the_bus() == [("client.1", 1, ""), ("client.1", 2, ""), ("client.1", 3, None)]


async def test_a_relay_that_waits_for_an_erasure_publishes_what_it_left(two: Two) -> None:
    """Not what the events said when the relay began to wait."""
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    await two.writer.relay.refill()
    async with transaction(two.writer.pool) as connection:
        await two.erases(1, connection)
        draining = asyncio.create_task(two.writer.relay._drain())
        await asyncio.sleep(0.2)
        assert not draining.done()
    await draining
    assert await two.on_the_bus() == [("client.1", 1, ""), ("client.1", 2, ""), ("client.1", 3, None)]


async def test_a_relay_that_had_begun_with_a_later_version_loses_none(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw version 2 alone in the outbox, and waited for it; version 1 was queued again meanwhile."""
    monkeypatch.setattr("shared.journal.relay.BATCH", 1)
    relay = two.writer.relay
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))
    await relay.refill()
    await two.writer.pool.execute("DELETE FROM outbox WHERE position = (SELECT min(position) FROM outbox)")
    async with transaction(two.writer.pool) as connection:
        await two.erases(1, connection)
        draining = asyncio.create_task(relay._drain())
        await asyncio.sleep(0.2)
    await draining
    while await relay._drain():
        pass
    assert await two.on_the_bus() == [("client.1", 1, ""), ("client.1", 2, ""), ("client.1", 3, None)]


async def test_in_batches_of_two_it_is_purged_once(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later batch must not take back what an earlier one has published."""
    monkeypatch.setattr("shared.journal.relay.BATCH", 2)
    two.writer.run(two.writer.relay.run)
    await two.knows(1, ClientAdded(SIGRID), *(ClientRenamed(f"{LINDQVIST} {n}") for n in range(4)))
    await two.erases(1)
    await two.published()
    two.reader.run(two.reader.fold.run)
    await two.hears(*told(1, "", "", "", "", "", None))


async def test_dead_letters_forget_the_name_too(two: Two) -> None:
    """They wait as before, with what their events say now, and are applied in order after the fix.

    The error of one may quote its event, so that its kind alone is kept.
    """

    async def broken(connection: asyncpg.Connection, recorded: Recorded) -> None:
        raise ValueError(f"not here: {recorded.data}")

    two.reader.fold = listening(two.reader, broken)
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.knows(1, ClientAdded(SIGRID), ClientRenamed(LINDQVIST))

    async def wait(letters: int, named: int) -> None:
        async def so() -> bool:
            found = [f"{dead.body} {dead.error}" for dead in await dead_letters.listed(two.reader.pool)]
            return (len(found), sum(SIGRID in body or LINDQVIST in body for body in found)) == (
                letters,
                named,
            )

        await eventually(so)

    await wait(2, 2)
    await two.erases(1)
    await wait(3, 0)
    assert await dead_letters.retry(two.reader.pool, each(note)) == (3, [])
    await two.hears(*ERASED)


async def test_answers_to_commands_keep_no_name(two: Two) -> None:
    """Nor a fingerprint of one, which could be found by trying; other clients' commands stay as they are."""
    mine, other = uuid4(), uuid4()
    await two.knows(1, ClientAdded(SIGRID), command_id=mine)
    await two.knows(2, ClientAdded("Bakery"), command_id=other)
    await two.erases(1)
    rows = await two.writer.pool.fetch("SELECT id, answer::text, fingerprint FROM commands")
    answers = {row["id"]: row for row in rows}
    assert SIGRID not in answers[mine]["answer"]
    assert answers[mine]["fingerprint"] == b""
    assert "Bakery" in answers[other]["answer"]
    assert answers[other]["fingerprint"] != b""
    first = await two.journal.answered(mine)
    assert first is not None
    assert first.events == (ClientAdded(""),)


async def test_history_is_kept_from_everybody_else(two: Two) -> None:
    """Only the stream of somebody who was erased may be touched, and only so; the service can't undo that."""
    await two.knows(1, ClientAdded(SIGRID))
    await two.knows(2, ClientAdded("Bakery"))
    await two.erases(1)
    async with two.writer.pool.acquire() as connection:
        with pytest.raises(asyncpg.RaiseError, match=r"nobody was erased in client\.2"):
            await redact(connection, "client.2", "name", (ClientAdded,))  # type: ignore[arg-type]  # a pool's proxy
        for statement in (
            "UPDATE events SET data = '{}' WHERE stream = 'client.2'",
            "SELECT set_config('callout.redacting', 'client.2', false); UPDATE events SET data = '{}'",
            "DELETE FROM events",
            "TRUNCATE events CASCADE",
            "DROP TABLE events CASCADE",
            "ALTER TABLE events DISABLE TRIGGER ALL",
            "DROP FUNCTION keep_history() CASCADE",
            "DROP FUNCTION redact_history(text, text[], text)",
            "CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
            "CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION keep_history()",
            "SET ROLE history",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    kept = "SELECT data->>'name' FROM events WHERE stream = 'client.2'"
    assert await two.writer.pool.fetchval(kept) == "Bakery"
