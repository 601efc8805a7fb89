"""Rows → Structs, in hand-written SQL."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from invoices.domain import line_amount
from shared.contract.delivery import DeliveryState
from shared.contract.invoice import InvoiceLine, InvoiceStatus, Issuer
from shared.contract.task import Status
from shared.numbers import BIGGEST

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

RECENT = 5000
"""So many of the latest invoices are looked through for words."""
MOST_CLIENTS = 200
MOST_TECHNICIANS = 200
"""So many to choose from; a list of more is no help."""
MOST_SUMMED = 5000
"""So many are added up, of what is open and of what was paid: with more, a sum is a least one."""
UNBILLED = 20
LATEST_COMPLETED = 500

_ISSUER = msgspec.json.Decoder(Issuer)
_LINES = msgspec.json.Decoder(tuple[InvoiceLine, ...])


class Delivery(Struct, frozen=True):
    """How one sending stands. reason: why it failed."""

    state: DeliveryState
    reason: str
    at: datetime


class Listed(Struct, frozen=True, kw_only=True):
    """An invoice in a list. client_name is empty where it is not known (any more).

    title  the task's as it was when the invoice was made; as it is now for invoices that don't know
    reach  of its technician: `active`, `blocked`, `gone`, `deactivated`, `deleted` or unknown, None
    """

    number: int
    version: int
    status: InvoiceStatus
    task: int
    title: str
    client: int
    client_name: str
    technician: int
    technician_name: str
    reach: str | None
    currency: str
    total: Decimal
    due_on: date | None
    created_at: datetime
    delivery: Delivery | None

    def overdue(self, today: date) -> bool:
        return self.status is InvoiceStatus.PENDING and self.due_on is not None and self.due_on < today


class CountedLine(InvoiceLine, frozen=True):
    """amount: quantity x unit_price, rounded to the currency's minor unit."""

    amount: Decimal


class Shown(Listed, frozen=True, kw_only=True):
    """An invoice with all that belongs to it.

    newcomer when its technician joined, until somebody keeps them
    sent_at  when it was last sent; issuer: whom it was from then, None where nobody noted it
    """

    lines: list[CountedLine]
    tax_percent: Decimal
    subtotal: Decimal
    tax: Decimal
    paid_at: datetime | None
    sent_at: datetime | None
    newcomer: datetime | None
    issuer: Issuer | None


class TaskFacts(Struct, frozen=True):
    """A task as this service remembers it.

    completed_by  who held it when it was last completed
    invoice       its latest one that is not void
    """

    number: int
    title: str
    client: int
    client_name: str
    status: Status
    completed_by: int | None
    invoice: int | None


class Wanted(Struct, frozen=True):
    """Which invoices of the list: every field that is given narrows it.

    due_before    pending ones that were due before this day
    since, until  made from this moment on, and before that one
    words         of the task's title or the client's name, each by its beginning; a number is one of an
                  invoice or a task
    """

    status: InvoiceStatus | None = None
    due_before: date | None = None
    task: int | None = None
    technician: int | None = None
    currency: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Sum(Struct, frozen=True):
    """What is open in one currency, what of it is overdue, and what was paid this month; and how many those are."""

    currency: str
    pending: Decimal
    pending_count: int
    overdue: Decimal
    overdue_count: int
    paid: Decimal
    paid_count: int


_COLUMNS = """
i.number, i.version, i.status, i.task, i.client, i.technician, i.currency, i.total, i.due_on, i.created_at,
coalesce(nullif(i.task_title, ''), t.title, '') AS title, coalesce(c.name, '') AS client_name,
coalesce(w.name, '') AS technician_name, r.state AS reach,
d.state AS delivery_state, d.reason AS delivery_reason, d.at AS delivery_at
"""
_AROUND = """
LEFT JOIN tasks t ON t.number = i.task
LEFT JOIN names c ON c.stream = 'client.' || i.client
LEFT JOIN names w ON w.stream = 'technician.' || i.technician
LEFT JOIN technicians r ON r.id = i.technician
LEFT JOIN LATERAL (
    SELECT state, reason, at FROM dispatches WHERE invoice = i.number ORDER BY version DESC LIMIT 1
) d ON true
"""
_LISTED = f"SELECT {_COLUMNS} FROM ({{chosen}}) i {_AROUND} ORDER BY i.number DESC"  # noqa: S608 - constants
_SHOWN = f"""
SELECT {_COLUMNS}, i.lines, i.tax_percent, i.subtotal, i.tax, i.paid_at, i.sent_at, i.issuer,
       CASE WHEN NOT r.kept AND coalesce(r.sent_at < r.joined_at, true)
             AND NOT EXISTS (
                 SELECT FROM invoices other
                 WHERE other.technician = r.id AND other.sent_at >= r.joined_at
             ) THEN r.joined_at END AS newcomer
FROM invoices i {_AROUND} WHERE i.number = $1
"""  # noqa: S608 - constants


