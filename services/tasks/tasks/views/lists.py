"""Tasks as a list and as a board: whatever narrows them, the last page is as quick as the first."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from msgspec import Struct

from shared.contract.task import Priority, Status
from shared.numbers import BIGGEST
from tasks.domain.moves import SHOWN
from tasks.domain.task import Task

from .people import clients_named
from .rows import Connection, search
from .work import TASK, TaskView, task_of

RECENT = 5000
"""So many of the latest tasks are looked through for words."""
COUNTED = 1000
"""A column says how many are in it up to here."""
UNDER_WAY = 1000
"""Numbers are drawn in the order of creation, but for the few tasks that are being created at one moment."""
AGE = "t.status_since, t.number"
CLOSED = frozenset({Status.COMPLETED, Status.CANCELLED})
"""On the board the latest of these come first; of the others the one that has waited longest."""

Key: TypeAlias = int | tuple[datetime, int]
"""The number, or before it the time that is scheduled, where that narrows the list and so sorts it."""


class Wanted(Struct, frozen=True):
    """Which tasks: every field that is given narrows them.

    words                           words, a number, or a client's name
    created_from, created_to        the second is exclusive, as is scheduled_to
    """

    status: Status | None = None
    technician: int | None = None
    words: str = ""
    client: int | None = None
    priority: Priority | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    scheduled_from: datetime | None = None
    scheduled_to: datetime | None = None

    @property
    def by_schedule(self) -> bool:
        return self.scheduled_from is not None or self.scheduled_to is not None


class Card(Struct, frozen=True):
    """state is what the rules need to say what may be done."""

    task: TaskView
    state: Task


class Column(Struct, frozen=True):
    """One column of the board; count goes up to COUNTED + 1."""

    status: Status
    cards: list[Card]
    count: int


class Sql:
    """Conditions and their values, `$1` and so on."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.conditions: list[str] = []

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions)


def key_of(wanted: Wanted) -> Callable[[TaskView], Any]:
    """By what the list is sorted, and so where its next page begins."""
    return (lambda task: (task.scheduled_at, task.id)) if wanted.by_schedule else (lambda task: task.id)


async def tasks(pool: Connection, wanted: Wanted, after: Key | None, limit: int) -> list[TaskView]:
    """The latest first, or by their schedule where that narrows them; one more than `limit`, if there is one."""
    sql = narrowed(wanted)
    sql.conditions.insert(0, "status <> 'deleted'")
    order = "{0}scheduled_at, {0}number" if wanted.by_schedule else "{0}number DESC"
    if isinstance(after, tuple):
        sql.conditions.append(f"(scheduled_at, number) > ({sql.place(after[0])}, {sql.place(after[1])})")
    elif after is not None:
        sql.conditions.append(f"number < {sql.place(after)}")
    most = sql.place(limit + 1)
    first = f"SELECT * FROM tasks WHERE {sql.where} ORDER BY {order.format('')} LIMIT"  # noqa: S608 - only constants and $n

    async def chosen(rows: str) -> list[TaskView]:
        shown = TASK.format(chosen=rows, order=order.format("t."))
        return [task_of(row) for row in await pool.fetch(shown, *sql.values)]

    if not wanted.words.strip():
        return await chosen(f"{first} {most}")
    said = await spoken_of(pool, wanted.words, sql)
    if said is None:
        return []
    # A frequent word soon turns up among the first tasks; a rare one is found by its index. PostgreSQL guesses
    # that every prefix is in 2 % of the rows, so it would take the wrong way for one of them.
    found = await chosen(
        f"SELECT * FROM ({first} {RECENT}) recent WHERE {' OR '.join(said)} "  # noqa: S608 - as above
        f"ORDER BY {order.format('')} LIMIT {most}"
    )
    if len(found) > limit:
        return found
    return await chosen(
        f"SELECT * FROM tasks WHERE number = ANY(ARRAY({by_index(said)})) AND {sql.where} "  # noqa: S608 - as above
        f"ORDER BY {order.format('')} LIMIT {most}"
    )


async def board(pool: Connection, wanted: Wanted, deep: int) -> list[Column]:
    """Of each status so many cards, and how many there are."""
    sql = narrowed(wanted)
    shown = [status for status in SHOWN if wanted.status in (None, status)]
    if wanted.words.strip():
        rows, counts = await spoken_columns(pool, wanted, sql, deep)
    else:
        rows, counts = await columns(pool, sql, shown, deep, by_schedule=wanted.by_schedule)
    cards = [card_of(row) for row in rows]
    return [
        Column(
            status,
            in_order([card for card in cards if card.task.status is status], status),
            counts.get(status, 0),
        )
        for status in shown
    ]


Columns: TypeAlias = tuple[list[Any], dict[str, int]]
"""The rows of the cards, and how many there are of each status."""


