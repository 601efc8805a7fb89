"""A task's report as a PDF, in the site's language. The layout is `templates/report.typ`."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from reporting.figures import NOTHING, duration
from reporting.views import Answer, FullReport
from shared import language
from shared.contract.site import Site
from shared.document import compiled, press, said, typed
from shared.language import _, speaking, words
from shared.money import money
from shared.sentences import stored

LONG = 300
"""Lines of a timeline beyond which tags for screen readers make the file several times larger, and slow."""
MOST = 1000
"""Rows of a table that are printed, the newest: each takes some 70 KB of memory while the file is made."""


async def render(report: FullReport, site: Site, printed_at: datetime) -> bytes:
    """The PDF. Of the client it shows the name alone."""
    with speaking(site.language):
        values = _values(report, site, printed_at)
        values["tables"] = [_cut(each) for each in values["tables"]]
    tagged = len(report.timeline) <= LONG
    return await press.make(compiled, _layout(), values, printed_at, tagged=tagged)


def _values(report: FullReport, site: Site, printed_at: datetime) -> dict[str, Any]:
    zone = ZoneInfo(site.time_zone)
    task, rtl = report.task, language.direction() == "rtl"

    def time(moment: datetime | None) -> str:
        if moment is None:
            return NOTHING
        return language.moment(moment.astimezone(zone), year=True)

    facts = [
        (_("Client"), typed(task.client)),
        (_("Technician"), typed(task.technician_name or NOTHING)),
        (_("Area"), typed(task.area or NOTHING)),
        (_("Priority"), typed(words(task.priority))),
        (_("Scheduled"), typed(time(task.scheduled_at))),
        (_("Created"), typed(time(task.created_at))),
        (_("First sent"), typed(time(task.first_sent_at))),
        (_("Accepted"), typed(time(task.accepted_at))),
        (_("Completed"), typed(time(task.completed_at))),
        (_("Answer took"), typed(duration(task.response_seconds))),
    ]
    return {
        "language": language.language(),
        "rtl": rtl,
        "company": typed(site.company),
        "heading": _("Report"),
        "number": task.id,
        "title": typed(task.title),
        "description": [typed(line) for line in task.description.splitlines()],
        "status": words(task.status),
        "facts": facts,
        "printed": _("Printed on %(time)s", time=time(printed_at)),
        "page": _("Page"),
        "tables": [
            {
                "title": _("Responses"),
                "none": _("No technician has answered yet."),
                "head": [_("Technician"), _("Response"), _("Offer"), _("When"), _("Took")],
                "widths": [3, 4, 1, 3, 2],
                "rows": [
                    [
                        typed(each.technician_name),
                        typed(_response(each)),
                        typed(str(each.offer)),
                        typed(time(each.at)),
                        typed(duration(each.seconds)),
                    ]
                    for each in report.responses
                ],
            },
            {
                "title": _("Invoices"),
                "none": _("There is no invoice."),
                "head": [_("Invoice"), _("Total"), _("Status"), _("Created"), _("Sent"), _("Paid")],
                "widths": [2, 3, 2, 3, 3, 3],
                "rows": [
                    [
                        typed(f"#{each.id}"),
                        typed(money(each.total, each.currency, language.locale())),
                        typed(words(each.status)),
                        typed(time(each.created_at)),
                        typed(time(each.sent_at)),
                        typed(time(each.paid_at)),
                    ]
                    for each in report.invoices
                ],
            },
            {
                "title": _("Status history"),
                "none": "",
                "head": [_("From"), _("To"), _("When"), _("Who")],
                "widths": [2, 2, 3, 4],
                "rows": [
                    [
                        typed(words(each.before) if each.before else NOTHING),
                        typed(words(each.after)),
                        typed(time(each.at)),
                        typed(each.by),
                    ]
                    for each in report.status_history
                ],
            },
            {
                "title": _("Timeline"),
                "none": "",
                "head": [_("When"), _("What"), _("Who")],
                "widths": [3, 8, 3],
                "rows": [
                    [typed(time(each.at)), said(each.sentence, rtl=rtl), typed(each.by)]
                    for each in report.timeline
                ],
            },
        ],
    }


def _cut(table: dict[str, Any]) -> dict[str, Any]:
    """No longer than can be printed; what it leaves out, it says."""
    rows, note = table["rows"], ""
    if len(rows) > MOST:
        note = _(
            "The last %(most)s of %(count)s; all of them are on the report's page.",
            most=MOST,
            count=len(rows),
        )
    return table | {"rows": rows[-MOST:], "note": note}


def _response(answer: Answer) -> str:
    said = words(answer.response)
    if answer.taken_back_at:
        return f"{said}, {_('taken back')}"
    return f"{said}: {stored(answer.reason)}" if answer.reason else said


@cache
def _layout() -> bytes:
    return (files("reporting") / "templates" / "report.typ").read_bytes()
