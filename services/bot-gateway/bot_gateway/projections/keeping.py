"""Whoever is sent something is kept: the office has chosen them, whichever way it was sent."""

from uuid import uuid5

import asyncpg

from bot_gateway.domain import TECHNICIANS, ReviewTechnician, Standing
from shared.contract import Recorded
from shared.contract.invoice import InvoiceSent
from shared.contract.task import ClientInfoSent, TaskSent
from shared.journal import Journal
from shared.refusal import Refused, Why


async def keep_whom_it_is_sent_to(
    connection: asyncpg.Connection, journal: Journal, recorded: Recorded
) -> None:
    """As *Keep as is*, by whoever sent it. What was sent before they joined, as somebody who was deleted then, was
    meant for nobody whom the office has seen since."""
    if not isinstance(recorded.data, TaskSent | ClientInfoSent | InvoiceSent):
        return
    technician = recorded.data.technician
    waits = await connection.fetchval(
        "SELECT NOT reviewed AND standing <> $2 AND registered_at <= $3 FROM technicians WHERE id = $1",
        technician,
        Standing.DELETED,
        recorded.at,
    )
    if not waits:
        return
    try:
        await journal.handle(
            TECHNICIANS,
            technician,
            ReviewTechnician(),
            actor=recorded.actor,
            command_id=uuid5(recorded.id, "keep"),
            cause=recorded.id,
            connection=connection,
        )
    except Refused as refused:
        if refused.why is not Why.MISSING:  # deleted at this moment
            raise
