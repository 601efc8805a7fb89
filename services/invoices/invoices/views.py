"""Rows → Structs, in hand-written SQL."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from invoices.domain import line_amount
from shared.contract.delivery import DeliveryState
from shared.contract.invoice import InvoiceLine, InvoiceStatus
from shared.contract.task import Status
from shared.numbers import BIGGEST

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

_LINES = msgspec.json.Decoder(tuple[InvoiceLine, ...])


class Delivery(Struct, frozen=True):
    """How the last sending stands. reason: why it failed."""

    state: DeliveryState
    reason: str
    at: datetime


class Listed(Struct, frozen=True, kw_only=True):
    """An invoice in a list. title and client are empty where they are not known (any more)."""

    number: int
    version: int
    status: InvoiceStatus
    task: int
    title: str
    client: int
    client_name: str
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
    """An invoice with all that belongs to it. reach: `active`, `blocked`, `deactivated`, `deleted` or unknown, None."""

    lines: list[CountedLine]
    tax_percent: Decimal
    subtotal: Decimal
    tax: Decimal
    technician: int
    technician_name: str
    reach: str | None


class TaskFacts(Struct, frozen=True):
    """A task as this service remembers it. completed_by: who held it when it was last completed."""

    number: int
    title: str
    client: int
    client_name: str
    status: Status
    completed_by: int | None


_SELECT = """
SELECT i.*, coalesce(t.title, '') AS title, coalesce(c.name, '') AS client_name,
       coalesce(w.name, '') AS technician_name, reach.state AS reach,
       d.state AS delivery_state, d.reason AS delivery_reason, d.at AS delivery_at
FROM invoices i
LEFT JOIN tasks t ON t.number = i.task
LEFT JOIN names c ON c.stream = 'client.' || i.client
LEFT JOIN names w ON w.stream = 'technician.' || i.technician
LEFT JOIN technicians reach ON reach.id = i.technician
LEFT JOIN LATERAL (
    SELECT state, reason, at FROM dispatches WHERE invoice = i.number ORDER BY version DESC LIMIT 1
) d ON true
"""


async def listed(
    pool: Connection,
    *,
    status: InvoiceStatus | None = None,
    task: int | None = None,
    after: int | None = None,
    limit: int,
) -> list[Listed]:
    """Newest first, one more than `limit` where there are more; `after` is the last number of the page before."""
    conditions, values = ["true"], list[object]()
    for condition, value in (("i.status = ", status), ("i.task = ", task), ("i.number < ", after)):
        if value is not None:
            values.append(_bigint(value) if isinstance(value, int) else value)
            conditions.append(f"{condition}${len(values)}")
    where = " AND ".join(conditions)
    rows = await pool.fetch(
        f"{_SELECT} WHERE {where} ORDER BY i.number DESC LIMIT {limit + 1}",
        *values,
    )
    return [Listed(**_head(row)) for row in rows]


async def shown(pool: Connection, number: int) -> Shown | None:
    row = await pool.fetchrow(f"{_SELECT} WHERE i.number = $1", _bigint(number))
    if row is None:
        return None
    return Shown(
        **_head(row),
        lines=[
            CountedLine(line.description, line.quantity, line.unit_price, line_amount(line, row["currency"]))
            for line in _LINES.decode(row["lines"])
        ],
        tax_percent=row["tax_percent"],
        subtotal=row["subtotal"],
        tax=row["tax"],
        technician=row["technician"],
        technician_name=row["technician_name"],
        reach=row["reach"],
    )


async def task(pool: Connection, number: int) -> TaskFacts | None:
    row = await pool.fetchrow(
        """
        SELECT t.number, t.title, t.client, coalesce(c.name, '') AS client_name, t.status, t.completed_by
        FROM tasks t LEFT JOIN names c ON c.stream = 'client.' || t.client WHERE t.number = $1
        """,
        _bigint(number),
    )
    return msgspec.convert(dict(row), TaskFacts) if row else None


async def next_number(pool: Connection) -> int:
    number: int = await pool.fetchval("SELECT nextval('invoice_numbers')")
    return number


def _bigint(number: int) -> int:
    """The nearest number that PostgreSQL can compare with."""
    return max(-BIGGEST, min(number, BIGGEST))


def _head(row: asyncpg.Record) -> dict[str, Any]:
    """The fields of `Listed`."""
    delivery = None
    if row["delivery_state"] is not None:
        delivery = Delivery(DeliveryState(row["delivery_state"]), row["delivery_reason"], row["delivery_at"])
    plain = (
        "number",
        "version",
        "task",
        "title",
        "client",
        "client_name",
        "currency",
        "total",
        "due_on",
        "created_at",
    )
    return {
        **{name: row[name] for name in plain},
        "status": InvoiceStatus(row["status"]),
        "delivery": delivery,
    }
