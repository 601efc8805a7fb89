"""A new task: the work, for whom, and who does it."""

from collections.abc import Mapping
from typing import Any

from litestar import get, post

from shared.contract.admin import Role
from shared.keeping import NotKept
from shared.refusal import Refused
from shared.web import Request, Response, form, fragment, needs, page, zone_of
from tasks import views
from tasks.handlers import Handlers
from tasks.handlers.filters import looked_up

from .lists import FOUND, choice, priorities
from .lookups import chosen_client, namesake
from .typed import AT_THE_FORM, asking, new_task, saved


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    async def task_form(
        request: Request, typed: Mapping[str, str], refused: Refused | None = None
    ) -> Response[str]:
        known = await chosen_client(handlers, typed.get("client", ""))
        strange = refused if isinstance(refused, NotKept) else None
        return page(
            request,
            "task_new.html",
            refused=refused,
            typed=typed,
            priorities=priorities(),
            known=await views.client(pool, known) if known else None,
            choice=await choice(handlers, typed),
            stranger=await views.newcomer(pool, strange.technician) if strange else None,
            forbidden=strange is not None and strange.forbidden,
        )

    @get("/tasks/new")
    async def new_form(request: Request) -> Response[str]:
        needs(request, Role.DISPATCHER)
        typed = dict(request.query_params.items())
        asked_for = looked_up(typed.get("client", ""))
        if asked_for and (client := await views.client(pool, asked_for)):
            typed["client"] = f"{client.name} #{client.id}"
        return await task_form(request, typed)

    @post("/tasks")
    async def create(request: Request) -> Response[Any]:
        typed = form(request)
        if typed.get("then") == "find":  # where no script looks up what is typed
            return await task_form(request, typed)
        try:
            client = await chosen_client(handlers, typed.get("client", ""))
            client = client or await namesake(handlers, request, typed)
            new = new_task(typed, client, zone_of(request).key)
            number = await handlers.create_task(new, asking(request))
        except Refused as refused:
            if refused.why not in AT_THE_FORM:
                raise
            return await task_form(request, typed, refused)
        return saved(request, f"/tasks/{number}")

    @get("/clients/find")
    async def find_clients(request: Request) -> Response[str]:
        """Choices while a client's name is typed into a task's form, and which one is chosen by now."""
        typed = request.query_params.get("client", "")
        known = await chosen_client(handlers, typed)
        rows = await views.clients(pool, typed.rpartition(" #")[0] if known else typed, None, FOUND)
        return fragment(
            request,
            "client_choices.html",
            clients=[client for _, client in rows[:FOUND]],
            known=await views.client(pool, known) if known else None,
        )

    return [new_form, create, find_clients]
