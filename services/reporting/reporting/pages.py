"""The overview, reports and the audit log as pages."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, get_args
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Stream

from reporting import charts, document, exports, views
from reporting.domain import CHOICES, DAY, begin_of, chosen_period, limit_began, span
from reporting.figures import count, duration, percent
from reporting.handlers import Handlers
from reporting.views import AuditFilter, ReportFilter
from shared import clock
from shared.contract import AnyEvent
from shared.contract.site import Site
from shared.contract.task import Status
from shared.document import MEDIA_TYPE, attachment
from shared.language import N_, _
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from shared.sentences import AGGREGATES, label
from shared.web import (
    Done,
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
from shared.web.tables import table

STATUSES = [status for status in Status if status is not Status.ABSENT]
STANDING = [status for status in STATUSES if status is not Status.DELETED]
RECENT = 15  # lines of the live activity
KINDS: list[tuple[str, list[str]]] = [
    (module.rpartition(".")[2], [event.__name__ for event in events])
    for module, events in groupby(get_args(AnyEvent), key=lambda event: event.__module__)
]
"""aggregate → its kinds of events: ("task", ["TaskCreated", …])."""

shown_on = partial(page, count=count, duration=duration, percent=percent, label=label)


def routes(handlers: Handlers, pool: asyncpg.Pool, site: Callable[[], Site]) -> list[Any]:
    @get("/")
    async def overview(request: Request) -> Response[str]:
        now, zone, settings = clock.now(), zone_of(request), site()
        today = now.astimezone(zone).date()
        query = request.query_params
        period = chosen_period(query.get("days", ""), query.get("from", ""), query.get("to", ""), today)
        late = limit_began(now, timedelta(minutes=settings.no_answer_minutes), settings.working_hours, zone)
        # The same hours of each day: half a day beside a whole one would always look poor.
        gone = now - begin_of(today, zone)
        begins = [begin_of(today - DAY * back, zone) for back in (0, 1, 7)]
        measured, waiting, days, standing, recent = await asyncio.gather(
            views.statistics(pool, period.bounds(zone)),
            views.attention(pool, now, late, today),
            views.days(pool, [(begin, begin + gone) for begin in begins]),
            views.standing(pool),
            views.recent(pool, RECENT),
        )
        return shown_on(
            request,
            "overview.html",
            now=now,
            attention=waiting,
            days=days,
            standing=standing,
            statuses=STANDING,
            period=period,
            choices=CHOICES,
            statistics=measured,
            charts={
                "outcomes": charts.outcomes(measured, period),
                "response": charts.times(measured.response, period, "blue"),
                "completion": charts.times(measured.completion, period, "purple"),
            },
            recent=recent,
        )

    @get("/reports")
    async def listed(request: Request) -> Response[str]:
        wanted, limit = _reports_wanted(request), limit_of(request)
        rows = await handlers.reports(wanted, after_of(request, int), limit + 1)
        return shown_on(
            request,
            "reports.html",
            reports=paged(rows, limit, lambda task: task.id),
            wanted=wanted,
            statuses=STATUSES,
            technicians=await views.technicians(pool),
        )

    @get(["/reports.csv", "/reports.xlsx"])
    async def listed_as_file(request: Request) -> Stream:
        wanted = _reports_wanted(request)
        return table(request, exports.report_head(), exports.reports(handlers, wanted))

    @get("/reports/{task:int}")
    async def shown(request: Request, task: FromPath[int]) -> Response[str]:
        return shown_on(request, "report.html", report=await handlers.report(task))

    @get("/reports/{task:int}/document")
    async def printed(task: FromPath[int]) -> Response[bytes]:
        report = await handlers.report(task)
        pdf = await document.render(report, site(), clock.now())
        return Response(pdf, media_type=MEDIA_TYPE, headers=attachment(f"report-{task}.pdf"))

    @post("/reports/{task:int}/delete")
    async def delete(request: Request, task: FromPath[int]) -> Response[None]:
        await handlers.delete_report(task, actor=identity(request).actor, command_id=command_id(request))
        return see(request, "/reports", Done.REPORT_DELETED, task)

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
        return shown_on(
            request,
            "audit.html",
            lines=paged(rows, limit, lambda line: line.id),
            wanted=wanted,
            actors=await views.actors(pool),
            kinds=KINDS,
            aggregates=AGGREGATES,
        )

    @get(["/audit.csv", "/audit.xlsx"])
    async def audit_as_file(request: Request) -> Stream:
        wanted = _audit_wanted(request)
        await handlers.audit(wanted, None, 1)  # refused now rather than in the middle of the file
        return table(request, exports.audit_head(), exports.audit(handlers, wanted))

    return [overview, listed, listed_as_file, shown, printed, delete, for_task, audit, audit_as_file]


def _audit_wanted(request: Request) -> AuditFilter:
    begin, end = _span(request)
    return AuditFilter(
        kind=_text(request, "kind"),
        actor=_text(request, "actor"),
        task=_number(request, "task"),
        begin=begin,
        end=end,
    )


def _reports_wanted(request: Request) -> ReportFilter:
    status = _text(request, "status")
    if status and status not in STATUSES:
        sentence = _("There is no such status.")
        raise Refused(sentence, Why.INVALID, {"status": sentence})
    begin, end = _span(request)
    return ReportFilter(
        status=Status(status) if status else None,
        technician=_number(request, "technician"),
        q=_text(request, "q"),
        begin=begin,
        end=end,
    )


def _span(request: Request) -> tuple[datetime | None, datetime | None]:
    query = request.query_params
    return span(query.get("from", ""), query.get("to", ""), zone_of(request))


def _text(request: Request, name: str) -> str | None:
    return request.query_params.get(name, "").strip() or None


NOT_A_NUMBER = {
    "task": N_("The task is a number, such as 1042."),
    "technician": N_("The technician is a number: the id in Telegram."),
}


def _number(request: Request, name: str) -> int | None:
    given = (_text(request, name) or "").removeprefix("#")
    if not given:
        return None
    if not given.isdecimal() or len(given) > 19 or int(given) > BIGGEST:
        sentence = _(NOT_A_NUMBER[name])
        raise Refused(sentence, Why.INVALID, {name: sentence})
    return int(given)
