"""Tasks and clients as JSON."""

from datetime import datetime
from typing import Annotated, Any

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.admin import Role
from shared.contract.task import ClientInfo, Priority
from shared.keeping import ANYBODY
from shared.language import _
from shared.numbers import BIGGEST
from shared.phone import LONGEST
from shared.refusal import Refused, Why
from shared.web import (
    DAY,
    After,
    Limit,
    Page,
    Request,
    after_of,
    command_id,
    identity,
    limit_of,
    paged,
    zone_of,
)

from . import views
from .domain import checks
from .handlers import NO_TASK, Asking, ClientChanges, Handlers, NewTask, TaskChanges
from .handlers.filters import wanted_of
from .views import ClientView, Key, TaskView

TelegramId = Annotated[int, Meta(ge=1, le=BIGGEST, description="The technician's Telegram user id")]
ClientNumber = Annotated[int, Meta(ge=1, le=BIGGEST)]
Moment = Annotated[datetime, Meta(description="ISO 8601 with its zone: 2030-05-17T14:30:00Z")]
Version = Annotated[
    int, Meta(ge=0, description="The version that you saw: if it is another one now, the answer is 409")
]
Title = Annotated[
    str, Meta(extra_json_schema={"minLength": 1, "maxLength": checks.TITLE, "examples": ["Boiler leaks"]})
]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": checks.DESCRIPTION})]
Area = Annotated[str, Meta(extra_json_schema={"maxLength": checks.AREA})]
Name = Annotated[
    str, Meta(extra_json_schema={"minLength": 1, "maxLength": checks.NAME, "examples": ["Mrs. Okonkwo"]})
]
Phone = Annotated[str, Meta(extra_json_schema={"maxLength": LONGEST, "examples": ["+49 30 1234567"]})]
Email = Annotated[str, Meta(extra_json_schema={"maxLength": checks.EMAIL, "examples": ["name@example.com"]})]
Address = Annotated[str, Meta(extra_json_schema={"maxLength": checks.ADDRESS})]
Notes = Annotated[str, Meta(extra_json_schema={"maxLength": checks.NOTES})]
"""Described here; `checks` says in a sentence what doesn't fit."""
InStatus = Annotated[str | None, QueryParameter(schema_extra={"enum": ["", *checks.SHOWN]})]
OfPriority = Annotated[str | None, QueryParameter(schema_extra={"enum": ["", *Priority]})]
Day = Annotated[str | None, QueryParameter(schema_extra=DAY, description="A day on the site's clock")]
Words = Annotated[str, QueryParameter(description="Words of title, area and description, or a task's number")]
SetStatus = Annotated[str, Meta(extra_json_schema={"enum": checks.SHOWN})]


class NewClient(ClientInfo, frozen=True):
    """Only the name is needed."""

    name: Name
    phone: Phone = ""
    email: Email = ""
    address: Address = ""
    notes: Notes = ""


class CreateTask(Struct, frozen=True):
    """Either client_id, or client with a new one's data; technician_id assigns at once."""

    title: Title
    description: Description = ""
    area: Area = ""
    priority: Priority = Priority.NORMAL
    scheduled_at: Moment | None = None
    technician_id: TelegramId | None = None
    client_id: ClientNumber | None = None
    client: NewClient | None = None


