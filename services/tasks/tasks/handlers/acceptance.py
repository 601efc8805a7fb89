"""What an acceptance sets off: where the settings say so, a kept technician gets the client info at once."""

from uuid import UUID, uuid5

import asyncpg
import structlog

from shared import site
from shared.contract.event import by_service
from shared.contract.task import TaskAccepted
from shared.journal import Journal, Outcome
from shared.refusal import Refused, Why
from tasks.domain.task import SendClientInfo
from tasks.handlers.required import require_reachable
from tasks.projections import TASKS

log = structlog.get_logger()


async def send_by_itself(journal: Journal, connection: asyncpg.Connection, outcome: Outcome) -> None:
    """In the transaction of the tap, so that it happens once, or not at all. What would be refused to an admin is not
    sent by itself either: the acceptance stands, and the office presses as ever.

    An acceptance that an admin sets by hand sends nothing: the technician has pressed nothing, and may know nothing.
    """
    if not any(isinstance(event, TaskAccepted) for event in outcome.events):
        return
    if not (await site.current(connection)).client_info_on_acceptance:
        return
    accepted: UUID = await connection.fetchval(
        "SELECT id FROM events WHERE stream = $1 AND version = $2", outcome.stream, outcome.version
    )

    async def within(joined: asyncpg.Connection, sent: Outcome) -> None:
        await require_reachable(joined, sent, keeps=None)

    try:
        await journal.handle(
            TASKS,
            outcome.key,
            SendClientInfo(),
            actor=by_service("tasks"),
            command_id=uuid5(accepted, "client info"),
            cause=accepted,
            within=within,
            connection=connection,
        )
    except Refused as refused:
        if refused.why is Why.UNAVAILABLE:
            raise
        log.info("client info not sent by itself", task=outcome.key, reason=type(refused).__name__)
