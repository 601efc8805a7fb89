"""The rows of `deliveries`: which is next, and how each ended, together with its event."""

from uuid import UUID

import asyncpg

from bot_gateway.domain import (
    DELIVERIES,
    TECHNICIANS,
    ConfirmDelivery,
    DeliveryCommand,
    DoubtDelivery,
    FailDelivery,
    NoticeBlock,
    NoticeGone,
    TechnicianCommand,
)
from bot_gateway.domain.record import Record
from bot_gateway.projections.reactions import as_json, replace_older_notes
from shared import clock
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose, Trouble
from shared.contract.event import by_service
from shared.journal import Journal, Outcome
from shared.journal.database import transaction
from shared.language import N_

from .metrics import DELIVERIES as ENDED
from .plan import Row

CONTENT = frozenset({Purpose.TASK_INFO, Purpose.CLIENT_INFO, Purpose.INVOICE, Purpose.CHANGE})
"""What an admin has sent or changed, so its fate is told; taking it back only tells of its failure, all else of
nothing."""

UNCERTAIN = N_("Callout was stopped while the message went out.")
RECALLED = N_("It was taken back before it went out.")
KNOWN = N_("The technician's messages say it already.")
NO_BOT = N_("No bot is connected. Enter its token under Settings, Telegram.")

_ROW = "id, cause, chat_id, purpose, method, task, offer, invoice, client, payload, target, tries, message_ids, trace"

# In these words, since the index deliveries_in_lanes is for them.
_ANSWER = "purpose IN ('reply', 'summary')"
_REPEAT = "(purpose = 'reply' AND task IS NOT NULL)"

# The first row of each chat that waits: of what is new, of the answers, and of the repeats, which come last.
_DUE = f"""
SELECT {_ROW} FROM (
    SELECT DISTINCT ON (chat_id, {_ANSWER}, {_REPEAT}) {_ROW}, seq, status, due_at FROM deliveries
    WHERE status IN ('queued', 'sending') ORDER BY chat_id, {_ANSWER}, {_REPEAT}, seq
) AS heads
WHERE status = 'queued' AND due_at <= now() AND NOT chat_id = ANY($1) ORDER BY {_REPEAT}, seq LIMIT $2
"""  # noqa: S608 - own column names
_OPEN = f"SELECT {_ROW} FROM deliveries WHERE status = $1 ORDER BY seq"  # noqa: S608 - own column names


