"""What an admin, a technician or another service can ask, once for HTML, JSON and NATS.

Everything that is typed is checked before anything is written, and each request is
one transaction, so a request that comes twice has one effect.
"""

import asyncio
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog
from cryptography.fernet import Fernet
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from shared.contract.client import ClientAdded, ClientRenamed
from shared.contract.event import by_technician
from shared.contract.task import (
    ClientInfo,
    ClientInfoAnswer,
    ClientInfoRequest,
    ClientInfoSent,
    Status,
    Tap,
    TapAnswer,
    TaskAssigned,
    TaskCreated,
    TaskDetails,
    TaskEdited,
    TaskSent,
    TaskStatusChanged,
    Verdict,
)
from shared.journal import Journal, Outcome, redact
from shared.journal.journal import Within
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from shared.web import scrub

from . import views
from .domain import answers, checks
from .domain.client import AddClient, EditClient, EraseClient
from .domain.task import (
    HELD,
    AssignTask,
    CreateTask,
    DeleteTask,
    EditTask,
    SendClientInfo,
    SendTask,
    SetStatus,
    Task,
    TaskCommand,
    words,
)
from .projections import CLIENTS, TASKS

ARRIVAL, ARRIVAL_LOOKS = 1.0, 20  # seconds, and how often it is looked meanwhile

NO_TASK = "There is no such task. It may have been deleted."
NO_CLIENT = "There is no such client. The data may have been erased."
OTHER_REQUEST = "This idempotency key was used for something else. Use a new one."
NOT_NOW = "This may not be sent now: the offer is over, or the task is not in progress."


class Asking(Struct, frozen=True):
    """Who asks, and under which id the answer is kept.

    expected  the version that they saw, where two admins could collide
    """

    actor: str
    command_id: UUID
    expected: int | None = None


class NewTask(Struct, frozen=True):
    """Exactly one of client_id and client says whom the work is for."""

    details: TaskDetails
    technician: int | None = None
    client_id: int | None = None
    client: ClientInfo | None = None
    send: bool = False


