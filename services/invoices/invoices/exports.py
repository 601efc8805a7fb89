"""The list of invoices as a file; of a client it holds the name alone, as the page does."""

from datetime import date
from typing import Any

from litestar import get
from litestar.response import Stream

from invoices import views
from invoices.handlers import OVERDUE, Handlers, client_of, technician_of
from invoices.pages.lists import wanted_of
from shared.language import _, words
from shared.web import Request
from shared.web.tables import Row, in_pages, table


def routes(handlers: Handlers) -> list[Any]:
    @get(["/invoices.csv", "/invoices.xlsx"])
    async def exported(request: Request) -> Stream:
        """With the filters of the page."""
        wanted, today = wanted_of(request, handlers), handlers.today()
        pages = in_pages(
            lambda after, rows: views.listed(handlers.pool, wanted, after=after, limit=rows),
            lambda invoice: invoice.number,
            lambda invoice: _row(invoice, today),
        )
        return table(request, _head(), pages)

    return [exported]


def _head() -> Row:
    return (
        _("Invoice"),
        _("Status"),
        _("Total"),
        _("Currency"),
        _("Due on"),
        _("Created"),
        _("Client"),
        _("Task"),
        _("Title"),
        _("Technician"),
        _("Delivery"),
    )


def _row(invoice: views.Listed, today: date) -> Row:
    return (
        invoice.number,
        words(OVERDUE if invoice.overdue(today) else invoice.status),
        invoice.total,
        invoice.currency,
        invoice.due_on,
        invoice.created_at,
        client_of(invoice),
        invoice.task,
        invoice.title,
        technician_of(invoice),
        words(invoice.delivery.state) if invoice.delivery else None,
    )
