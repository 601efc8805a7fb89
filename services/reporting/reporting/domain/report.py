"""Whether a task's report is still there, and what finds it, decided without I/O.

A report is folded from what others tell; the only thing that happens to the report
itself is its deletion, which is for good: a task's number is never given again.
"""

import re
import unicodedata
from typing import TypeAlias

from msgspec import Struct

from shared.contract.report import ReportDeleted, ReportEvent
from shared.journal import Decider
from shared.language import _
from shared.refusal import Refused, Why


class Report(Struct, frozen=True):
    deleted: bool = False


class DeleteReport(Struct, frozen=True, tag=True):
    """task is the number of a task that is known to have a report."""

    task: int


ReportCommand: TypeAlias = DeleteReport


def decide(command: ReportCommand, report: Report) -> list[ReportEvent]:
    match report.deleted:
        case True:
            raise Refused(gone(command.task), Why.MISSING)
        case False:
            return [ReportDeleted(command.task)]


def evolve(report: Report, event: ReportEvent) -> Report:
    match event:
        case ReportDeleted():
            return Report(deleted=True)


def gone(task: int) -> str:
    return _(
        "The report of task #%(number)s was deleted. What happened is still in the audit log.", number=task
    )


def words(text: str) -> list[str]:
    """The words that a search compares, alike for what is stored and what is asked, whatever the database's locale."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in re.findall(r"[^\W_]+", folded)))


LONGEST_WORD = 100  # PostgreSQL takes lexemes up to 2 KB

REPORTS = Decider(aggregate="report", initial=Report(), decide=decide, evolve=evolve, events=ReportEvent)
