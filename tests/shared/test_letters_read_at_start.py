"""What an older version set aside is taken in by the newer one as soon as it leads."""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec

from shared.contract import Recorded
from shared.journal import dead_letters
from shared.journal.fold import Fold, each
from shared.journal.relay import _envelope
from tests.people import eventually
from tests.shared.floor import Two, note

UNKNOWN = "Invalid value 'TaskAssigned' - at `$.data.type`"


async def no_sixty_six(connection: asyncpg.Connection, recorded: Recorded) -> None:
    if getattr(recorded.data, "technician", None) == 66:
        raise ValueError("sixty-six can't be applied")
    await note(connection, recorded)


async def set_aside(two: Two, stream: str, error: str | None = UNKNOWN, gap: int = 0) -> None:
    """The stream's events as dead letters of the reader, as a version leaves them that can't read the first.

    gap  so many of them never came
    """
    rows = await two.writer.pool.fetch("SELECT * FROM events WHERE stream = $1 ORDER BY version", stream)
    for row in rows[gap:]:
        await two.reader.pool.execute(
            "INSERT INTO dead_letters VALUES ($1, $2, $3, $4, $5, $6)",
            stream,
            row["version"],
            row["id"],
            row["type"],
            msgspec.json.encode(_envelope(row)).decode(),
            error if row["version"] == gap + 1 else None,
        )
    await two.reader.pool.execute("INSERT INTO cursors VALUES ($1, $2)", stream, rows[-1]["version"])


async def left(two: Two) -> list[tuple[str, int, str | None]]:
    letters = await dead_letters.listed(two.reader.pool)
    return [(letter.stream, letter.version, letter.error) for letter in letters]


async def told(two: Two) -> int:
    """How often the reader told the admins of a letter."""
    count: int = await two.reader.pool.fetchval("SELECT count(*) FROM events WHERE stream = 'fold.reporting'")
    return count


async def folding(two: Two) -> None:
    """Returns once the reader, which now leads, has tried again what it has, and reads on."""
    two.writer.run(two.writer.relay.run)
    two.reader.run(two.reader.fold.run)
    await two.writer.assign(9, 99)

    async def read() -> bool:
        return ("task.9", 1, 99, 1) in await two.reader.history()

    await eventually(read)


async def test_what_the_older_version_could_not_read_is_read_in_order(two: Two) -> None:
    """With all that came to wait behind it; what comes next follows, and nobody is told."""
    await two.writer.assign(1, 7, 8, 9)
    await two.writer.assign(2, 17)
    await set_aside(two, "task.1")
    await set_aside(two, "task.2")
    await folding(two)
    await two.writer.assign(1, 10)
    await two.agree()
    assert await left(two) == []
    assert await told(two) == 0


async def test_what_still_fails_stays_and_is_told_of_once(two: Two) -> None:
    """However often somebody begins to lead. What waited behind what can be read now, and fails, is told of then."""
    await two.writer.assign(1, 7, 66, 8)
    await two.writer.assign(2, 66, 17)
    await set_aside(two, "task.1")
    await set_aside(two, "task.2", "ValueError: sixty-six was not liked then either")
    two.reader.fold = Fold("reporting", two.reader.pool, two.reader.bus, ["task"], each(no_sixty_six), None)
    for _leader in range(3):
        await folding(two)
        await two.reader.halt()
    why = "ValueError: sixty-six can't be applied"
    assert await left(two) == [
        ("task.1", 2, why),
        ("task.1", 3, None),
        ("task.2", 1, why),
        ("task.2", 2, None),
    ]
    assert await told(two) == 1
    assert [row for row in await two.reader.history() if row[0] == "task.1"] == [("task.1", 1, 7, 1)]


async def test_a_gap_is_left_to_a_person(two: Two) -> None:
    """What never came is not skipped by a restart, but by whoever asks for it."""
    await two.writer.assign(1, 7, 8, 9)
    await set_aside(two, "task.1", "version 1 of this stream never came", gap=1)
    await folding(two)
    assert [(stream, version) for stream, version, _ in await left(two)] == [("task.1", 2), ("task.1", 3)]
    assert await dead_letters.retry(two.reader.pool, each(note)) == (2, [])
    assert await left(two) == []


async def test_two_that_lead_at_once_and_an_operator_take_each_letter_once_and_in_order(two: Two) -> None:
    """One whose lease has just ended may still be at it."""
    await two.writer.assign(1, *range(100, 140))
    await two.writer.assign(2, *range(200, 210), 66, 67)
    await set_aside(two, "task.1")
    await set_aside(two, "task.2")
    order: list[tuple[str, int]] = []

    async def noted(connection: asyncpg.Connection, batch: Sequence[Recorded]) -> None:
        for recorded in batch:
            await no_sixty_six(connection, recorded)
            await connection.execute("SELECT pg_sleep(0.001)")
            order.append((recorded.stream, recorded.version))

    reader = two.reader
    folds = [Fold("reporting", reader.pool, reader.bus, ["task"], noted, None) for _ in range(2)]
    await asyncio.gather(
        *(fold._read_what_can_be_read_now() for fold in folds),
        dead_letters.retry(reader.pool, noted, "reporting"),
    )
    for stream, count in (("task.1", 40), ("task.2", 10)):
        assert [version for each, version in order if each == stream] == list(range(1, count + 1))
    why = "ValueError: sixty-six can't be applied"
    assert await left(two) == [("task.2", 11, why), ("task.2", 12, None)]
    assert await told(two) == 1
    assert all(times == 1 for *_, times in await reader.history())


async def test_what_was_taken_in_at_the_start_is_told_to_whoever_waits_for_events(two: Two) -> None:
    """As of a batch from the bus: a queue is woken, open pages hear of it."""
    heard: list[Recorded] = []

    async def after(batch: list[Recorded]) -> None:
        heard.extend(batch)

    await two.writer.assign(1, 7, 8)
    await set_aside(two, "task.1")
    two.reader.fold = Fold("reporting", two.reader.pool, two.reader.bus, ["task"], each(note), after)
    await folding(two)
    assert [event.version for event in heard if event.stream == "task.1"] == [1, 2]
