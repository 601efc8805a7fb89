"""Before something goes to a technician whom nobody has kept: whether that is meant."""

from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath

from shared import site
from shared.contract.admin import Role
from shared.keeping import NotKept
from shared.language import N_, _
from shared.refusal import Refused, Why
from shared.web import Request, Response, form, needs, page, see
from tasks import views
from tasks.handlers import NO_TASK, Handlers, known_number
from tasks.handlers.filters import looked_up
from tasks.views import TaskView, Technician

SENDINGS = {
    "dispatch": N_("Keep %(name)s and send?"),
    "client-info": N_("Keep %(name)s and send the client info?"),
    "assignment": N_("Keep %(name)s and send?"),
}
"""What a sending posts to, below the task's address, and the question before it."""
KEEP_FIRST = N_("Keep %(name)s first?")
"""The question where the settings let only kept technicians be sent anything."""
ASK = "Callout-Ask"
"""The header that names the page with the question, for a script."""


def question_of(request: Request, number: int, technician: int) -> str:
    """The page that asks before what this request wants is done."""
    what = request.url.path.rpartition("/")[2]
    if what == "column":
        return f"/tasks/{number}/column?{urlencode({'to': form(request).get('to', '')})}"
    return f"/tasks/{number}/keeping?{urlencode({'what': what, 'technician': technician})}"


def asks(request: Request, number: int, strange: NotKept) -> Response[Any]:
    """On to the question; a script is told where it stands, and asks it on its own page."""
    there = question_of(request, number, strange.technician)
    if not request.headers.get("hx-request"):
        return see(request, there)
    return Response(None, status_code=204, headers={ASK: there})


async def keep_page(
    request: Request,
    handlers: Handlers,
    task: TaskView,
    technician: Technician,
    *,
    what: str,
    asked: str,
    fields: dict[str, Any],
    part: str = "keep-form",
    sentence: str = "",
) -> Response[str]:
    """
    what      posted to, below the task's address, with these fields
    part      the id of the form, by which a dialog finds it
    sentence  what else is to be known before
    """
    forbidden = (await site.current(handlers.pool)).only_kept_technicians
    return page(
        request,
        "task_keep.html",
        task=task,
        technician=technician,
        asked=_(KEEP_FIRST if forbidden else asked, name=technician.name),
        action=f"/tasks/{task.id}/{what}",
        fields=fields | {"version": task.version, "keep": technician.id},
        part=part,
        sentence=sentence,
        forbidden=forbidden,
    )


def routes(handlers: Handlers) -> list[Any]:
    @get("/tasks/{number:int}/keeping")
    async def ask_keep(request: Request, number: FromPath[int]) -> Response[Any]:
        """Whoever is kept by now is asked about no more: then the task's page has the button."""
        needs(request, Role.DISPATCHER)
        task = await views.task(handlers.pool, known_number(number, NO_TASK))
        what = request.query_params.get("what", "")
        if task is None or what not in SENDINGS:
            raise Refused(_(NO_TASK), Why.MISSING)
        chosen = looked_up(request.query_params.get("technician", "")) or (
            task.technician.id if task.technician else 0
        )
        technician = await views.newcomer(handlers.pool, chosen)
        if technician is None:
            return see(request, f"/tasks/{number}")
        fields = {"technician_id": chosen, "then": "send"} if what == "assignment" else {}
        return await keep_page(
            request, handlers, task, technician, what=what, asked=SENDINGS[what], fields=fields
        )

    return [ask_keep]