class TaskChanges(Struct, frozen=True):
    """What is left out stays as it is."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    area: str | UnsetType = UNSET
    priority: str | UnsetType = UNSET
    scheduled_at: str | UnsetType = UNSET
    client: int | UnsetType = UNSET


class ClientChanges(Struct, frozen=True):
    """What is left out stays as it is."""

    name: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET


T = TypeVar("T")

log = structlog.get_logger()


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, cipher: Fernet) -> None:
        self.journal = journal
        self.pool = pool
        self.cipher = cipher

    # ── Tasks ────────────────────────────────────────────────────────────────

    async def create_task(self, new: NewTask, asking: Asking) -> int:
        """Adds the client too, where one is given, and sends the task info, where that was asked for."""
        if (new.client_id is None) == (new.client is None):
            sentence = "Say whom the work is for: choose a client, or give a new one's name."
            raise Refused(sentence, Why.INVALID, {"client": sentence})
        if new.send and new.technician is None:
            sentence = "Choose the technician it is to be sent to."
            raise Refused(sentence, Why.INVALID, {"technician_id": sentence})
        if first := await self.journal.answered(asking.command_id):
            return same_task(first, new)
        await self.arrived(new.technician)
        number = await self.pool.fetchval("SELECT nextval('task_numbers')")
        client = new.client_id or await self.pool.fetchval("SELECT nextval('client_numbers')")

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            if new.technician is not None:
                await require_active(connection, new.technician, "technician_id")
            if new.client is None:
                await require_client(connection, client)
            else:
                await self.write_client(client, new.client, asking.actor, connection)
            if new.send:
                await self.journal.handle(
                    TASKS, number, SendTask(), actor=asking.actor, connection=connection
                )

        command = CreateTask(number, new.details, client, new.technician)
        try:
            await self.journal.handle(
                TASKS, number, command, actor=asking.actor, command_id=asking.command_id, within=within
            )
        except Refused:
            # The same request twice at the same moment: the other one drew another number and was faster.
            if first := await self.journal.answered(asking.command_id):
                return same_task(first, new)
            raise
        return int(number)

    async def edit_task(self, number: int, changes: TaskChanges, asking: Asking, zone: str | None) -> None:
        if first := await self.journal.answered(asking.command_id):
            same_edit(first, changes, zone)
            return
        task, version = await self.task(number)
        command = edited(EditTask(task.details, task.client), changes, zone)

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            if command.client != task.client:
                await require_client(connection, command.client)

        # Without a version from the admin, nobody else's change may be lost between reading and writing.
        asking = asking if asking.expected is not None else replace(asking, expected=version)
        await self.ask(number, command, asking, within)

    async def assign(self, number: int, technician: int, asking: Asking) -> None:
        await self.arrived(technician)

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            await require_active(connection, technician, "technician_id")

        await self.ask(number, AssignTask(technician), asking, within)

    async def send(self, number: int, asking: Asking) -> None:
        await self.ask(number, SendTask(), asking, self.require_reachable)

    async def send_client_info(self, number: int, asking: Asking) -> None:
        await self.ask(number, SendClientInfo(), asking, self.require_reachable)

    async def set_status(self, number: int, status: Status, asking: Asking) -> None:
        await self.ask(number, SetStatus(status), asking, self.require_holder)

    async def delete(self, number: int, asking: Asking) -> None:
        await self.ask(number, DeleteTask(), asking)

    async def task(self, number: int) -> tuple[Task, int]:
        """The task by its own rules, and its version; for a page that shows what is allowed."""
        task, version = await self.journal.load(TASKS, known_number(number, NO_TASK))
        if task.status in (Status.ABSENT, Status.DELETED):
            raise Refused(NO_TASK, Why.MISSING)
        return task, version

    async def ask(
        self, number: int, command: TaskCommand, asking: Asking, within: Within | None = None
    ) -> Outcome:
        return await self.journal.handle(
            TASKS,
            known_number(number, NO_TASK),
            command,
            actor=asking.actor,
            command_id=asking.command_id,
            expected=asking.expected,
            within=within,
        )

    async def arrived(self, technician: int | None) -> None:
        """Gives a technician who registered a moment ago the time to become known here too."""
        if technician is None or not 0 < technician <= BIGGEST:
            return
        for _ in range(ARRIVAL_LOOKS):
            if await views.technician(self.pool, technician):
                return
            await asyncio.sleep(ARRIVAL / ARRIVAL_LOOKS)

    async def require_reachable(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        """A technician who is gone can't be sent anything. One who blocked the bot can be tried: they may be back."""
        for event in outcome.events:
            if not isinstance(event, TaskSent | ClientInfoSent):
                continue
            technician = await views.technician(connection, event.technician, lock=True)
            name = technician.name if technician else "The technician"
            if technician is None or technician.status == "deleted":
                raise Refused(f"{name} was deleted. Assign another technician.")
            if technician.status == "deactivated":
                raise Refused(f"{name}'s Telegram account is deactivated. Assign another technician.")

    async def require_holder(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        """A task is held by somebody who is there: one who was deleted is freed of tasks only once, as they go."""
        if not any(isinstance(event, TaskStatusChanged) and event.after in HELD for event in outcome.events):
            return
        task, _ = await self.journal.load(TASKS, outcome.key, connection)
        technician = (
            await views.technician(connection, task.technician, lock=True) if task.technician else None
        )
        if technician is None or technician.status == "deleted":
            name = technician.name if technician else "The technician"
            raise Refused(f"{name} was deleted. Assign another technician first.")

    # ── Technicians and the bot ──────────────────────────────────────────────

    async def tap(self, tap: Tap) -> TapAnswer:
        try:
            outcome = await self.journal.handle(
                TASKS,
                known_number(tap.task, "This task is no longer there."),
                answers.command_of(replace(tap, reason=scrub(tap.reason))),
                actor=by_technician(tap.technician),
                command_id=tap.command_id,
            )
        except Refused as refused:
            if refused.why is Why.UNAVAILABLE:
                raise
            log.info(
                "tap refused", task=tap.task, offer=tap.offer, technician=tap.technician, action=tap.action
            )
            return TapAnswer(Verdict.REFUSED, refused.sentence)
        return answers.done(tap) if outcome.events else answers.already(tap)

    async def client_info(self, request: ClientInfoRequest) -> ClientInfoAnswer:
        """Asked at the moment of sending, so that what was withdrawn meanwhile never goes out."""
        task, _ = await self.journal.load(TASKS, request.task)
        holds = task.stands and (task.technician, task.offer) == (request.technician, request.offer)
        if not holds or task.status is not Status.IN_PROGRESS:
            return ClientInfoAnswer(refusal=NOT_NOW)
        info = await views.contact(self.pool, self.cipher, task.client)
        return ClientInfoAnswer(client=info) if info else ClientInfoAnswer(refusal=NO_CLIENT)

    # ── Clients ──────────────────────────────────────────────────────────────

    async def add_client(self, info: ClientInfo, asking: Asking) -> int:
        if first := await self.journal.answered(asking.command_id):
            return same_client(first, info)
        number: int = await self.pool.fetchval("SELECT nextval('client_numbers')")
        outcome = await self.write_client(number, info, asking.actor, command_id=asking.command_id)
        return int(outcome.key)  # another number, where the same request came twice at the same moment

    async def write_client(
        self,
        number: int,
        info: ClientInfo,
        actor: str,
        connection: asyncpg.Connection | None = None,
        command_id: UUID | None = None,
    ) -> Outcome:
        async def within(joined: asyncpg.Connection, _: Outcome) -> None:
            await views.store_contact(joined, self.cipher, number, info)

        return await self.journal.handle(
            CLIENTS,
            number,
            AddClient(info.name),
            actor=actor,
            command_id=command_id,
            within=within,
            connection=connection,
        )

    async def edit_client(self, number: int, changes: ClientChanges, asking: Asking) -> None:
        if await self.journal.answered(asking.command_id):
            return
        before, version = await self.contact_at(number)
        after = checks.contact(
            ClientInfo(
                name=given(changes.name, before.name),
                phone=given(changes.phone, before.phone),
                email=given(changes.email, before.email),
                address=given(changes.address, before.address),
                notes=given(changes.notes, before.notes),
            )
        )

        async def within(connection: asyncpg.Connection, outcome: Outcome) -> None:
            # Who changes nothing meets no conflict, and might write anew what is being erased.
            if outcome.events:
                await views.store_contact(connection, self.cipher, number, after)

        await self.journal.handle(
            CLIENTS,
            number,
            EditClient(after.name, checks.changed(before, after)),
            actor=asking.actor,
            command_id=asking.command_id,
            expected=asking.expected if asking.expected is not None else version,
            within=within,
        )

    async def erase_client(self, number: int, asking: Asking) -> None:
        """Contact data and name go, from the journal and the bus too; tasks stay, with “(erased)” for the name."""

        async def within(connection: asyncpg.Connection, outcome: Outcome) -> None:
            if not outcome.events:
                return
            await require_nobody_needs(connection, number)
            await views.erase_contact(connection, number)
            await redact(connection, outcome.stream, "name", (ClientAdded, ClientRenamed))

        await self.journal.handle(
            CLIENTS,
            known_number(number, NO_CLIENT),
            EraseClient(),
            actor=asking.actor,
            command_id=asking.command_id,
            expected=asking.expected,
            within=within,
        )

    async def client(self, number: int) -> views.ClientView:
        view = await views.client(self.pool, known_number(number, NO_CLIENT))
        if view is None:
            raise Refused(NO_CLIENT, Why.MISSING)
        return view

    async def contact(self, number: int) -> ClientInfo:
        return (await self.contact_at(number))[0]

    async def contact_at(self, number: int) -> tuple[ClientInfo, int]:
        """The version is read first: contact data is only ever newer than it, so a change in between is a conflict."""
        view = await self.client(number)
        info = await views.contact(self.pool, self.cipher, number)
        if info is None:
            raise Refused(NO_CLIENT, Why.MISSING)
        return info, view.version


# ── What a command needs to be true elsewhere ────────────────────────────────


async def require_active(connection: asyncpg.Connection, number: int, field: str) -> None:
    technician = await views.technician(connection, number, lock=True) if 0 < number <= BIGGEST else None
    sentence = {
        None: "There is no such technician. Technicians register by pressing Start in the bot.",
        "deleted": "{} was deleted. Choose another technician.",
        "blocked": "{} has blocked the bot, so nothing would arrive. They come back by pressing Start in the bot.",
        "deactivated": "{}'s Telegram account is deactivated. Choose another technician.",
    }.get(technician.status if technician else None)
    if sentence:
        sentence = sentence.format(technician.name if technician else "")
        raise Refused(sentence, Why.INVALID, {field: sentence})


async def require_client(connection: asyncpg.Connection, number: int) -> None:
    if not 0 < number <= BIGGEST or await views.client(connection, number) is None:
        raise Refused(NO_CLIENT, Why.INVALID, {"client_id": NO_CLIENT})


async def require_nobody_needs(connection: asyncpg.Connection, client: int) -> None:
    """Whoever is about to go there needs the data. What changes one of these tasks now waits, or is waited for."""
    for task in await views.lock_tasks_of(connection, client):
        if task.stands and task.status in (Status.ACCEPTED, Status.IN_PROGRESS):
            raise Refused(
                f"Task #{task.number} of this client is {words(task.status)}. Complete or cancel it first."
            )


def known_number(number: int, otherwise: str) -> int:
    if not 0 < number <= BIGGEST:
        raise Refused(otherwise, Why.MISSING)
    return number


def same_task(first: Outcome, new: NewTask) -> int:
    """The number that the first request got, if this one asks for the same."""
    assigned = [] if new.technician is None else [TaskAssigned(new.technician)]
    match first.events:
        case (TaskCreated(_, details, client), *rest) if details == new.details and rest == assigned:
            if new.client_id in (None, client):
                return int(first.key)
    raise Refused(OTHER_REQUEST, Why.INVALID)


def edited(before: EditTask, changes: TaskChanges, zone: str | None) -> EditTask:
    """The task with these changes; refused where one of them can't be."""
    scheduled_at = before.details.scheduled_at
    typed = checks.Typed(
        title=given(changes.title, before.details.title),
        description=given(changes.description, before.details.description),
        area=given(changes.area, before.details.area),
        priority=given(changes.priority, before.details.priority),
        scheduled_at=given(changes.scheduled_at, scheduled_at.isoformat() if scheduled_at else ""),
    )
    return EditTask(checks.task_details(typed, zone), given(changes.client, before.client))


def same_edit(first: Outcome, changes: TaskChanges, zone: str | None) -> None:
    """The same changes change nothing of what the first request made; others must not be forgotten in silence."""
    match first.events:
        case (TaskEdited(details, client),):
            made = EditTask(details, client)
            if edited(made, changes, zone) != made:
                raise Refused(OTHER_REQUEST, Why.INVALID)


def same_client(first: Outcome, info: ClientInfo) -> int:
    """As `same_task`; what else is known of a client is in no event, so that it can't be compared."""
    if first.events != (ClientAdded(info.name),):
        raise Refused(OTHER_REQUEST, Why.INVALID)
    return int(first.key)


def given(value: T | UnsetType, otherwise: T) -> T:
    return otherwise if isinstance(value, UnsetType) else value
