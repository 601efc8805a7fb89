"""The lists of tasks and of clients as files; of a client they hold the name alone, as the pages do."""

from typing import Any

from litestar import get
from litestar.response import Stream

from shared.language import _, words
from shared.web import Request, zone_of
from shared.web.tables import Row, in_pages, table
from tasks import views
from tasks.handlers import Handlers
from tasks.handlers.filters import wanted_of
from tasks.views import TaskView


def routes(handlers: Handlers) -> list[Any]:
    @get(["/tasks.csv", "/tasks.xlsx"])
    async def exported(request: Request) -> Stream:
        """With the filters of the page."""
        wanted = wanted_of(request.query_params, zone_of(request))
        pages = in_pages(
            lambda after, rows: views.tasks(handlers.pool, wanted, after, rows), views.key_of(wanted), _row
        )
        return table(request, _head(), pages)

    @get(["/clients.csv", "/clients.xlsx"])
    async def exported_clients(request: Request) -> Stream:
        """Who fits the words of the page."""
        typed = request.query_params.get("q", "")
        pages = in_pages(
            lambda after, rows: views.clients(handlers.pool, typed, after, rows),
            lambda found: found[0],
            lambda found: (found[1].id, found[1].name, found[1].created_at),
        )
        return table(request, (_("Client"), _("Name"), _("Known since")), pages)

    return [exported, exported_clients]


def _head() -> Row:
    return (
        _("Task"),
        _("Title"),
        _("Description"),
        _("Area"),
        _("Priority"),
        _("Status"),
        _("In this status since"),
        _("Scheduled"),
        _("Technician"),
        _("Client"),
        _("Offers"),
        _("Created"),
    )


def _row(task: TaskView) -> Row:
    return (
        task.id,
        task.title,
        task.description,
        task.area,
        words(task.priority),
        words(task.status),
        task.status_since,
        task.scheduled_at,
        task.technician.name if task.technician else None,
        task.client.name,
        task.offer,
        task.created_at,
    )