class Ledger:
    def __init__(self, pool: asyncpg.Pool, journal: Journal) -> None:
        self._pool = pool
        self._journal = journal

    async def due(self, closed: list[int], limit: int) -> list[Row]:
        """What can go out now, the oldest first; not to the chats that are `closed`."""
        return [_row(row) for row in await self._pool.fetch(_DUE, closed, limit)]

    async def recover(self) -> None:
        """After a crash: a message that was on its way may have arrived, an edit can be repeated."""
        for row in [_row(row) for row in await self._pool.fetch(_OPEN, "sending")]:
            if row.makes_messages:
                await self.unknown(row, None, UNCERTAIN)
            else:
                await self.requeue(row, 0, UNCERTAIN, spend=False)

    async def give_up(self) -> None:
        """Without a bot nothing can go out, and whoever sent it should hear of that now."""
        for row in [_row(row) for row in await self._pool.fetch(_OPEN, "queued")]:
            await self.failed(row, None, Trouble.NO_BOT, NO_BOT)

    async def claim(self, row: Row, bot_id: int, record: Record | None) -> bool:
        """From here on it may have gone out, and hold what the record says."""
        claimed = await self._pool.fetchval(
            """
            UPDATE deliveries SET status = 'sending', bot_id = coalesce(bot_id, $2),
                   client = CASE WHEN $5::integer IS NULL THEN client ELSE $3 END,
                   client_version = $4, task_version = $5, shown = $6
            WHERE id = $1 AND status = 'queued' RETURNING id
            """,
            row.id,
            bot_id,
            record and record.client,
            record and record.client_version,
            record and record.task_version,
            as_json(record.shown) if record else None,
        )
        return claimed is not None

    async def may_be_out(self, row: Row) -> bool:
        """Whether a new message was on its way when something of ours broke."""
        status = await self._pool.fetchval("SELECT status FROM deliveries WHERE id = $1", row.id)
        return row.makes_messages and status == "sending"

    async def part(self, row: Row, made: list[int]) -> None:
        await self._pool.execute("UPDATE deliveries SET message_ids = $2 WHERE id = $1", row.id, made)

    async def requeue(self, row: Row, wait: float, reason: str, *, spend: bool) -> None:
        """Unless it has ended meanwhile, given up or doubted: what was told of it then must stay true."""
        await self._pool.execute(
            """
            UPDATE deliveries SET status = 'queued', tries = tries + $2, reason = $3,
                   due_at = now() + $4 * interval '1 second'
            WHERE id = $1 AND status IN ('queued', 'sending')
            """,
            row.id,
            int(spend),
            reason,
            wait,
        )

    async def dropped(self, row: Row, reason: str) -> None:
        await self._end(row, "dropped", None, reason=reason)

    async def sent(self, row: Row, bot_id: int, made: list[int]) -> None:
        command: DeliveryCommand | None = None
        if row.makes_messages and row.purpose in CONTENT:
            command = ConfirmDelivery(
                DeliverySent(row.purpose, row.chat_id, made[-1], row.task, row.offer, row.invoice)
            )
        await self._end(row, "sent", command, bot_id=bot_id, made=made)

    async def recall(self, row: Row, target: UUID, wait: float) -> None:
        """Drops what was to be taken back; what is on its way at this moment is taken back once it is there."""
        recalled = await self._pool.fetchval(
            "UPDATE deliveries SET status = 'dropped', reason = $2, ended_at = $3 "
            "WHERE id = $1 AND status = 'queued' RETURNING id",
            target,
            RECALLED,
            clock.now(),
        )
        if recalled is None:
            await self.requeue(row, wait, RECALLED, spend=False)
        else:
            await self.dropped(row, RECALLED)

    async def told(self, row: Row, message: int) -> None:
        """The chat holds it already: as `sent`, without a message of its own."""
        sent = DeliverySent(row.purpose, row.chat_id, message, row.task, row.offer, row.invoice)
        await self._end(row, "dropped", ConfirmDelivery(sent), reason=KNOWN)

    async def unknown(self, row: Row, bot_id: int | None, reason: str) -> None:
        command: DeliveryCommand | None = None
        if row.purpose in CONTENT:
            command = DoubtDelivery(
                DeliveryUnknown(row.purpose, row.chat_id, row.task, row.offer, row.invoice, reason)
            )
        await self._end(row, "unknown", command, bot_id=bot_id, reason=reason)

    async def failed(self, row: Row, bot_id: int | None, trouble: Trouble, reason: str) -> None:
        command: DeliveryCommand | None = None
        if row.purpose in (CONTENT if row.makes_messages else {Purpose.RETRACTION}):
            command = FailDelivery(
                DeliveryFailed(row.purpose, row.chat_id, trouble, reason, row.task, row.offer, row.invoice)
            )
        await self._end(row, "failed", command, bot_id=bot_id, trouble=trouble, reason=reason)

    async def _end(
        self,
        row: Row,
        status: str,
        command: DeliveryCommand | None,
        *,
        bot_id: int | None = None,
        made: list[int] | None = None,
        trouble: Trouble | None = None,
        reason: str | None = None,
    ) -> None:
        """The row, its event, and what it says of the technician: in one transaction."""

        async def within(connection: asyncpg.Connection, _: Outcome) -> None:
            await connection.execute(
                """
                UPDATE deliveries SET status = $2, bot_id = coalesce(bot_id, $3), trouble = $5, reason = $6,
                       message_ids = CASE WHEN cardinality($4::bigint[]) > 0 THEN $4 ELSE message_ids END,
                       ended_at = $7
                WHERE id = $1 AND status IN ('queued', 'sending')
                """,
                row.id,
                status,
                bot_id,
                made or [],
                trouble,
                reason,
                clock.now(),
            )
            if status == "sent" and row.purpose is Purpose.CHANGE and row.makes_messages:
                await replace_older_notes(connection, row.id)
            if notice := NOTICES.get(trouble) if trouble else None:
                await self._journal.handle(
                    TECHNICIANS, row.chat_id, notice, actor=SELF, connection=connection
                )

        if command:
            await self._journal.handle(
                DELIVERIES, row.id, command, actor=SELF, cause=row.cause, within=within
            )
        else:
            async with transaction(self._pool) as connection:
                await within(connection, NOTHING)
        ENDED.labels(row.purpose, status).inc()


NOTICES: dict[Trouble, TechnicianCommand] = {
    Trouble.BLOCKED: NoticeBlock(),
    Trouble.DEACTIVATED: NoticeGone(),
}
"""What a failure says of the technician, beyond this message."""
SELF = by_service("bot-gateway")
NOTHING = Outcome("", 0, ())


def _row(row: asyncpg.Record) -> Row:
    fields = dict(row)
    fields["purpose"] = Purpose(fields["purpose"])
    return Row(**fields)
