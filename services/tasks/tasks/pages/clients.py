"""Clients: who they are, how they are reached, and their tasks."""

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath

from shared.contract.admin import Role
from shared.refusal import Refused, Why
from shared.web import Done, Request, Response, after_of, form, identity, limit_of, needs, page, paged, see
from tasks import views
from tasks.domain import checks
from tasks.handlers import ClientChanges, Handlers
from tasks.views import Wanted

from .typed import address, asking, contact_in, saved


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    @get("/clients")
    async def clients(request: Request) -> Response[str]:
        most = limit_of(request)
        typed = request.query_params.get("q", "")
        rows = await views.clients(pool, typed, after_of(request, tuple[str, int]), most)
        listed = paged(rows, most, lambda row: row[0])
        counts = await views.tasks_of(pool, [client.id for _, client in listed.items])
        headers = {"HX-Push-Url": address(request)} if request.headers.get("hx-request") else None
        return page(request, "clients.html", headers=headers, clients=listed, counts=counts)

    async def client_card(
        request: Request,
        number: int,
        refused: Refused | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response[str]:
        client = await handlers.client(number)
        changes = identity(request).role.covers(Role.DISPATCHER)
        rows = await views.tasks(pool, Wanted(client=number), after_of(request, int), limit_of(request))
        return page(
            request,
            "client.html",
            refused=refused,
            typed=typed,
            editing=changes and (typed is not None or bool(request.query_params.get("edit"))),
            client=client,
            changes=changes,
            contact=await handlers.contact(number) if changes else None,
            tasks=paged(rows, limit_of(request), lambda task: task.id),
        )

    @get("/clients/new")
    async def new_client(request: Request) -> Response[str]:
        needs(request, Role.DISPATCHER)
        return page(request, "client_new.html", typed={})

    @post("/clients")
    async def add_client(request: Request) -> Response[Any]:
        typed = form(request)
        try:
            number = await handlers.add_client(checks.contact(contact_in(typed)), asking(request))
        except Refused as refused:
            if refused.why is not Why.INVALID:
                raise
            return page(request, "client_new.html", refused=refused, typed=typed)
        return saved(request, f"/clients/{number}")

    @get("/clients/{number:int}")
    async def show_client(request: Request, number: FromPath[int]) -> Response[str]:
        return await client_card(request, number)

    @post("/clients/{number:int}")
    async def edit_client(request: Request, number: FromPath[int]) -> Response[Any]:
        typed = form(request)
        info = contact_in(typed)
        changes = ClientChanges(info.name, info.phone, info.email, info.address, info.notes)
        try:
            await handlers.edit_client(number, changes, asking(request))
        except Refused as refused:
            if refused.why not in (Why.INVALID, Why.NOT_NOW):
                raise
            return await client_card(request, number, refused, typed)
        return saved(request, f"/clients/{number}")

    @get("/clients/{number:int}/delete")
    async def ask_erase(request: Request, number: FromPath[int]) -> Response[str]:
        needs(request, Role.DISPATCHER)
        client = await handlers.client(number)
        return page(
            request,
            "client_erase.html",
            client=client,
            count=(await views.tasks_of(pool, [number])).get(number, 0),
        )

    @post("/clients/{number:int}/delete")
    async def erase_client(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.erase_client(number, asking(request))
        except Refused as refused:
            if refused.why is not Why.NOT_NOW:
                raise
            return await client_card(request, number, refused)
        return see(request, "/clients", Done.CLIENT_ERASED, number)

    return [clients, new_client, add_client, show_client, edit_client, ask_erase, erase_client]
