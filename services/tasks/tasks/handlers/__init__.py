"""What an admin, a technician or another service can ask, once for HTML, JSON and NATS.

Everything that is typed is checked before anything is written, and each request is
one transaction, so a request that comes twice has one effect.
"""

from functools import partial
from uuid import UUID

import asyncpg
import structlog
from cryptography.fernet import Fernet
from msgspec.structs import replace

from shared.contract.client import ClientAdded, ClientRenamed
from shared.contract.event import by_technician, stream_name
from shared.contract.task import (
    ClientInfo,
    ClientInfoAnswer,
    ClientInfoRequest,
    RejectionTakenBack,
    Status,
    Tap,
    TapAnswer,
    TaskStatusChanged,
    Verdict,
)
from shared.journal import Journal, Outcome, redact
from shared.journal.freshness import Freshness, refusals_made_sure
from shared.journal.journal import Within
from shared.keeping import require_word
from shared.language import N_, _
from shared.refusal import Refused, Why
from shared.text import scrub
from tasks import views
from tasks.domain import answers, checks
from tasks.domain.client import AddClient, EditClient, EraseClient
from tasks.domain.task import (
    HELD,
    AssignTask,
    CallTheOffice,
    CreateTask,
    DeleteTask,
    EditTask,
    SendClientInfo,
    SendTask,
    SetStatus,
    Task,
    TaskCommand,
)
from tasks.handlers.acceptance import send_by_itself
from tasks.handlers.asked import (
    Asking,
    ClientChanges,
    NewTask,
    TaskChanges,
    edited,
    given,
    same_client,
    same_client_info,
    same_edit,
    same_task,
)
from tasks.handlers.required import (
    NO_CLIENT,
    OnItsWay,
    known_number,
    require_active,
    require_client,
    require_news,
    require_nobody_needs,
    require_reachable,
)
from tasks.projections import CLIENTS, TASKS

__all__ = [
    "NO_TASK",
    "Asking",
    "ClientChanges",
    "Handlers",
    "NewTask",
    "TaskChanges",
    "known_number",
]

log = structlog.get_logger()

