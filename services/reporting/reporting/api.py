"""Reports and the audit log as JSON."""

from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get
from litestar.params import FromPath, FromQuery, QueryParameter

from reporting.domain import span
from reporting.handlers import Handlers
from reporting.views import AuditFilter, FullReport, Line, ReportFilter, TaskReport
from shared.contract.task import Status
from shared.numbers import BIGGEST
from shared.web import (
    DAY,
    After,
    Limit,
    Page,
    Request,
    after_of,
    command_id,
    identity,
    limit_of,
    paged,
    zone_of,
)

Number = Annotated[int | None, QueryParameter(ge=1, le=BIGGEST)]
Kind = Annotated[str | None, QueryParameter(description="The name of an event, such as `TaskAccepted`")]
Actor = Annotated[
    str | None, QueryParameter(description="As in an event, such as `admin:anna` or `technician:77`")
]
Words = Annotated[
    str | None, QueryParameter(description="Words of title, area and description, or a task's number")
]
From = Annotated[
    str | None,
    QueryParameter(name="from", schema_extra=DAY, description="The first day on the site's clock"),
]
To = Annotated[
    str | None, QueryParameter(name="to", schema_extra=DAY, description="The last day, which counts too")
]


def routes(handlers: Handlers) -> list[Any]:
    @get("/api/reports")
    async def listed(
        request: Request,
        status: FromQuery[Status | None] = None,
        technician: Number = None,
        q: Words = None,
        first: From = None,
        last: To = None,
        after: After = None,
        limit: Limit = None,
    ) -> Page[TaskReport]:
        wanted = ReportFilter(status, technician, q, *span(first or "", last or "", zone_of(request)))
        rows = await handlers.reports(wanted, after_of(request, int), limit_of(request) + 1)
        return paged(rows, limit_of(request), lambda task: task.id)

    @get("/api/reports/tasks/{task:int}")
    async def shown(task: FromPath[int]) -> FullReport:
        return await handlers.report(task)

    @delete("/api/reports/tasks/{task:int}")
    async def deleted(request: Request, task: FromPath[int]) -> None:
        await handlers.delete_report(task, actor=identity(request).actor, command_id=command_id(request))

    @get("/api/audit")
    async def audit(
        request: Request,
        kind: Kind = None,
        actor: Actor = None,
        task: Number = None,
        first: From = None,
        last: To = None,
        after: After = None,
        limit: Limit = None,
    ) -> Page[Line]:
        wanted = AuditFilter(kind, actor, task, *span(first or "", last or "", zone_of(request)))
        rows = await handlers.audit(wanted, after_of(request, UUID), limit_of(request) + 1)
        return paged(rows, limit_of(request), lambda line: line.id)

    return [listed, shown, deleted, audit]
