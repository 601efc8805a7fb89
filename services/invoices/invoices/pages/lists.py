"""The list of invoices, and what the global search and a task's page show of them."""

from datetime import date
from typing import Any

from litestar import get
from litestar.params import FromPath

from invoices import views
from invoices.domain import MOST_LINES
from invoices.handlers import OVERDUE, Handlers
from shared.contract.invoice import InvoiceStatus
from shared.journal.freshness import PATIENCE
from shared.web import Request, Response, after_of, fragment, limit_of, page, paged

from .common import numbered, words

HITS = 8
NOBODY = 0
STATUSES = ("", InvoiceStatus.PENDING.value, OVERDUE, InvoiceStatus.PAID.value, InvoiceStatus.VOID.value)
ON_A_PAGE = 40
"""A row has the same facts once for wide screens and once for phones: so many stay under 100 KB, in Arabic too."""
FILTERS = ("q", "status", "task", "technician", "currency", "since", "until")


def routes(handlers: Handlers) -> list[Any]:
    @get("/invoices")
    async def index(request: Request) -> Response[str]:
        query, limit = request.query_params, limit_of(request, ON_A_PAGE)
        wanted = wanted_of(request, handlers)
        rows = await views.listed(handlers.pool, wanted, after=after_of(request, int), limit=limit)
        return page(
            request,
            "invoices.html",
            invoices=paged(rows, limit, lambda row: row.number),
            sums=await handlers.sums(wanted),
            most_summed=views.MOST_SUMMED,
            statuses=STATUSES,
            cards=query.get("view") == "cards",
            narrowed=any(query.get(name) for name in FILTERS),
            technicians=await views.technicians(handlers.pool),
            currencies=await views.currencies(handlers.pool),
            **words(handlers),
        )

    @get("/invoices/search")
    async def search(request: Request) -> Response[str]:
        """The best few for the search above every page: the one with that number, then the newest."""
        typed = request.query_params.get("q", "")
        found = (
            await views.listed(handlers.pool, views.Wanted(words=typed), limit=HITS) if typed.strip() else []
        )
        number = numbered(typed)
        exact = await views.shown(handlers.pool, number) if number is not None else None
        hits = [exact, *(hit for hit in found if hit.number != exact.number)] if exact else found
        return fragment(request, "search.html", invoices=hits[:HITS], **words(handlers))

    @get("/invoices/for-task/{number:int}")
    async def for_task(request: Request, number: FromPath[int]) -> Response[str]:
        """What the task's page, which shows this version of it, shows of its invoices."""
        version = numbered(request.query_params.get("version", ""))
        billed = await handlers.billed(number, PATIENCE, version or 0)
        rows = await views.listed(handlers.pool, views.Wanted(task=number), limit=MOST_LINES)
        return fragment(
            request,
            "for_task.html",
            number=number,
            invoices=rows[:MOST_LINES],
            more=len(rows) > MOST_LINES,
            version=version,
            billed=billed,
            **words(handlers),
        )

    return [index, search, for_task]


def wanted_of(request: Request, handlers: Handlers) -> views.Wanted:
    """What the address narrows the list to."""
    query = request.query_params
    return handlers.wanted(
        status=query.get("status", ""),
        task=_key(query.get("task", "")),
        technician=_key(query.get("technician", "")),
        currency=query.get("currency", ""),
        words=query.get("q", ""),
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
    )


def _key(typed: str) -> int | None:
    """A number that is asked for; what is no number finds none, rather than all."""
    return (numbered(typed) or NOBODY) if typed.strip() else None


def _day(typed: str) -> date | None:
    """The day of a date field; one that a person wrote into the address by hand, and wrongly, narrows nothing."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