NO_TASK = N_("There is no such task. It may have been deleted.")
ANOTHER_CLIENT = N_("The task is for another client now. Send the client info again.")
NOT_NOW = N_("This may not be sent now: the offer is over, or the task is not in progress.")


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, cipher: Fernet, freshness: Freshness) -> None:
        self.freshness = freshness
        self.journal = journal
        self.pool = pool
        self.cipher = cipher

    # ── Tasks ────────────────────────────────────────────────────────────────

    @refusals_made_sure
    async def create_task(self, new: NewTask, asking: Asking) -> int:
        """Adds the client too, where one is given, and sends the task info, where that was asked for."""
        if (new.client_id is None) == (new.client is None):
            sentence = _("Say whom the work is for: choose a client, or give a new one's name.")
            raise Refused(sentence, Why.INVALID, {"client": sentence})
        if new.send and new.technician is None:
            sentence = _("Choose the technician it is to be sent to.")
            raise Refused(sentence, Why.INVALID, {"technician_id": sentence})
        made = await self.journal.once(
            asking.command_id, lambda first: same_task(first, new), lambda: self.make_task(new, asking)
        )
        return int(made.key)

    async def make_task(self, new: NewTask, asking: Asking) -> Outcome:
        if new.send and new.technician and (newcomer := await views.newcomer(self.pool, new.technician)):
            # Before a number is drawn for it.
            await require_word(self.pool, newcomer.id, newcomer.name, asking.keeps)
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
                await self.send_within(number, asking, connection)

        command = CreateTask(number, new.details, client, new.technician)
        return await self.journal.handle(
            TASKS, number, command, actor=asking.actor, command_id=asking.command_id, within=within
        )

    async def edit_task(self, number: int, changes: TaskChanges, asking: Asking, zone: str | None) -> None:
        await self.journal.once(
            asking.command_id,
            lambda first: same_edit(first, changes, zone),
            lambda: self.make_edit(number, changes, asking, zone),
        )

    async def make_edit(self, number: int, changes: TaskChanges, asking: Asking, zone: str | None) -> Outcome:
        task, version = await self.task(number)
        command = edited(EditTask(task.details, task.client), changes, zone)

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            if command.client != task.client:
                await require_client(connection, command.client)

        # Without a version from the admin, nobody else's change may be lost between reading and writing.
        asking = asking if asking.expected is not None else replace(asking, expected=version)
        return await self.ask(number, command, asking, within)

    @refusals_made_sure
    async def assign(self, number: int, technician: int, asking: Asking, *, send: bool = False) -> None:
        """send  the task info goes out at once; where that can't be, nobody is assigned"""

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            await require_active(connection, technician, "technician_id")
            if send:
                await self.send_within(number, asking, connection)

        await self.ask(number, AssignTask(technician), asking, within)

    @refusals_made_sure
    async def send(self, number: int, asking: Asking) -> None:
        await self.ask(number, SendTask(), asking, partial(require_reachable, keeps=asking.keeps))

    async def send_within(self, number: int, asking: Asking, connection: asyncpg.Connection) -> None:
        """As a part of another request, in its transaction."""
        await self.journal.handle(
            TASKS,
            number,
            SendTask(),
            actor=asking.actor,
            within=partial(require_reachable, keeps=asking.keeps),
            connection=connection,
        )

    @refusals_made_sure
    async def send_client_info(self, number: int, asking: Asking) -> None:
        await self.journal.once(
            asking.command_id,
            lambda first: same_client_info(first, number),
            lambda: self.make_client_info(number, asking),
        )

    async def make_client_info(self, number: int, asking: Asking) -> Outcome:
        async def within(connection: asyncpg.Connection, outcome: Outcome) -> None:
            await require_news(connection, outcome)
            await require_reachable(connection, outcome, asking.keeps)

        try:
            return await self.ask(number, SendClientInfo(), asking, within)
        except OnItsWay:
            return await self.ask(number, SendClientInfo(again=False), asking, within)

    @refusals_made_sure
    async def set_status(self, number: int, status: Status, asking: Asking) -> None:
        await self.ask(number, SetStatus(status), asking, self.require_holder)

    async def delete(self, number: int, asking: Asking) -> None:
        await self.ask(number, DeleteTask(), asking)

    async def task(self, number: int) -> tuple[Task, int]:
        """The task by its own rules, and its version; for a page that shows what is allowed."""
        task, version = await self.journal.load(TASKS, known_number(number, NO_TASK))
        if task.status in (Status.ABSENT, Status.DELETED):
            raise Refused(_(NO_TASK), Why.MISSING)
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

    async def require_holder(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        """A task is held by somebody who is there: one who was deleted is freed of tasks only once, as they go."""
        if not any(isinstance(event, TaskStatusChanged) and event.after in HELD for event in outcome.events):
            return
        task, _version = await self.journal.load(TASKS, outcome.key, connection)
        technician = (
            await views.technician(connection, task.technician, lock=True) if task.technician else None
        )
        if technician is None or technician.status == "deleted":
            name = technician.name if technician else _("The technician")
            raise Refused(
                _("%(name)s was deleted. Assign another technician first.", name=name),
                rests_on=(stream_name("technician", task.technician),) if task.technician else (),
            )

    # ── Technicians and the bot ──────────────────────────────────────────────

    async def tap(self, tap: Tap) -> TapAnswer:
        try:
            outcome = await self.journal.handle(
                TASKS,
                known_number(tap.task, N_("This task is no longer there.")),
                answers.command_of(replace(tap, reason=scrub(tap.reason))),
                actor=by_technician(tap.technician),
                command_id=tap.command_id,
                within=self.after_tap,
            )
        except Refused as refused:
            if refused.why is Why.UNAVAILABLE:
                raise
            log.info(
                "tap refused", task=tap.task, offer=tap.offer, technician=tap.technician, action=tap.action
            )
            return TapAnswer(Verdict.REFUSED, refused.sentence, isinstance(refused, CallTheOffice))
        return answers.done(tap) if outcome.events else answers.already(tap)

    async def after_tap(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        await self.require_there(connection, outcome)
        await send_by_itself(self.journal, connection, outcome)

    async def require_there(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        """A rejected task is nobody's to be freed of; so whoever was deleted can't take it back as they go."""
        for event in outcome.events:
            if not isinstance(event, RejectionTakenBack):
                continue
            technician = await views.technician(connection, event.technician, lock=True)
            if technician is None or technician.status == "deleted":
                raise Refused(_("This offer is no longer yours."))

    async def client_info(self, request: ClientInfoRequest) -> ClientInfoAnswer:
        """Asked at the moment of sending, so that what was withdrawn meanwhile never goes out.

        The version is read before the data, which is then never older than it says.
        """
        task, _version = await self.journal.load(TASKS, request.task)
        holds = task.stands and (task.technician, task.offer) == (request.technician, request.offer)
        if holds and request.client not in (0, task.client):
            return ClientInfoAnswer(refusal=_(ANOTHER_CLIENT))
        under_way = task.informed and task.status in (Status.ACCEPTED, Status.IN_PROGRESS)
        if not holds or not under_way:
            return ClientInfoAnswer(refusal=_(NOT_NOW))
        known = await views.client(self.pool, task.client)
        info = await views.contact(self.pool, self.cipher, task.client)
        if known is None or info is None:
            return ClientInfoAnswer(refusal=_(NO_CLIENT))
        return ClientInfoAnswer(client=info, client_id=task.client, version=known.version)

    # ── Clients ──────────────────────────────────────────────────────────────

    async def add_client(self, info: ClientInfo, asking: Asking) -> int:
        async def add() -> Outcome:
            number: int = await self.pool.fetchval("SELECT nextval('client_numbers')")
            return await self.write_client(number, info, asking.actor, command_id=asking.command_id)

        added = await self.journal.once(asking.command_id, lambda first: same_client(first, info), add)
        return int(added.key)

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
            # Who changes nothing meets no conflict, and might write anew what is being erased,
            # or leave a command by whose fingerprint the name could be guessed.
            if outcome.events:
                await views.store_contact(connection, self.cipher, number, after)
            elif await views.client(connection, number, lock=True) is None:
                raise Refused(_(NO_CLIENT), Why.MISSING)

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
            raise Refused(_(NO_CLIENT), Why.MISSING)
        return view

    async def contact(self, number: int) -> ClientInfo:
        return (await self.contact_at(number))[0]

    async def contact_at(self, number: int) -> tuple[ClientInfo, int]:
        """The version is read first: contact data is only ever newer than it, so a change in between is a conflict."""
        view = await self.client(number)
        info = await views.contact(self.pool, self.cipher, number)
        if info is None:
            raise Refused(_(NO_CLIENT), Why.MISSING)
        return info, view.version
