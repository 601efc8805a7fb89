"""From one service's journal to another's tables: everything arrives, in order, once in effect."""

import asyncio
from itertools import count
from time import monotonic
from typing import Any

import asyncpg
import msgspec
import pytest
from nats.aio.msg import Msg
from nats.errors import OutboundBufferLimitError

from shared.bus import ACK_WAIT, STREAM
from shared.contract import Recorded
from shared.journal import dead_letters
from shared.journal.fold import LOST, RETRY, Fold, _read, each
from shared.journal.relay import _envelope
from tests.people import PATIENCE, eventually, within
from tests.shared.floor import Two, note


async def test_events_arrive_in_order(two: Two) -> None:
    """Fifty on each of five streams, written at once."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await asyncio.gather(*(two.writer.assign(key, *range(100, 150)) for key in range(5)))
    await two.agree()

    async def empty() -> bool:
        """an empty outbox: the relay commits when all is published"""
        return not await two.writer.pool.fetchval("SELECT count(*) FROM outbox")

    await eventually(empty)


async def test_a_relay_that_dies_between_publish_and_delete_publishes_again_without_effect(two: Two) -> None:
    """The batch is on the bus and still in the outbox: the next relay publishes it again."""
    await two.writer.assign(1, 7, 8, 9)
    await two.writer.relay.refill()
    publish = two.writer.bus.publish_events

    async def publish_and_die(events: list[object], **more: Any) -> None:
        await publish(events, **more)
        raise asyncio.CancelledError

    two.writer.bus.publish_events = publish_and_die  # type: ignore[assignment,method-assign]
    two.writer.run(two.writer.relay.run)
    await asyncio.gather(*two.writer.running, return_exceptions=True)
    assert await two.writer.pool.fetchval("SELECT count(*) FROM outbox") == 3
    two.writer.bus.publish_events = publish  # type: ignore[method-assign]
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.agree()


async def test_a_second_publish_outside_the_dedupe_window_has_no_effect(two: Two) -> None:
    """The fold knows by its cursors what it has seen, whatever JetStream remembers."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7, 8, 9)
    await two.agree()
    for message in [await two.writer.bus.js.get_msg(STREAM, sequence) for sequence in (1, 2, 3)]:
        await two.writer.bus.js.publish(
            str(message.subject), message.data or b""
        )  # without an id, so stored again
    await two.writer.assign(1, 10)
    await two.agree()


async def test_a_fold_that_dies_between_commit_and_acknowledgement_applies_nothing_twice(two: Two) -> None:
    """What it had committed is given again and ignored."""
    two.writer.run(two.writer.relay.run)
    subscription = await two.reader.bus.consumer("reporting", ["events.task.>"])
    await two.writer.assign(1, 7, 8)
    messages: list[Msg] = []
    while len(messages) < 2:
        messages += await subscription.fetch(1, timeout=PATIENCE)
    await two.reader.fold._commit([_read(message) for message in messages], one_by_one=False)
    for message in messages:  # as JetStream does when the acknowledgement never comes
        await message.nak()
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 9)
    await two.agree()


async def test_a_wiped_jetstream_is_made_again_and_filled_within_ten_seconds(two: Two) -> None:
    """PostgreSQL is the truth; the bus only distributes."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, *range(100, 140))
    await two.agree()
    more = count(7)

    async def filled() -> bool:
        try:
            held = (await two.writer.bus.js.stream_info(STREAM)).state.messages
        except Exception:
            return False
        return bool(await two.writer.pool.fetchval("SELECT count(*) FROM events") == held)

    async def wiped() -> float:
        await two.servers.wipe_jetstream()
        await two.writer.assign(1, next(more))
        began = monotonic()
        await eventually(filled)
        return monotonic() - began

    await within(10, wiped)
    await two.agree()


async def test_a_deleted_consumer_is_made_again(two: Two) -> None:
    """It reads from the start, and what it has seen changes nothing."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7, 8)
    await two.agree()
    await two.reader.bus.js.delete_consumer(STREAM, "reporting")
    await two.writer.assign(1, 9)
    await two.agree()


async def test_a_poison_event_waits_with_its_stream_and_the_rest_flows(two: Two) -> None:
    """It is kept with its error, announced once, and applied in order after the fix."""

    async def no_thirteen(connection: asyncpg.Connection, recorded: Recorded) -> None:
        if getattr(recorded.data, "technician", None) == 66:
            raise ValueError("sixty-six can't be applied here")
        await note(connection, recorded)

    two.reader.fold = Fold("reporting", two.reader.pool, two.reader.bus, ["task"], each(no_thirteen), None)
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7, 66, 8)
    await two.writer.assign(2, 9, 10)

    async def others_flow() -> bool:
        return [row[:3] for row in await two.reader.history()] == [
            ("task.1", 1, 7), ("task.2", 1, 9), ("task.2", 2, 10),
        ]  # fmt: skip

    await eventually(others_flow)
    dead = await dead_letters.listed(two.reader.pool)
    assert [(each.stream, each.version, each.error) for each in dead] == [
        ("task.1", 2, "ValueError: sixty-six can't be applied here"),
        ("task.1", 3, None),
    ]
    told = await two.reader.pool.fetch("SELECT type FROM events WHERE stream = 'fold.reporting'")
    assert [row["type"] for row in told] == ["EventNotApplied"]

    applied, failed = await dead_letters.retry(two.reader.pool, each(note))
    assert (applied, failed) == (2, [])
    await two.agree()