class _Filter:
    """`Wanted` as conditions on `invoices`, and the values that they name by `$n`."""

    def __init__(self, wanted: Wanted) -> None:
        self.values: list[Any] = []
        plain = (
            ("status = ", wanted.status),
            ("status = 'pending' AND due_on < ", wanted.due_before),
            ("task = ", _bigint(wanted.task)),
            ("technician = ", _bigint(wanted.technician)),
            ("currency = ", wanted.currency or None),
            ("created_at >= ", wanted.since),
            ("created_at < ", wanted.until),
        )
        self.conditions = [f"{left}{self.place(value)}" for left, value in plain if value is not None]

    def place(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions) or "true"


async def listed(
    pool: Connection, wanted: Wanted = Wanted(), *, after: int | None = None, limit: int
) -> list[Listed]:
    """Newest first, one more than `limit` where there are more; `after` is the last number of the page before."""
    chosen = _Filter(wanted)
    if after is not None:
        chosen.conditions.append(f"number < {chosen.place(after)}")
    where, most = chosen.where, limit + 1
    latest = f"SELECT * FROM invoices WHERE {where} ORDER BY number DESC LIMIT"  # noqa: S608 - constants and $n

    async def found(sql: str) -> list[Listed]:
        return [Listed(**_head(row)) for row in await pool.fetch(_LISTED.format(chosen=sql), *chosen.values)]

    if not wanted.words.strip():
        return await found(f"{latest} {most}")
    said = await _said(pool, chosen, wanted.words)
    if said is None:
        return []
    # A frequent word soon turns up among the latest invoices; a rare one is found by its index. PostgreSQL guesses
    # that each prefix is in 2 % of the rows, so it would take the wrong way for one of them.
    recent = await found(
        f"SELECT * FROM ({latest} {RECENT}) recent WHERE {' OR '.join(said)} ORDER BY number DESC LIMIT {most}"  # noqa: S608 - as above
    )
    if len(recent) > limit:
        return recent
    by_index = " UNION ".join(f"SELECT number FROM invoices WHERE {each}" for each in said)  # noqa: S608 - as above
    return await found(
        f"SELECT * FROM invoices WHERE number = ANY(ARRAY({by_index})) AND {where} "  # noqa: S608 - as above
        f"ORDER BY number DESC LIMIT {most}"
    )


async def sums(pool: Connection, wanted: Wanted, *, today: date, month: datetime) -> list[Sum]:
    """Of each currency, whatever status is wanted; `month` is the moment at which this month began.

    At most `MOST_SUMMED` are counted of each kind, the first due first, so that the list stays quick
    however many there are.
    """
    chosen = _Filter(msgspec.structs.replace(wanted, status=None, due_before=None))
    if wanted.words.strip():
        said = await _said(pool, chosen, wanted.words)
        if said is None:
            return []
        chosen.conditions.append(f"({' OR '.join(said)})")
    where, day, begin = chosen.where, chosen.place(today), chosen.place(month)
    rows = await pool.fetch(
        f"""
        WITH pending AS MATERIALIZED (
            SELECT currency, total, due_on FROM invoices WHERE status = 'pending' AND {where}
            ORDER BY due_on LIMIT {MOST_SUMMED}
        ), paid AS MATERIALIZED (
            SELECT currency, total FROM invoices
            WHERE status = 'paid' AND paid_at >= {begin} AND {where} ORDER BY paid_at LIMIT {MOST_SUMMED}
        )
        SELECT currency, sum(pending) AS pending, sum(pending_count)::int AS pending_count,
               sum(overdue) AS overdue, sum(overdue_count)::int AS overdue_count,
               sum(paid) AS paid, sum(paid_count)::int AS paid_count
        FROM (
            SELECT currency, sum(total) AS pending, count(*) AS pending_count,
                   coalesce(sum(total) FILTER (WHERE due_on < {day}), 0) AS overdue,
                   count(*) FILTER (WHERE due_on < {day}) AS overdue_count, 0 AS paid, 0 AS paid_count
            FROM pending GROUP BY currency
            UNION ALL
            SELECT currency, 0, 0, 0, 0, sum(total), count(*) FROM paid GROUP BY currency
        ) s
        GROUP BY currency ORDER BY currency
        """,  # noqa: S608 - only constants and $n
        *chosen.values,
    )
    return [msgspec.convert(dict(row), Sum) for row in rows]


