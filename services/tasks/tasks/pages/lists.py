"""The board and the table, what is found by a search, and the technicians to choose from."""

from datetime import datetime
from typing import Any

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from shared.contract.admin import Role
from shared.contract.task import Priority, Status
from shared.web import (
    Request,
    Response,
    after_of,
    cookies,
    fragment,
    identity,
    limit_of,
    page,
    paged,
    see,
    words,
    zone_of,
)
from tasks import views
from tasks.domain.moves import SHOWN, Allowed, allowed, dropped, question, targets
from tasks.domain.task import AssignTask, SendClientInfo, SendTask, Task
from tasks.handlers import Handlers
from tasks.handlers.filters import looked_up, number_in, wanted_of
from tasks.views import COUNTED, Card, TaskView, Technician, Wanted

from .ages import age, longer_than
from .buttons import Buttons, buttons
from .typed import address, is_narrowed

DEEP = 8
"""So many cards a column of the board shows."""
FOUND = 8
"""So many hits a search shows of tasks, and so many of clients."""
CHOICES = 30
"""So many technicians are shown to choose from at once; others are found by their name."""
SELECTED = 60
"""Up to so many technicians a filter lists; beyond, the name is typed."""
A_YEAR = 31_536_000  # seconds
VIEW = "callout_tasks_view"
"""The cookie with the view that a person chose last: `board` or `table`."""


class Shown(Struct, frozen=True):
    """One card of the board, with what may be done with it; drops are the columns it may be dropped into."""

    task: TaskView
    buttons: Buttons
    drops: str


def routes(handlers: Handlers) -> list[Any]:
    pool = handlers.pool

    @get("/tasks")
    async def index(request: Request) -> Response[Any]:
        chosen = request.query_params.get("view", "")
        if (
            not request.query_params
            and cookies.read(request, VIEW, secure=cookies.is_secure(request)) == "table"
        ):
            return see(request, "/tasks?view=table")
        wanted = wanted_of(request.query_params, zone_of(request))
        plain = is_narrowed(request) or request.query_params.get("after")
        shown = await (
            table(request, wanted)
            if chosen == "table" or (plain and chosen != "board")
            else board(request, wanted)
        )
        if chosen in ("board", "table"):
            secure = cookies.is_secure(request)
            cookies.write(shown, VIEW, chosen, A_YEAR, secure=secure, path="/tasks")
        if request.headers.get("hx-request"):
            shown.headers["HX-Push-Url"] = address(request)
        return shown

    async def table(request: Request, wanted: Wanted) -> Response[str]:
        most = limit_of(request)
        after = after_of(request, tuple[datetime, int]) if wanted.by_schedule else after_of(request, int)
        rows = await views.tasks(pool, wanted, after, most)
        return page(
            request,
            "tasks.html",
            view="table",
            tasks=paged(rows, most, views.key_of(wanted)),
            **await filters(request, wanted),
        )

    async def board(request: Request, wanted: Wanted) -> Response[str]:
        changes = identity(request).role.covers(Role.DISPATCHER)
        columns = [
            (column.status, [shown(card, changes) for card in column.cards], column.count)
            for column in await views.board(pool, wanted, DEEP)
        ]
        return page(
            request,
            "board.html",
            view="board",
            columns=columns,
            counted=COUNTED,
            changes=changes,
            age=age,
            longer_than=longer_than,
            **await filters(request, wanted),
        )

    async def filters(request: Request, wanted: Wanted) -> dict[str, Any]:
        """What the form above both views needs."""
        technicians = await views.technicians(pool, SELECTED, chosen=wanted.technician)
        return {
            "statuses": SHOWN,
            "priorities": list(Priority),
            "narrowed": is_narrowed(request),
            "technicians": sorted(technicians, key=lambda each: each.name.lower()),
            "typed_technician": len(technicians) > SELECTED,
            "technician": next((each for each in technicians if each.id == wanted.technician), None),
            "client": await views.client(pool, wanted.client) if wanted.client else None,
        }

    @get("/tasks/search")
    async def search(request: Request) -> Response[str]:
        """For the search in the frame: a task that has this number first."""
        typed = request.query_params.get("q", "").strip()
        number = number_in(typed.removeprefix("#"))
        exact = await views.task(pool, number) if number else None
        rows = await views.tasks(pool, Wanted(words=typed), None, FOUND) if typed else []
        others = [task for task in rows if exact is None or task.id != exact.id]
        return fragment(request, "tasks_found.html", tasks=[*([exact] if exact else []), *others][:FOUND])

    @get("/tasks/search/{number:int}")
    async def search_number(request: Request, number: FromPath[int]) -> Response[Any]:
        """To the task that has this number; without one, to whatever else has to do with it."""
        exact = await views.task(pool, number_in(str(number)))
        return see(request, f"/tasks/{number}" if exact else f"/search?q={number}&everywhere=1")

    @get("/clients/search")
    async def search_clients(request: Request) -> Response[str]:
        typed = request.query_params.get("q", "").strip()
        rows = await views.clients(pool, typed, None, FOUND) if typed else []
        return fragment(request, "clients_found.html", clients=[client for _, client in rows[:FOUND]])

    @get("/tasks/technicians")
    async def technicians(request: Request) -> Response[str]:
        """Those who can be chosen for a task, while a name is typed."""
        query = request.query_params
        return fragment(
            request,
            "technicians.html",
            choice=await choice(handlers, query, looked_up(query.get("task", ""))),
        )

    @get("/tasks/technicians/names")
    async def names(request: Request) -> Response[str]:
        """The same for a field that completes what is typed."""
        typed = request.query_params.get("technician", "")
        return fragment(request, "names.html", people=await views.technicians(pool, CHOICES, typed))

    return [index, search, search_number, search_clients, technicians, names]


class Choice(Struct, frozen=True):
    """The technicians to choose from; more says that there are others, found by their name.

    task  the one that they are asked for, where there is one yet
    """

    technicians: list[Technician]
    chosen: int | None
    typed: str
    more: bool
    task: int | None = None


async def choice(handlers: Handlers, typed: Any, task: int | None = None) -> Choice:
    """typed  the fields technician_id and technician_name of a form or an address"""
    name, chosen = typed.get("technician_name", ""), looked_up(typed.get("technician_id", ""))
    rows = await views.technicians(handlers.pool, CHOICES, name, chosen, task)
    return Choice(rows[:CHOICES], chosen, name, len(rows) > CHOICES or bool(name), task)


def shown(card: Card, changes: bool) -> Shown:
    found = allowed(card.state) if changes else Allowed()
    stranger = card.task.newcomer is not None
    drops_to = drops(card.state, stranger=stranger) if changes else ""
    return Shown(card.task, buttons(card.task, card.state, found), drops_to)


def drops(state: Task, *, stranger: bool = False) -> str:
    """The columns into which the card may be dropped; `assigned?` where that asks for a technician first, `new!` where
    it asks whether it is meant.

    stranger  nobody has kept its technician
    """
    return " ".join(column + first(state, column, stranger=stranger) for column in targets(state))


def first(state: Task, column: Status, *, stranger: bool) -> str:
    does = dropped(state, column)
    if isinstance(does, AssignTask):
        return "?"
    sends = isinstance(does, SendTask | SendClientInfo)
    return "!" if question(state, column) or (sends and stranger) else ""


PRIORITIES = [priority.value for priority in Priority]


def priorities() -> list[tuple[str, str]]:
    """For a select, in the reader's language."""
    return [(priority, words(priority)) for priority in PRIORITIES]
