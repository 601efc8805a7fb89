"""What can be asked of reporting, once for HTML and JSON."""

from uuid import UUID

import asyncpg

from reporting import views
from reporting.domain import REPORTS, DeleteReport, gone
from shared.contract.event import stream_name
from shared.journal import Journal, Outcome
from shared.journal.freshness import Freshness, refusals_made_sure
from shared.language import _
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, freshness: Freshness) -> None:
        self.freshness = freshness
        self._journal = journal
        self._pool = pool

    @refusals_made_sure
    async def report(self, task: int) -> views.FullReport:
        """The whole story of a task; Refused with a sentence where it is deleted or was never there."""
        if 0 < task <= BIGGEST:
            found = await views.report(self._pool, task)
            if found:
                return found
            if await views.is_deleted(self._pool, task):
                raise Refused(gone(task), Why.MISSING)
        raise no_report(task)

    @refusals_made_sure
    async def delete_report(self, task: int, *, actor: str, command_id: UUID | None = None) -> Outcome:
        if not 0 < task <= BIGGEST or not await views.has_report(self._pool, task):
            raise no_report(task)
        return await self._journal.handle(
            REPORTS, task, DeleteReport(task), actor=actor, command_id=command_id
        )

    async def audit(self, wanted: views.AuditFilter, after: UUID | None, rows: int) -> list[views.Line]:
        """Newest first. A kind that no event has is refused, since it would look as if nothing had happened."""
        if wanted.kind is not None and wanted.kind not in views.KINDS:
            sentence = _("There is no such kind of event.")
            raise Refused(sentence, Why.INVALID, {"kind": sentence})
        return await views.audit(self._pool, wanted, after, rows)

    async def reports(
        self, wanted: views.ReportFilter, after: int | None, rows: int
    ) -> list[views.TaskReport]:
        """Highest number first."""
        return await views.reports(self._pool, wanted, after, rows)


def no_report(task: int) -> Refused:
    """A task of this number may just have been created."""
    told = (stream_name("task", task),) if 0 < task <= BIGGEST else ()
    return Refused(_("There is no report of a task #%(number)s.", number=task), Why.MISSING, rests_on=told)