async def columns(
    pool: Connection, sql: Sql, shown: list[Status], deep: int, *, by_schedule: bool
) -> Columns:
    """Each column by its own index, so that it costs the same however many are in it.

    Who has waited longest may be scheduled for any day, so that no index leads to those of some days in that order:
    there as many are looked through as are counted, the first of the days.
    """
    parts, counts = [], []
    for status in shown:
        where = " AND ".join([f"status = {sql.place(status)}", *sql.conditions])
        turn = " DESC" if status in CLOSED else ""
        those = f"tasks WHERE {where}"
        if by_schedule:
            those = f"(SELECT * FROM {those} ORDER BY scheduled_at, number LIMIT {COUNTED + 1}) due"  # noqa: S608 - only constants and $n
        parts.append(
            f"(SELECT * FROM {those} ORDER BY status_since{turn}, number{turn} LIMIT {deep})"  # noqa: S608 - as above
        )
        counts.append(f"(SELECT count(*) FROM (SELECT 1 FROM {those} LIMIT {COUNTED + 1}) c)")  # noqa: S608 - as above
    found = await pool.fetch(TASK.format(chosen=" UNION ALL ".join(parts), order=AGE), *sql.values)
    many = await pool.fetch(f"SELECT unnest(ARRAY[{', '.join(counts)}]) AS many", *sql.values)
    return found, {status: row["many"] for status, row in zip(shown, many, strict=True)}


async def spoken_columns(pool: Connection, wanted: Wanted, sql: Sql, deep: int) -> Columns:
    """Those with the words are looked for once, and then put into columns."""
    said = await spoken_of(pool, wanted.words, sql)
    if said is None:
        return [], {}
    where = " AND ".join([f"number = ANY(ARRAY({latest(said)}))", "status <> 'deleted'", *sql.conditions])
    since = f"extract(epoch FROM status_since) * CASE WHEN status = ANY({sql.place(sorted(CLOSED))}) THEN -1 ELSE 1 END"
    found = await pool.fetch(
        TASK.format(
            chosen="SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY status) AS many, "  # noqa: S608 - as above
            f"row_number() OVER (PARTITION BY status ORDER BY {since}, number) AS turn "
            f"FROM tasks WHERE {where}) found WHERE turn <= {deep}",
            order=AGE,
        ),
        *sql.values,
    )
    return found, {row["status"]: row["many"] for row in found}


def narrowed(wanted: Wanted) -> Sql:
    """All but the words. What is created in a time has its numbers in a range, by which every list is sorted."""
    sql = Sql()
    for name in ("status", "technician", "priority", "client"):
        value = getattr(wanted, name)
        if value is not None:
            sql.conditions.append(f"{name} = {sql.place(value)}")
    if wanted.created_from is not None:
        begin = sql.place(wanted.created_from)
        first = f"SELECT number FROM tasks WHERE created_at >= {begin} ORDER BY created_at LIMIT 1"  # noqa: S608 - as above
        sql.conditions.append(f"number >= coalesce(({first}), {BIGGEST}) - {UNDER_WAY}")
        sql.conditions.append(f"created_at >= {begin}")
    if wanted.created_to is not None:
        end = sql.place(wanted.created_to)
        last = f"SELECT number FROM tasks WHERE created_at < {end} ORDER BY created_at DESC LIMIT 1"  # noqa: S608 - as above
        sql.conditions.append(f"number <= coalesce(({last}), 0) + {UNDER_WAY}")
        sql.conditions.append(f"created_at < {end}")
    if wanted.by_schedule:
        sql.conditions.append("scheduled_at IS NOT NULL")
    if wanted.scheduled_from is not None:
        sql.conditions.append(f"scheduled_at >= {sql.place(wanted.scheduled_from)}")
    if wanted.scheduled_to is not None:
        sql.conditions.append(f"scheduled_at < {sql.place(wanted.scheduled_to)}")
    return sql


async def spoken_of(pool: Connection, typed: str, sql: Sql) -> list[str] | None:
    """The conditions of which one holds for a task with these words, or of a client who is called so."""
    words = search(typed)
    if words is None:
        return None
    theirs = await clients_named(pool, words)
    return [f"words @@ to_tsquery('simple', {sql.place(words)})", f"client = ANY({sql.place(theirs)})"]


def by_index(conditions: list[str]) -> str:
    return " UNION ".join(f"SELECT number FROM tasks WHERE {condition}" for condition in conditions)  # noqa: S608 - as above


def latest(conditions: list[str]) -> str:
    return f"SELECT number FROM ({by_index(conditions)}) f ORDER BY number DESC LIMIT {RECENT}"  # noqa: S608 - as above


def in_order(cards: list[Card], status: Status) -> list[Card]:
    return cards[::-1] if status in CLOSED else cards


def card_of(row: Any) -> Card:
    """Who holds it, and the offer's number, say nothing of what an admin may do: so there are few states."""
    task = task_of(row)
    return Card(task, Task(task.status, technician=1 if task.technician else None, stands=row["stands"]))
