"""The overview, reports and the audit log as pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, get_args
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Stream

from reporting import exports, views
from reporting.handlers import Handlers
from reporting.views import AuditFilter, ReportFilter
from shared.contract import AnyEvent
from shared.contract.site import Site
from shared.contract.task import Status
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from shared.web import (
    Request,
    Response,
    after_of,
    command_id,
    fragment,
    identity,
    limit_of,
    page,
    paged,
    see,
    zone_of,
)

STATUSES = [status for status in Status if status is not Status.ABSENT]


def routes(handlers: Handlers, pool: asyncpg.Pool, site: Callable[[], Site]) -> list[Any]:
    @get("/")
    async def overview(request: Request) -> Response[str]:
        now = datetime.now(UTC)
        midnight = now.astimezone(zone_of(request)).replace(hour=0, minute=0, second=0, microsecond=0)
        shown = await views.overview(pool, now, midnight, timedelta(minutes=site().no_answer_minutes))
        return page(request, "overview.html", overview=shown, now=now, statuses=STATUSES)

    @get("/reports")
    async def listed(request: Request) -> Response[str]:
        wanted, limit = _reports_wanted(request), limit_of(request)
        rows = await handlers.reports(wanted, after_of(request, int), limit + 1)
        return page(
            request,
            "reports.html",
            reports=paged(rows, limit, lambda task: task.id),
            wanted=wanted,
            statuses=STATUSES,
            technicians=await views.technicians(pool),
        )

    @get("/reports.csv")
    async def reports_csv(request: Request) -> Stream:
        return _csv("reports", exports.reports(pool, _reports_wanted(request), zone_of(request)))

    @get("/reports/{task:int}")
    async def shown(request: Request, task: FromPath[int]) -> Response[str]:
        return page(request, "report.html", report=await handlers.report(task))

    @post("/reports/{task:int}/delete")
    async def delete(request: Request, task: FromPath[int]) -> Response[None]:
        await handlers.delete_report(task, actor=identity(request).actor, command_id=command_id(request))
        return see(request, "/reports")

    @get("/reports/for-task/{task:int}")
    async def for_task(request: Request, task: FromPath[int]) -> Response[str]:
        known = 0 < task <= BIGGEST
        return fragment(
            request,
            "for_task.html",
            task=task,
            lines=await views.timeline(pool, task) if known else [],
            deleted=known and await views.is_deleted(pool, task),
        )

    @get("/audit")
    async def audit(request: Request) -> Response[str]:
        wanted, limit = _audit_wanted(request), limit_of(request)
        rows = await handlers.audit(wanted, after_of(request, UUID), limit + 1)
        return page(
            request,
            "audit.html",
            lines=paged(rows, limit, lambda line: line.id),
            wanted=wanted,
            actors=await views.actors(pool),
            kinds=KINDS,
        )

    @get("/audit.csv")
    async def audit_csv(request: Request) -> Stream:
        wanted = _audit_wanted(request)
        await handlers.audit(wanted, None, 1)  # refused now rather than in the middle of the file
        return _csv("audit", exports.audit(pool, wanted, zone_of(request)))

    return [overview, listed, reports_csv, shown, delete, for_task, audit, audit_csv]


def _kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """aggregate → its events with readable names: ("task", [("TaskCreated", "Task created"), …])."""
    return [
        (module.rpartition(".")[2], [(event.__name__, _readable(event.__name__)) for event in events])
        for module, events in groupby(get_args(AnyEvent), key=lambda event: event.__module__)
    ]


def _readable(kind: str) -> str:
    """`ClientInfoSent` → "Client info sent"."""
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    return text[:1].upper() + text[1:]


KINDS = _kinds()


def _audit_wanted(request: Request) -> AuditFilter:
    return AuditFilter(
        kind=_text(request, "kind"), actor=_text(request, "actor"), task=_number(request, "task")
    )


def _reports_wanted(request: Request) -> ReportFilter:
    status = _text(request, "status")
    if status and status not in STATUSES:
        raise Refused("There is no such status.", Why.INVALID, {"status": "Such as completed."})
    return ReportFilter(
        status=Status(status) if status else None,
        technician=_number(request, "technician"),
        q=_text(request, "q"),
    )


def _text(request: Request, name: str) -> str | None:
    return request.query_params.get(name, "").strip() or None


def _number(request: Request, name: str) -> int | None:
    given = (_text(request, name) or "").removeprefix("#")
    if not given:
        return None
    if not given.isdecimal() or len(given) > 19 or int(given) > BIGGEST:
        raise Refused(f"The {name} is a number, such as 1042.", Why.INVALID, {name: "A number."})
    return int(given)


def _csv(name: str, rows: Any) -> Stream:
    return Stream(
        rows,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
