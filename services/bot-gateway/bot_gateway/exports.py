"""The list of technicians as a file."""

from typing import Any

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream

from bot_gateway import views
from bot_gateway.handlers import Handlers
from bot_gateway.views import TechnicianView
from shared.language import _, words
from shared.web import Request
from shared.web.tables import Row, in_pages, table


def routes(handlers: Handlers) -> list[Any]:
    @get(["/technicians.csv", "/technicians.xlsx"])
    async def exported(
        request: Request, q: FromQuery[str] = "", status: FromQuery[str] = "", sort: FromQuery[str] = ""
    ) -> Stream:
        """With the filters and the order of the page."""
        order = views.order(sort)
        await views.technicians(handlers.pool, None, 1, q=q, status=status)  # refused now, not in the file
        pages = in_pages(
            lambda after, rows: views.technicians(
                handlers.pool, after, rows, q=q, status=status, order=order
            ),
            order.place,
            _row,
        )
        return table(request, _head(), pages)

    return [exported]


def _head() -> Row:
    return (
        _("Telegram id"),
        _("Name"),
        _("Name in Telegram"),
        _("Username"),
        _("Profile"),
        _("Language"),
        _("Status"),
        _("Note"),
        _("Registered"),
        _("Open tasks"),
        _("Accepted"),
        _("Rejected"),
        _("Completed"),
        _("Acceptance, percent"),
        _("Seconds to the answer"),
    )


def _row(technician: TechnicianView) -> Row:
    return (
        technician.telegram_id,
        technician.name,
        technician.telegram_name,
        technician.username,
        technician.profile_link,
        technician.language,
        words(technician.status),
        technician.note,
        technician.registered_at,
        technician.open_tasks,
        technician.accepted,
        technician.rejected,
        technician.completed,
        technician.acceptance_rate,
        technician.answers_within,
    )
