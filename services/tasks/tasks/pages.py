"""Tasks and clients as HTML. Plain forms; htmx only makes them live."""

import re
from collections.abc import Awaitable, Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from msgspec import UNSET

from shared.contract.admin import Role
from shared.contract.task import ClientInfo, Priority, Status
from shared.refusal import Refused, Why
from shared.web import (
    Request,
    Response,
    after_of,
    command_id,
    form,
    fragment,
    identity,
    limit_of,
    needs,
    page,
    paged,
    see,
    words,
    zone_of,
)

from . import views
from .domain import checks
from .domain.task import Move, allowed, settable
from .handlers import NO_TASK, Asking, ClientChanges, Handlers, NewTask, TaskChanges, known_number
from .views import Wanted

SHOWN = [status for status in Status if status not in (Status.ABSENT, Status.DELETED)]
PRIORITIES = [(priority.value, words(priority.value)) for priority in Priority]
DEEP = 20
"""So many tasks a column of the board shows."""
FOUND = 20
"""So many clients are offered while a name is typed."""

CHOSEN_CLIENT = re.compile(r"(.*) #([0-9]{1,18})")
"""How a client that was looked up stands in the field: `Sigrid Lindqvist #12`."""


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    # ── Lists ────────────────────────────────────────────────────────────────

    @get("/tasks")
    async def index(request: Request) -> Response[str]:
        query = request.query_params
        status, technician = query.get("status", ""), query.get("technician", "")
        if query.get("view") == "board":
            return page(request, "board.html", board=await views.board(pool, DEEP))
        wanted = Wanted(
            checks.status_of(status) if status else None,
            number_in(technician) if technician else None,
            query.get("q", ""),
        )
        most = limit_of(request)
        rows = await views.tasks(pool, wanted, after_of(request, int), most)
        return page(
            request,
            "tasks.html",
            tasks=paged(rows, most, lambda task: task.id),
            statuses=SHOWN,
            technicians=await views.technician_names(pool),
        )

    @get("/clients")
    async def clients(request: Request) -> Response[str]:
        most = limit_of(request)
        rows = await views.clients(
            pool, request.query_params.get("q", ""), after_of(request, tuple[str, int]), most
        )
        return page(request, "clients.html", clients=paged(rows, most, lambda row: row[0]))

    @get("/clients/find")
    async def find_clients(request: Request) -> Response[str]:
        """Choices while a client's name is typed into a task's form."""
        rows = await views.clients(pool, request.query_params.get("client", ""), None, FOUND)
        return fragment(request, "client_choices.html", clients=[client for _, client in rows[:FOUND]])

    # ── A new task ───────────────────────────────────────────────────────────

    async def task_form(
        request: Request, typed: Mapping[str, str], refused: Refused | None = None
    ) -> Response[str]:
        return page(
            request,
            "task_new.html",
            refused=refused,
            typed=typed,
            priorities=PRIORITIES,
            technicians=await views.technicians(pool),
        )

    async def chosen(typed: str) -> int | None:
        """The client that was looked up; None for a name that is only typed, be it `Flat #12`."""
        found = CHOSEN_CLIENT.fullmatch(typed)
        client = await views.client(pool, int(found[2])) if found else None
        return client.id if client and found and client.name == found[1] else None

    async def namesake(request: Request, typed: Mapping[str, str]) -> int | None:
        """The known client of exactly this name, where nothing says that another one is meant."""
        if await handlers.journal.answered(command_id(request)):
            return None  # the same form again: what it added is no namesake
        known = await views.clients_called(pool, typed.get("client", "").strip())
        more = any(typed.get(field, "").strip() for field in ("phone", "email", "address", "notes"))
        if not known or (len(known) == 1 and not more):
            return known[0] if known else None
        which = " or ".join(f"“{typed['client'].strip()} #{number}”" for number in known[:3])
        sentence = (
            f"This name is known. Choose {which} from the list, or tell a new client apart by the name."
        )
        raise Refused(sentence, Why.INVALID, {"client": sentence})

    @get("/tasks/new")
    async def new_form(request: Request) -> Response[str]:
        needs(request, Role.DISPATCHER)
        typed = dict(request.query_params.items())
        asked_for = number_in(typed.get("client", ""))
        if asked_for and (client := await views.client(pool, asked_for)):
            typed["client"] = f"{client.name} #{client.id}"
        return await task_form(request, typed)

    @post("/tasks")
    async def create(request: Request) -> Response[Any]:
        typed = form(request)
        try:
            client = await chosen(typed.get("client", "")) or await namesake(request, typed)
            new = new_task(typed, client, zone_of(request).key)
            number = await handlers.create_task(new, asking(request))
        except Refused as refused:
            if refused.why not in (Why.INVALID, Why.NOT_NOW):
                raise
            return await task_form(request, typed, refused)
        return see(request, f"/tasks/{number}")

    # ── One task ─────────────────────────────────────────────────────────────

    async def card(
        request: Request,
        number: int,
        refused: Refused | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """typed  what an admin typed into the edit form, which a refusal must not lose"""
        state, _ = await handlers.task(number)
        task = await views.task(pool, number)
        if task is None:
            raise Refused(NO_TASK, Why.MISSING)
        changes = identity(request).role.covers(Role.DISPATCHER)
        erased = await views.client(pool, task.client.id) is None
        return page(
            request,
            "task.html",
            refused=refused,
            typed=typed,
            task=task,
            offers=await views.offers(pool, number),
            contact=await handlers.contact(task.client.id) if changes and not erased else None,
            moves=allowed(state) if changes else [],
            Move=Move,
            settable=settable(state) if changes else [],
            technicians=await views.technicians(pool) if changes else [],
            priorities=PRIORITIES,
        )

    async def done(request: Request, number: int, doing: Awaitable[Any]) -> Response[Any]:
        """After a refusal the card as it stands now, with the sentence."""
        try:
            await doing
        except Refused as refused:
            if refused.why not in (Why.INVALID, Why.NOT_NOW) or request.headers.get("hx-request"):
                raise
            return await card(request, number, refused)
        return see(request, f"/tasks/{number}")

    @get("/tasks/{number:int}")
    async def show(request: Request, number: FromPath[int]) -> Response[str]:
        return await card(request, number)

    @post("/tasks/{number:int}")
    async def edit(request: Request, number: FromPath[int]) -> Response[Any]:
        typed = form(request)
        task = await views.task(pool, known_number(number, NO_TASK))
        same_client = task is not None and typed.get("client") == f"{task.client.name} #{task.client.id}"
        try:
            client = UNSET if same_client else await chosen(typed.get("client", ""))
            if client is None:
                sentence = "Choose a client from the list; a new one is added on the clients page."
                raise Refused(sentence, Why.INVALID, {"client": sentence})
            changes = TaskChanges(
                title=typed.get("title", ""),
                description=typed.get("description", ""),
                area=typed.get("area", ""),
                priority=typed.get("priority", ""),
                scheduled_at=typed.get("scheduled_at", ""),
                client=client,
            )
            await handlers.edit_task(number, changes, asking(request), zone_of(request).key)
        except Refused as refused:
            if refused.why not in (Why.INVALID, Why.NOT_NOW):
                raise
            return await card(request, number, refused, typed)
        return see(request, f"/tasks/{number}")

    @post("/tasks/{number:int}/assignment")
    async def assign(request: Request, number: FromPath[int]) -> Response[Any]:
        technician = number_in(form(request).get("technician_id", ""))
        return await done(request, number, handlers.assign(number, technician, asking(request)))

    @post("/tasks/{number:int}/dispatch")
    async def dispatch(request: Request, number: FromPath[int]) -> Response[Any]:
        return await done(request, number, handlers.send(number, asking(request)))

    @post("/tasks/{number:int}/client-info")
    async def client_info(request: Request, number: FromPath[int]) -> Response[Any]:
        return await done(request, number, handlers.send_client_info(number, asking(request)))

    @post("/tasks/{number:int}/status")
    async def set_status(request: Request, number: FromPath[int]) -> Response[Any]:
        status = checks.status_of(form(request).get("status", ""))
        return await done(request, number, handlers.set_status(number, status, asking(request)))

    @get("/tasks/{number:int}/delete")
    async def ask_delete(request: Request, number: FromPath[int]) -> Response[str]:
        needs(request, Role.DISPATCHER)
        _, version = await handlers.task(number)
        return page(request, "task_delete.html", task=await views.task(pool, number), version=version)

    @post("/tasks/{number:int}/delete")
    async def delete(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.delete(number, asking(request))
        except Refused as refused:
            if refused.why is not Why.NOT_NOW:
                raise
            return await card(request, number, refused)
        return see(request, "/tasks")

    # ── One client ───────────────────────────────────────────────────────────

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
            client=client,
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
        return see(request, f"/clients/{number}")

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
        return see(request, f"/clients/{number}")

    @post("/clients/{number:int}/delete")
    async def erase_client(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.erase_client(number, asking(request))
        except Refused as refused:
            if refused.why is not Why.NOT_NOW:
                raise
            return await client_card(request, number, refused)
        return see(request, "/clients")

    return [
        index,
        clients,
        find_clients,
        new_form,
        create,
        show,
        edit,
        assign,
        dispatch,
        client_info,
        set_status,
        ask_delete,
        delete,
        new_client,
        add_client,
        show_client,
        edit_client,
        erase_client,
    ]


# ── From forms ───────────────────────────────────────────────────────────────


def asking(request: Request) -> Asking:
    version = form(request).get("version", "")
    expected = number_in(version) if version else None
    return Asking(identity(request).actor, command_id(request), expected)


def new_task(typed: Mapping[str, str], client_id: int | None, zone: str) -> NewTask:
    """Every sentence at once: of the task, and of a client who is new."""
    fields: dict[str, str] = {}
    details, client = None, None
    try:
        details = checks.task_details(typed_details(typed), zone)
    except Refused as refused:
        fields |= refused.fields
    if client_id is None:
        try:
            client = checks.contact(contact_in(typed, "client"))
        except Refused as refused:
            fields |= {"client" if name == "name" else name: said for name, said in refused.fields.items()}
    if fields or details is None:
        raise Refused("Nothing was saved yet: please look at the marked fields.", Why.INVALID, fields)
    technician = typed.get("technician_id", "")
    return NewTask(
        details,
        number_in(technician) if technician else None,
        client_id,
        client,
        send=typed.get("then") == "send",
    )


def typed_details(typed: Mapping[str, str]) -> checks.Typed:
    return checks.Typed(
        typed.get("title", ""),
        typed.get("description", ""),
        typed.get("area", ""),
        typed.get("priority", Priority.NORMAL),
        typed.get("scheduled_at", ""),
    )


def contact_in(typed: Mapping[str, str], name: str = "name") -> ClientInfo:
    fields = (typed.get(field, "") for field in (name, "phone", "email", "address", "notes"))
    return ClientInfo(*fields)


def number_in(typed: str) -> int:
    """0, which nothing has as its number, for what is none."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0