class EditTask(Struct, frozen=True):
    """What is left out stays as it is."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    area: Area | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    scheduled_at: Moment | UnsetType | None = UNSET
    client_id: ClientNumber | UnsetType = UNSET
    version: Version | None = None


class Assignment(Struct, frozen=True):
    technician_id: TelegramId
    version: Version | None = None


class Press(Struct, frozen=True):
    """For what needs no more than to be asked for. The body may be left out."""

    version: Version | None = None


class NewStatus(Struct, frozen=True):
    status: SetStatus
    version: Version | None = None


class EditClient(Struct, frozen=True):
    """What is left out stays as it is."""

    name: Name | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET
    version: Version | None = None


class ClientDetail(Struct, frozen=True):
    """contact is null for viewers, who may not see it."""

    id: int
    name: str
    version: int
    created_at: datetime
    contact: ClientInfo | None


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    async def shown(number: int) -> TaskView:
        task = await views.task(pool, number) if 0 < number <= BIGGEST else None
        if task is None:
            raise Refused(_(NO_TASK), Why.MISSING)
        return task

    @post("/api/tasks", tags=["tasks"], summary="Create a task")
    async def create(request: Request, data: JSONBody[CreateTask]) -> TaskView:
        new = NewTask(
            details=checks.task_details(
                checks.Typed(data.title, data.description, data.area, data.priority, iso(data.scheduled_at))
            ),
            technician=data.technician_id,
            client_id=data.client_id,
            client=checks.contact(data.client, "client.") if data.client else None,
        )
        return await shown(await handlers.create_task(new, asking(request)))

    @get("/api/tasks", tags=["tasks"], summary="List tasks, the latest first")
    async def index(
        request: Request,
        status: InStatus = None,
        technician: FromQuery[int | None] = None,
        client: FromQuery[int | None] = None,
        priority: OfPriority = None,
        scheduled_from: Day = None,
        scheduled_to: Day = None,
        created_from: Day = None,
        created_to: Day = None,
        q: Words = "",
        after: After = None,
        limit: Limit = None,
    ) -> Page[TaskView]:
        """By their schedule, the earliest first, where that narrows them. The last day of a range counts too."""
        wanted = wanted_of(request.query_params, zone_of(request))
        most = limit_of(request)
        after_key: Key | None = (
            after_of(request, tuple[datetime, int]) if wanted.by_schedule else after_of(request, int)
        )
        return paged(await views.tasks(pool, wanted, after_key, most), most, views.key_of(wanted))

    @get("/api/tasks/{number:int}", tags=["tasks"], summary="Show a task")
    async def show(number: FromPath[int]) -> TaskView:
        return await shown(number)

    @patch("/api/tasks/{number:int}", tags=["tasks"], summary="Edit a task")
    async def edit(request: Request, number: FromPath[int], data: JSONBody[EditTask]) -> TaskView:
        scheduled_at = UNSET if isinstance(data.scheduled_at, UnsetType) else iso(data.scheduled_at)
        changes = TaskChanges(
            data.title, data.description, data.area, data.priority, scheduled_at, data.client_id
        )
        await handlers.edit_task(number, changes, asking(request, data.version), zone=None)
        return await shown(number)

    @delete("/api/tasks/{number:int}", tags=["tasks"], summary="Delete a task", status_code=204)
    async def remove(request: Request, number: FromPath[int]) -> None:
        await handlers.delete(number, asking(request))

    @post(
        "/api/tasks/{number:int}/assignment", tags=["tasks"], summary="Assign a technician", status_code=200
    )
    async def assign(request: Request, number: FromPath[int], data: JSONBody[Assignment]) -> TaskView:
        await handlers.assign(number, data.technician_id, asking(request, data.version))
        return await shown(number)

    @post("/api/tasks/{number:int}/dispatch", tags=["tasks"], summary="Send task info", status_code=200)
    async def dispatch(
        request: Request, number: FromPath[int], data: JSONBody[Press | None] = None
    ) -> TaskView:
        """Keeps the technician too, if nobody has yet: `newcomer` says so before. Where the settings let only kept
        technicians be sent anything, that answers 409."""
        await handlers.send(number, asking(request, data.version if data else None))
        return await shown(number)

    @post("/api/tasks/{number:int}/client-info", tags=["tasks"], summary="Send client info", status_code=200)
    async def client_info(
        request: Request, number: FromPath[int], data: JSONBody[Press | None] = None
    ) -> TaskView:
        """Sends it again, where it went out before; but not while it is on its way by itself, as the settings can have
        it when a kept technician accepts."""
        await handlers.send_client_info(number, asking(request, data.version if data else None))
        return await shown(number)

    @put("/api/tasks/{number:int}/status", tags=["tasks"], summary="Set the status by hand")
    async def set_status(request: Request, number: FromPath[int], data: JSONBody[NewStatus]) -> TaskView:
        status = checks.status_of(data.status)
        await handlers.set_status(number, status, asking(request, data.version))
        return await shown(number)

    @get("/api/clients", tags=["clients"], summary="List clients by name")
    async def list_clients(
        request: Request,
        q: Annotated[str, QueryParameter(description="Words of the name")] = "",
        after: After = None,
        limit: Limit = None,
    ) -> Page[ClientView]:
        most = limit_of(request)
        found = await views.clients(pool, q, after_of(request, tuple[str, int]), most)
        page = paged(found, most, lambda row: row[0])
        return Page([client for _, client in page.items], page.next)

    @post("/api/clients", tags=["clients"], summary="Add a client")
    async def add_client(request: Request, data: JSONBody[NewClient]) -> ClientDetail:
        number = await handlers.add_client(checks.contact(data), asking(request))
        return await client_detail(request, number)

    @get("/api/clients/{number:int}", tags=["clients"], summary="Show a client")
    async def show_client(request: Request, number: FromPath[int]) -> ClientDetail:
        return await client_detail(request, number)

    @patch("/api/clients/{number:int}", tags=["clients"], summary="Edit a client")
    async def edit_client(
        request: Request, number: FromPath[int], data: JSONBody[EditClient]
    ) -> ClientDetail:
        changes = ClientChanges(data.name, data.phone, data.email, data.address, data.notes)
        await handlers.edit_client(number, changes, asking(request, data.version))
        return await client_detail(request, number)

    @delete("/api/clients/{number:int}", tags=["clients"], summary="Erase a client wholly", status_code=204)
    async def erase_client(request: Request, number: FromPath[int]) -> None:
        await handlers.erase_client(number, asking(request))

    async def client_detail(request: Request, number: int) -> ClientDetail:
        client = await handlers.client(number)
        sees = identity(request).role.covers(Role.DISPATCHER)
        contact = await handlers.contact(number) if sees else None
        return ClientDetail(client.id, client.name, client.version, client.created_at, contact)

    return [
        create,
        index,
        show,
        edit,
        remove,
        assign,
        dispatch,
        client_info,
        set_status,
        list_clients,
        add_client,
        show_client,
        edit_client,
        erase_client,
    ]


def asking(request: Request, version: int | None = None) -> Asking:
    return Asking(identity(request).actor, command_id(request), version, ANYBODY)


def iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
