"""Events → rows. What others' events set off is in `reactions`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from bot_gateway.domain import AGREED, BY_HAND, LIVE, Link, OfferState, Standing
from bot_gateway.domain.record import shown
from shared.contract import Recorded
from shared.contract.bot import BotConnected, BotDisconnected, BotRefused
from shared.contract.client import ClientErased
from shared.contract.invoice import InvoiceCreated, InvoiceSent
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionTakenBack,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskDetails,
    TaskEdited,
    TaskEvent,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
    status_after,
)
from shared.contract.task import Status as TaskStatus
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianProfileChanged,
    TechnicianReactivated,
    TechnicianRegistered,
    TechnicianReviewed,
    TechnicianUnblockedBot,
)
from shared.journal import Journal, first_time

from .keeping import keep_whom_it_is_sent_to
from .reactions import REACTIONS, as_json, current, redraw_summaries

_DETAILS: msgspec.json.Decoder[TaskDetails] = msgspec.json.Decoder(TaskDetails)

TABLES = ("technicians", "bot", "cards", "offers", "informed", "billed", "answers")

# ── Own events → rows ────────────────────────────────────────────────────────


async def project(connection: asyncpg.Connection, recorded: Recorded) -> None:
    if recorded.aggregate == "technician":
        await _technician(connection, recorded, int(recorded.key))
    elif recorded.aggregate == "bot":
        await _bot(connection, recorded)
    # The row of a delivery is written by the courier, together with its event.


async def _technician(connection: asyncpg.Connection, recorded: Recorded, technician: int) -> None:
    match recorded.data:
        case TechnicianRegistered(_, name, username, language, _, deleted_at):
            await connection.execute(
                """
                INSERT INTO technicians
                    (id, telegram_name, username, language, standing, registered_at, version, deleted_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (id) DO UPDATE SET
                    telegram_name = $2, username = $3, language = $4, name = '', note = '', standing = $5,
                    blocked = false, gone = false, reviewed = false, registered_at = $6, version = $7, deleted_at = $8
                """,
                technician,
                name,
                username,
                language,
                Standing.ACTIVE,
                recorded.at,
                recorded.version,
                deleted_at,
            )
            return
        case TechnicianProfileChanged(name, username, language):
            changes: dict[str, Any] = {"telegram_name": name, "username": username, "language": language}
        case TechnicianEdited(name, note):
            changes = {"name": name, "note": note}
        case TechnicianReviewed():
            changes = {"reviewed": True}
        case TechnicianBlockedBot():
            changes = {"blocked": True, "gone": False}
        case TechnicianAccountGone():
            changes = {"blocked": False, "gone": True}
        case TechnicianUnblockedBot():
            changes = {"blocked": False, "gone": False}
        case TechnicianDeactivated():
            changes = {"standing": Standing.DEACTIVATED}
        case TechnicianReactivated():
            changes = {"standing": Standing.ACTIVE}
        case TechnicianDeleted():
            changes = {"standing": Standing.DELETED}
        case _:
            raise TypeError(f"{recorded.type} is no event of a technician")
    assignments = ", ".join(f"{column} = ${n}" for n, column in enumerate(changes, 3))
    await connection.execute(
        f"UPDATE technicians SET version = $2, {assignments} WHERE id = $1",  # noqa: S608 - own column names
        technician,
        recorded.version,
        *changes.values(),
    )


async def _bot(connection: asyncpg.Connection, recorded: Recorded) -> None:
    match recorded.data:
        case BotConnected(bot_id, username, name):
            await connection.execute(
                """
                INSERT INTO bot (link, bot_id, username, name, at, version) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (only_row) DO UPDATE SET
                    link = $1, bot_id = $2, username = $3, name = $4, reason = '', at = $5, version = $6
                """,
                Link.CONNECTED,
                bot_id,
                username,
                name,
                recorded.at,
                recorded.version,
            )
            return
        case BotDisconnected():
            link, reason = Link.NONE, ""
        case BotRefused(_, reason):
            link = Link.REFUSED
        case _:
            raise TypeError(f"{recorded.type} is no event of the bot")
    await connection.execute(
        "UPDATE bot SET link = $1, reason = $2, at = $3, version = $4",
        link,
        reason,
        recorded.at,
        recorded.version,
    )


# ── Others' events → rows and messages ───────────────────────────────────────


def fold(
    journal: Callable[[], Journal],
) -> Callable[[asyncpg.Connection, Recorded], Awaitable[None]]:
    """The journal is for what a sending decides here: whoever is sent something is kept."""

    async def apply(connection: asyncpg.Connection, recorded: Recorded) -> None:
        """Cards and offers first, then what follows from the event: once, however often it is folded."""
        if recorded.aggregate == "task":
            await _card(connection, recorded)
            await _offer(connection, recorded)
        elif recorded.aggregate == "invoice":
            await _billed(connection, recorded)
        elif isinstance(recorded.data, ClientErased):
            await connection.execute("UPDATE offers SET client = NULL WHERE client = $1", int(recorded.key))
        reaction = REACTIONS.get(type(recorded.data))
        if reaction and await first_time(connection, recorded):
            await reaction(connection, recorded)
            if recorded.aggregate == "task":
                await redraw_summaries(connection, recorded)
            await keep_whom_it_is_sent_to(connection, journal(), recorded)

    return apply


async def _card(connection: asyncpg.Connection, recorded: Recorded) -> None:
    task, event = int(recorded.key), recorded.data
    match event:
        case TaskCreated(_, details):
            await connection.execute(
                "INSERT INTO cards (task, details, status, version, details_version) VALUES ($1, $2, $3, $4, $4)",
                task,
                as_json(details),
                TaskStatus.NEW,
                recorded.version,
            )
            return
        case TaskEdited(details):
            await _edited(connection, task, details, recorded.version)
            return
        case TaskUnassigned():
            await connection.execute("UPDATE cards SET technician = NULL WHERE task = $1", task)
        case TaskAssigned(technician):
            await connection.execute("UPDATE cards SET technician = $2 WHERE task = $1", task, technician)
        case TaskSent(technician, offer) | ClientInfoSent(technician, offer):
            await connection.execute(
                "UPDATE cards SET technician = $2, offer = $3 WHERE task = $1", task, technician, offer
            )
    before = await connection.fetchval("SELECT status FROM cards WHERE task = $1", task)
    after = status_after(_task_event(event), TaskStatus(before))
    await connection.execute(
        "UPDATE cards SET status = $2, version = $3 WHERE task = $1", task, after, recorded.version
    )


async def _edited(connection: asyncpg.Connection, task: int, details: TaskDetails, version: int) -> None:
    """Keeps what the task was before, for who is told of the change."""
    was = _DETAILS.decode(await connection.fetchval("SELECT details FROM cards WHERE task = $1", task))
    await connection.execute("UPDATE cards SET version = $2 WHERE task = $1", task, version)
    if was != details:
        await connection.execute(
            "UPDATE cards SET details = $2, details_version = $3, before = $4 WHERE task = $1",
            task,
            as_json(details),
            version,
            as_json(shown(was)),
        )


async def _offer(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Keeps how each offer stands: what the technician's message about it is to say."""
    task = int(recorded.key)
    match recorded.data:
        case TaskSent(technician, offer):
            await _begin(connection, task, offer, technician, OfferState.OPEN, sent_at=recorded.at)
        case ClientInfoSent(technician, offer, client):
            await _begin(connection, task, offer, technician, OfferState.IN_PROGRESS)
            await connection.execute(
                "INSERT INTO informed (client, task, offer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                client,
                task,
                offer,
            )
            await connection.execute(
                "UPDATE offers SET client = $3 WHERE task = $1 AND offer = $2", task, offer, client
            )
        case TaskEdited(client=client):
            await connection.execute(
                "UPDATE offers SET client = NULL WHERE task = $1 AND client <> $2", task, client
            )
        case TaskAccepted(technician, offer):
            await _stand(connection, task, offer, OfferState.ACCEPTED, answered_at=recorded.at)
            await _count(connection, technician, "accepted")
        case TaskRejected(technician, offer):
            await _stand(connection, task, offer, OfferState.REJECTED, answered_at=recorded.at)
            await _count(connection, technician, "rejected")
        case RejectionTakenBack(technician, offer):
            await connection.execute(
                """
                UPDATE offers SET state = $3, answered_at = NULL WHERE task = $1 AND offer = $2 AND state = $4
                """,
                task,
                offer,
                OfferState.OPEN,
                OfferState.REJECTED,
            )
            await _count(connection, technician, "rejected", -1)
        case TaskCompleted(technician, offer):
            await _stand(connection, task, offer, OfferState.COMPLETED)
            await _count(connection, technician, "completed")
        case OfferWithdrawn(_, offer):
            await _stand(connection, task, offer, OfferState.WITHDRAWN, over=True)
        case TaskStatusChanged(_, after):
            offer = await current(connection, task)
            state = BY_HAND.get(after, OfferState.WITHDRAWN)
            await _stand(connection, task, offer, state, over=after not in BY_HAND)
        case TaskDeleted():
            await _stand(connection, task, await current(connection, task), OfferState.DELETED, over=True)


async def _billed(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Whose invoice it is. One that a version before this took in is known, as it is sent, by whom the client info
    of its task was last about."""
    match recorded.data:
        case InvoiceCreated(invoice, client=client):
            await connection.execute(
                "INSERT INTO billed (invoice, client) VALUES ($1, $2) ON CONFLICT (invoice) DO UPDATE SET client = $2",
                invoice,
                client,
            )
        case InvoiceSent(task):
            await connection.execute(
                """
                INSERT INTO billed (invoice, client)
                SELECT $1, client FROM informed WHERE task = $2 ORDER BY offer DESC LIMIT 1
                ON CONFLICT DO NOTHING
                """,
                int(recorded.key),
                task,
            )


async def _begin(
    connection: asyncpg.Connection,
    task: int,
    offer: int,
    technician: int,
    state: OfferState,
    *,
    sent_at: datetime | None = None,
) -> None:
    """A new offer ends all earlier ones; one that was answered keeps saying what the answer was."""
    await connection.execute(
        """
        UPDATE offers SET over = true, state = CASE WHEN state = ANY($3) THEN $4 ELSE state END
        WHERE task = $1 AND offer < $2 AND NOT over
        """,
        task,
        offer,
        list(LIVE),
        OfferState.REPLACED,
    )
    await connection.execute(
        """
        INSERT INTO offers (task, offer, technician, state, sent_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (task, offer) DO UPDATE SET state = $4
        """,
        task,
        offer,
        technician,
        state,
        sent_at,
    )


async def _stand(
    connection: asyncpg.Connection,
    task: int,
    offer: int,
    state: OfferState,
    *,
    over: bool = False,
    answered_at: datetime | None = None,
) -> None:
    """What ends remembers whether the technician had agreed: `state` in the last line is the one before."""
    await connection.execute(
        """
        UPDATE offers SET state = $3, over = $4, answered_at = coalesce(answered_at, $5),
               agreed = $4 AND state = ANY($6)
        WHERE task = $1 AND offer = $2 AND NOT over
        """,
        task,
        offer,
        state,
        over,
        answered_at,
        list(AGREED),
    )


async def _count(connection: asyncpg.Connection, technician: int, answer: str, more: int = 1) -> None:
    await connection.execute(
        f"INSERT INTO answers AS a (technician, {answer}) VALUES ($1, $2) "  # noqa: S608 - own column names
        f"ON CONFLICT (technician) DO UPDATE SET {answer} = a.{answer} + $2",
        technician,
        more,
    )


def _task_event(event: object) -> TaskEvent:
    assert isinstance(event, TaskEvent)
    return event