async def test_unreadable_bytes_on_the_bus_stop_nobody(two: Two) -> None:
    """They are kept as they are, with the reason."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7)
    await two.agree()
    await two.writer.bus.js.publish("events.task.1.accepted", b"\x00\xff not json")
    await two.writer.assign(1, 8)
    await two.agree()
    [dead] = await dead_letters.listed(two.reader.pool)
    assert "not json" in dead.body


async def test_a_lone_event_is_folded_in_milliseconds(two: Two) -> None:
    """Pulling one, then the rest only where there is any, waits for no batch to fill."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7)
    await two.agree()
    more = count(8)

    async def folded() -> float:
        began = monotonic()
        await two.writer.assign(1, next(more))
        await two.agree()
        return monotonic() - began

    await within(0.3, folded)


async def test_what_a_dead_reader_had_in_its_hands_is_given_to_the_next_at_once(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died before its commit, so nothing but its consumer knows of these events. (Until an acknowledgement is
    overdue, nobody has the patience to wait here.)"""
    monkeypatch.setattr("shared.bus.ACK_WAIT", 10 * PATIENCE)
    two.writer.run(two.writer.relay.run)
    subscription = await two.reader.bus.consumer("reporting", ["events.task.>"])
    await two.writer.assign(1, 7, 8)
    held = 0
    while held < 2:
        held += len(await subscription.fetch(1, timeout=PATIENCE))
    await two.writer.assign(1, 9)
    two.reader.run(two.reader.fold.run)
    await two.agree()
    assert await dead_letters.listed(two.reader.pool) == []


def test_a_gap_is_not_given_up_before_its_event_can_come_again() -> None:
    """An event that comes after its gap was given up would be taken for one that was seen."""
    assert LOST * RETRY >= 2 * ACK_WAIT


async def test_a_fold_that_is_stopped_gives_back_what_it_had(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads next need not wait until the acknowledgement is overdue."""
    monkeypatch.setattr("shared.bus.ACK_WAIT", 10 * PATIENCE)
    begun = asyncio.Event()

    async def never_ends(connection: asyncpg.Connection, recorded: Recorded) -> None:
        begun.set()
        await asyncio.Event().wait()

    two.reader.fold = Fold("reporting", two.reader.pool, two.reader.bus, ["task"], each(never_ends), None)
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(1, 7)
    await begun.wait()
    await two.reader.halt()
    again = await two.reader.bus.js.pull_subscribe_bind("reporting", STREAM)
    [message] = await again.fetch(1, timeout=PATIENCE)
    assert message.metadata.num_delivered == 2


async def test_a_reader_that_wants_more_gets_it_from_the_start(two: Two) -> None:
    """A new version of a service may fold an aggregate that the old one did not."""
    two.writer.run(two.writer.relay.run)
    await two.reader.bus.consumer("reporting", ["events.client.>"])
    await two.writer.assign(1, 7)
    two.reader.run(two.reader.fold.run)
    await two.agree()


async def test_a_publish_that_fails_half_way_holds_nothing_for_ever(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nats-py has room for 4,000 publishes under way; those without an answer must not fill it up."""
    bus, sent = two.writer.bus, 0

    async def breaks(*_: object, **__: object) -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            raise OutboundBufferLimitError

    await two.writer.assign(1, 7, 8, 9)
    await bus.provision()
    await bus.js.publish("events.test", b"{}")
    await (await bus.js.publish_async("events.test", b"{}"))
    monkeypatch.setattr(bus.client, "publish", breaks)
    with pytest.raises(OutboundBufferLimitError):
        await two.writer.relay._drain()
    await asyncio.sleep(0)
    assert bus.js.publish_async_pending() <= 1


async def waits(two: Two, after: int = 0) -> None:
    """Makes the events of task 1 after that version dead letters of the reader."""
    rows = await two.writer.pool.fetch("SELECT * FROM events WHERE version > $1 ORDER BY version", after)
    for row in rows:
        body = msgspec.json.encode(_envelope(row)).decode()
        await two.reader.pool.execute(
            "INSERT INTO dead_letters (stream, version, type, body) VALUES ('task.1', $1, 'x', $2) "
            "ON CONFLICT DO NOTHING",
            row["version"],
            body,
        )


async def test_dead_letters_are_each_applied_once_by_two_retries_at_once(two: Two) -> None:
    """Two operators had the same thought."""
    await two.writer.assign(1, 7, 8, 9)
    await waits(two)
    counts = await asyncio.gather(*(dead_letters.retry(two.reader.pool, each(note)) for _ in range(2)))
    assert sum(applied for applied, _ in counts) == 3
    await two.agree()


async def test_what_came_to_wait_during_a_retry_is_applied_too(two: Two) -> None:
    """Else its stream would stand still behind it, though nothing is wrong any more."""
    await two.writer.assign(1, 7)
    await waits(two)

    async def late(connection: asyncpg.Connection, recorded: Recorded) -> None:
        if recorded.version == 1:
            await two.writer.assign(1, 8)
            await waits(two, after=1)
        await note(connection, recorded)

    assert await dead_letters.retry(two.reader.pool, each(late)) == (2, [])
    await two.agree()
