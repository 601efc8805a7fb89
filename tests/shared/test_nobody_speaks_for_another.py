"""What one service puts on the bus in another's name: a dead letter of its own, and the real stream goes on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from local.servers import Servers
from shared.bus import STREAM, Bus
from shared.contract.event import Envelope, by_admin
from shared.contract.task import TaskAssigned
from shared.journal import dead_letters
from shared.journal.dead_letters import Dead
from shared.journal.fold import Fold, each
from tests.people import eventually
from tests.shared.floor import Two, note

FORGED = 66
"""The technician whom a forged event names."""


@asynccontextmanager
async def speaking_as(servers: Servers, user: str) -> AsyncIterator[Bus]:
    bus = Bus(user, servers.nats_url(user))
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


def of_task(key: int, version: int, **changed: Any) -> bytes:
    """The envelope of a task's event, as anybody can write it."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    data = TaskAssigned(FORGED)
    event = Envelope(uuid4(), f"task.{key}", 1, "TaskAssigned", 1, at, by_admin("anna"), data)
    return json.dumps(msgspec.to_builtins(event) | {"version": version} | changed).encode()


async def letters(two: Two, count: int) -> list[Dead]:
    """The reader's dead letters, once there are so many."""

    async def there() -> list[Dead]:
        found = await dead_letters.listed(two.reader.pool)
        there.__doc__ = f"{count} dead letters (there are {found})"
        return found if len(found) == count else []

    found: list[Dead] = await eventually(there)
    return found


async def goes_on(two: Two, key: int) -> None:
    """The real stream's next event arrives, and nothing of the forged one is in any row."""
    await two.writer.assign(key, 8, 9)
    await two.agree()
    assert FORGED not in {technician for _, _, technician, _ in await two.reader.history()}


@pytest.fixture
async def watched(two: Two) -> Two:
    """A reader of tasks and invoices who has taken in the first event of task 1."""
    reader = two.reader
    reader.fold = Fold("reporting", reader.pool, reader.bus, ["task", "invoice"], each(note), None)
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7)
    await two.agree()
    return two


@pytest.mark.parametrize(
    "body",
    [
        of_task(1, 2),
        of_task(1, 2, data={"type": "TaskTeleported"}),
        of_task(1, 2, type="TaskTeleported", data={"type": "TaskTeleported"}),
        of_task(1, 50),
        of_task(1, 2**40),
        of_task(5, 1),
    ],
)
async def test_an_event_in_anothers_name_is_filed_under_its_subject(watched: Two, body: bytes) -> None:
    """Whether it could be read or not, be it the stream's next version or far ahead of it."""
    async with speaking_as(watched.servers, "invoices") as invoices:
        await invoices.js.publish("events.invoice.5.created", body)
    [letter] = await letters(watched, 1)
    assert letter.stream.startswith("unreadable.events.invoice.5.created.")
    await goes_on(watched, 1)
    await goes_on(watched, 5)


async def test_what_jetstream_was_asked_to_bring_to_anothers_subject_is_filed_there(watched: Two) -> None:
    """The notifier may keep anything among the sessions, and may ask for it; where the answer goes is its to say. The
    letter says nothing of the stream, which goes on."""
    async with speaking_as(watched.servers, "notifier") as notifier:
        bucket = await notifier.js.create_key_value(bucket="sessions", direct=True)
        await bucket.put("abc", of_task(1, 2))
        wanted = b'{"last_by_subj": "$KV.sessions.abc"}'
        subject = "events.task.1.assigned"
        await notifier.client.publish("$JS.API.DIRECT.GET.KV_sessions", wanted, reply=subject)
        [letter] = await letters(watched, 1)
    assert letter.stream.startswith(f"unreadable.{subject}.")
    await goes_on(watched, 1)


async def test_a_forged_letter_is_not_applied_by_trying_it_again(watched: Two) -> None:
    """Its bytes are an event like any other: only where they came from says that they are none."""
    async with speaking_as(watched.servers, "invoices") as invoices:
        await invoices.js.publish("events.invoice.5.created", of_task(1, 2))
    [before] = await letters(watched, 1)
    applied, [failed] = await dead_letters.retry(watched.reader.pool, each(note), "reporting")
    assert (applied, failed.stream) == (0, before.stream)
    await goes_on(watched, 1)


async def test_an_event_whose_message_has_another_id_is_filed_under_its_subject(watched: Two) -> None:
    """JetStream drops what comes with an id that it knows: so nobody lends an id of their own to another event."""
    headers = {"Nats-Msg-Id": str(uuid4())}
    await watched.writer.bus.js.publish("events.task.1.assigned", of_task(1, 2), headers=headers)
    [letter] = await letters(watched, 1)
    assert letter.stream.startswith("unreadable.events.task.1.assigned.")
    await goes_on(watched, 1)


@pytest.mark.parametrize("version", [0, -3, 2**31, 2**70])
async def test_a_version_that_no_table_holds_stops_nobody(watched: Two, version: int) -> None:
    """Not even from the stream's own service."""
    await watched.writer.bus.js.publish("events.task.1.assigned", of_task(1, version))
    [letter] = await letters(watched, 1)
    assert letter.stream.startswith("unreadable.events.task.1.assigned.")
    await goes_on(watched, 1)


async def test_bytes_that_break_whoever_reads_them_stop_nobody(watched: Two) -> None:
    """As deep as no reader goes, and under a subject as long as no key is."""
    await watched.writer.bus.js.publish("events.task.1.assigned", b'{"data": ' + b"[" * 100_000)
    long = of_task(1, 1, stream=f"task.{'9' * 3000}")
    await watched.writer.bus.js.publish(f"events.task.{'9' * 3000}.assigned", long)
    await letters(watched, 2)
    await goes_on(watched, 1)


async def test_no_dead_letter_is_of_a_stream_that_goes_on(watched: Two) -> None:
    """And the admins are told once of each."""
    async with speaking_as(watched.servers, "invoices") as invoices:
        for version in (1, 2, 3):
            await invoices.js.publish("events.invoice.5.created", of_task(1, version))
    found = await letters(watched, 3)
    assert len({letter.stream for letter in found}) == 3
    told = await watched.reader.pool.fetch("SELECT data FROM events WHERE stream = 'fold.reporting'")
    assert len(told) == 3
    assert not any("task.1" in row["data"] for row in told)
    assert (await watched.writer.bus.js.stream_info(STREAM)).state.messages >= 4
