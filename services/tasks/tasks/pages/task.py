"""One task: its facts, its people, what happened, and what may be done."""

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from msgspec import UNSET

from shared.contract.admin import Role
from shared.contract.task import Status
from shared.keeping import NotKept
from shared.language import _, word
from shared.refusal import Refused, Why
from shared.web import Done, Request, Response, form, fragment, identity, needs, page, see, zone_of
from tasks import views
from tasks.domain import checks
from tasks.domain.moves import Allowed, allowed, dropped, question, undo
from tasks.domain.task import AssignTask, SendClientInfo, SendTask, SetStatus, Task, TaskCommand, decide
from tasks.handlers import NO_TASK, Handlers, TaskChanges, known_number
from tasks.handlers.filters import number_in
from tasks.views import TaskView

from .ages import age, longer_than
from .buttons import buttons
from .consequences import consequence
from .keeping import SENDINGS, asks, keep_page
from .lists import choice, priorities
from .lookups import chosen_client
from .typed import AT_THE_FORM, asking, came_from, saved


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    async def shown(number: int) -> TaskView:
        task = await views.task(pool, known_number(number, NO_TASK))
        if task is None:
            raise Refused(_(NO_TASK), Why.MISSING)
        return task

    async def card(
        request: Request,
        number: int,
        refused: Refused | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """typed  what an admin typed into the facts, which a refusal must not lose"""
        state, _version = await handlers.task(number)
        task = await shown(number)
        changes = identity(request).role.covers(Role.DISPATCHER)
        erased = await views.client(pool, task.client.id) is None
        return page(
            request,
            "task.html",
            refused=refused,
            typed=typed,
            editing=changes and (typed is not None or bool(request.query_params.get("edit"))),
            task=task,
            erased=erased,
            offers=await views.offers(pool, number),
            contact=await handlers.contact(task.client.id) if changes and not erased else None,
            changes=changes,
            buttons=buttons(task, state, allowed(state) if changes else Allowed()),
            priorities=priorities(),
            age=age,
            longer_than=longer_than,
        )

    async def done(request: Request, number: int, command: TaskCommand) -> Response[Any]:
        """A script gets what happened as a line to show; a browser the page it came from, or the sentence."""
        here = request.headers.get("hx-target") == "toasts"
        before = (await handlers.task(number))[0] if here else Task()
        try:
            await carry_out(request, number, command)
        except NotKept as strange:
            return asks(request, number, strange)
        except Refused as refused:
            if refused.why not in AT_THE_FORM or request.headers.get("hx-request"):
                raise
            return await card(request, number, refused)
        if not here:
            return see(request, came_from(request, f"/tasks/{number}"))
        after, version = await handlers.task(number)
        status = word(after.status)
        return fragment(
            request,
            "task_done.html",
            number=number,
            version=version,
            sentence=_("Task #%(number)s is %(status)s now.", number=number, status=status)
            if after.status is not before.status
            else _("Task #%(number)s stays %(status)s: done.", number=number, status=status),
            undo=undo(before, after) if isinstance(command, SetStatus) else None,
        )

    # ── Looking ──────────────────────────────────────────────────────────────

    @get("/tasks/{number:int}")
    async def show(request: Request, number: FromPath[int]) -> Response[str]:
        return await card(request, number)

    @get("/tasks/{number:int}/menu")
    async def menu(request: Request, number: FromPath[int]) -> Response[str]:
        """What may be done with a card of the board."""
        needs(request, Role.DISPATCHER)
        state, _version = await handlers.task(number)
        task = await shown(number)
        return fragment(request, "task_menu.html", task=task, buttons=buttons(task, state, allowed(state)))

    # ── Changing ─────────────────────────────────────────────────────────────

    @post("/tasks/{number:int}")
    async def edit(request: Request, number: FromPath[int]) -> Response[Any]:
        typed = form(request)
        task = await shown(number)
        same_client = typed.get("client") == f"{task.client.name} #{task.client.id}"
        try:
            client = UNSET if same_client else await chosen_client(handlers, typed.get("client", ""))
            if client is None:
                sentence = _("Choose a client from the list; a new one is added on the clients page.")
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
            if refused.why not in AT_THE_FORM:
                raise
            return await card(request, number, refused, typed)
        return saved(request, f"/tasks/{number}")

    async def assignment_form(
        request: Request, number: int, typed: Mapping[str, str], refused: Refused | None = None
    ) -> Response[str]:
        state, _version = await handlers.task(number)
        task = await shown(number)
        asked = question(state, Status.ASSIGNED)
        return page(
            request,
            "task_assign.html",
            refused=refused,
            task=task,
            sentence=consequence(asked, state, Status.ASSIGNED, task) if asked else "",
            choice=await choice(handlers, typed, number),
        )

    @get("/tasks/{number:int}/assignment")
    async def ask_assign(request: Request, number: FromPath[int]) -> Response[str]:
        needs(request, Role.DISPATCHER)
        return await assignment_form(request, number, {})

    @post("/tasks/{number:int}/assignment")
    async def assign(request: Request, number: FromPath[int]) -> Response[Any]:
        typed = form(request)
        if typed.get("then") == "find":
            return await assignment_form(request, number, typed)
        try:
            if not typed.get("technician_id"):
                sentence = _("Choose a technician.")
                raise Refused(sentence, Why.INVALID, {"technician_id": sentence})
            return await done(request, number, AssignTask(number_in(typed["technician_id"])))
        except Refused as refused:
            if refused.why is not Why.INVALID or request.headers.get("hx-request"):
                raise
            return await assignment_form(request, number, typed, refused)

    @post("/tasks/{number:int}/dispatch")
    async def dispatch(request: Request, number: FromPath[int]) -> Response[Any]:
        return await done(request, number, SendTask())

    @post("/tasks/{number:int}/client-info")
    async def client_info(request: Request, number: FromPath[int]) -> Response[Any]:
        return await done(request, number, SendClientInfo())

    @post("/tasks/{number:int}/status")
    async def set_status(request: Request, number: FromPath[int]) -> Response[Any]:
        """The status is the form's, or stands in the address: so a button says all by itself."""
        named = form(request).get("status", "") or request.query_params.get("status", "")
        return await done(request, number, SetStatus(checks.status_of(named)))

    @get("/tasks/{number:int}/column")
    async def ask_drop(request: Request, number: FromPath[int]) -> Response[Any]:
        """What a drop into that column would do, before it is done; a refusal says itself on the task's page."""
        needs(request, Role.DISPATCHER)
        column = checks.status_of(request.query_params.get("to", ""))
        state, version = await handlers.task(number)
        command = dropped(state, column)
        if isinstance(command, AssignTask):
            return see(request, f"/tasks/{number}/assignment")
        try:
            decide(command, state)
        except Refused as refused:
            return await card(request, number, refused)
        task = await shown(number)
        asked = question(state, column)
        sentence = consequence(asked, state, column, task) if asked else ""
        sends = {SendTask: "dispatch", SendClientInfo: "client-info"}.get(type(command))
        newcomer = await views.newcomer(pool, state.technician or 0) if sends else None
        if sends and newcomer:
            return await keep_page(
                request,
                handlers,
                task,
                newcomer,
                what="column",
                asked=SENDINGS[sends],
                fields={"to": column.value},
                part="drop-form",
                sentence=sentence,
            )
        return page(request, "task_drop.html", task=task, column=column, version=version, sentence=sentence)

    @post("/tasks/{number:int}/column")
    async def drop(request: Request, number: FromPath[int]) -> Response[Any]:
        """A card was dropped into a column of the board."""
        column = checks.status_of(form(request).get("to", ""))
        state, _version = await handlers.task(number)
        command = dropped(state, column)
        if isinstance(command, AssignTask):
            raise Refused(_("Choose a technician."), Why.INVALID)
        return await done(request, number, command)

    async def carry_out(request: Request, number: int, command: TaskCommand) -> None:
        match command:
            case SendTask():
                await handlers.send(number, asking(request))
            case SendClientInfo():
                await handlers.send_client_info(number, asking(request))
            case SetStatus(status):
                await handlers.set_status(number, status, asking(request))
            case AssignTask(technician):
                send = form(request).get("then") == "send"
                await handlers.assign(number, technician, asking(request), send=send)

    @get("/tasks/{number:int}/delete")
    async def ask_delete(request: Request, number: FromPath[int]) -> Response[str]:
        needs(request, Role.DISPATCHER)
        return page(request, "task_delete.html", task=await shown(number))

    @post("/tasks/{number:int}/delete")
    async def delete(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.delete(number, asking(request))
        except Refused as refused:
            if refused.why is not Why.NOT_NOW:
                raise
            return await card(request, number, refused)
        return see(request, "/tasks", Done.TASK_DELETED, number)

    return [
        show,
        menu,
        edit,
        ask_assign,
        assign,
        dispatch,
        client_info,
        set_status,
        ask_drop,
        drop,
        ask_delete,
        delete,
    ]