async def shown(pool: Connection, number: int) -> Shown | None:
    row = await pool.fetchrow(_SHOWN, _bigint(number))
    if row is None:
        return None
    return Shown(
        **_head(row),
        lines=[
            CountedLine(line.description, line.quantity, line.unit_price, line_amount(line, row["currency"]))
            for line in _LINES.decode(row["lines"])
        ],
        **{name: row[name] for name in ("tax_percent", "subtotal", "tax", "paid_at", "sent_at", "newcomer")},
        issuer=_ISSUER.decode(row["issuer"]) if row["issuer"] else None,
    )


async def deliveries(pool: Connection, number: int, most: int) -> list[Delivery]:
    """Each sending of an invoice, the latest first."""
    rows = await pool.fetch(
        "SELECT state, reason, at FROM dispatches WHERE invoice = $1 ORDER BY version DESC LIMIT $2",
        _bigint(number),
        most,
    )
    return [Delivery(DeliveryState(row["state"]), row["reason"], row["at"]) for row in rows]


_TASK = """
SELECT t.number, t.title, t.client, coalesce(c.name, '') AS client_name, t.status, t.completed_by,
       (SELECT max(number) FROM invoices WHERE task = t.number AND status <> 'void') AS invoice
FROM tasks t LEFT JOIN names c ON c.stream = 'client.' || t.client
"""


async def task(pool: Connection, number: int) -> TaskFacts | None:
    row = await pool.fetchrow(f"{_TASK} WHERE t.number = $1", _bigint(number))
    return msgspec.convert(dict(row), TaskFacts) if row else None


async def unbilled(pool: Connection) -> list[TaskFacts]:
    """Completed tasks without an invoice, among the latest ones, the newest first."""
    rows = await pool.fetch(
        f"""
        {_TASK} WHERE t.number = ANY(ARRAY(
            SELECT number FROM (
                SELECT number FROM tasks WHERE status = 'completed' ORDER BY number DESC LIMIT {LATEST_COMPLETED}
            ) latest
            WHERE NOT EXISTS (SELECT FROM invoices WHERE task = latest.number AND status <> 'void')
        ))
        ORDER BY t.number DESC LIMIT {UNBILLED}
        """  # noqa: S608 - constants
    )
    return [msgspec.convert(dict(row), TaskFacts) for row in rows]


async def technicians(pool: Connection) -> list[tuple[int, str]]:
    """(Telegram user id, name) of those an invoice can be about, by name."""
    rows = await pool.fetch(
        "SELECT t.id, n.name FROM technicians t JOIN names n ON n.stream = 'technician.' || t.id "
        "ORDER BY lower(n.name), t.id LIMIT $1",
        MOST_TECHNICIANS,
    )
    return [(row["id"], row["name"]) for row in rows]


async def currencies(pool: Connection) -> list[str]:
    """Those that there are invoices in: one look into the index for each."""
    rows = await pool.fetch(
        """
        WITH RECURSIVE found AS (
            SELECT min(currency) AS currency FROM invoices
            UNION ALL
            SELECT (SELECT min(currency) FROM invoices WHERE currency > found.currency)
            FROM found WHERE found.currency IS NOT NULL
        )
        SELECT currency FROM found WHERE currency IS NOT NULL
        """
    )
    return [row["currency"] for row in rows]


async def next_number(pool: Connection) -> int:
    number: int = await pool.fetchval("SELECT nextval('invoice_numbers')")
    return number


async def _said(pool: Connection, chosen: _Filter, typed: str) -> list[str] | None:
    """What is true of an invoice with these words, one of both; None where nothing was typed that is a word."""
    words = re.findall(r"\w+", typed)[:10]
    if not words:
        return None
    query = " & ".join(word if word.isdecimal() else f"{word}:*" for word in words)
    clients = await pool.fetch(
        "SELECT split_part(stream, '.', 2)::bigint AS client FROM names "
        "WHERE stream LIKE 'client.%' AND to_tsvector('simple', name) @@ to_tsquery('simple', $1) LIMIT $2",
        query,
        MOST_CLIENTS,
    )
    theirs = chosen.place([row["client"] for row in clients])
    return [f"words @@ to_tsquery('simple', {chosen.place(query)})", f"client = ANY({theirs}::bigint[])"]


def _bigint(number: int | None) -> int | None:
    """The nearest number that PostgreSQL can compare with."""
    return None if number is None else max(-BIGGEST, min(number, BIGGEST))


def _head(row: asyncpg.Record) -> dict[str, Any]:
    """The fields of `Listed`."""
    fields = {name: row[name] for name in Listed.__struct_fields__ if name != "delivery"}
    delivery = None
    if row["delivery_state"] is not None:
        delivery = Delivery(DeliveryState(row["delivery_state"]), row["delivery_reason"], row["delivery_at"])
    return fields | {"status": InvoiceStatus(row["status"]), "delivery": delivery}
