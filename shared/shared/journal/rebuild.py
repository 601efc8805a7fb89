"""Filling the folded tables again from what happened."""

from collections.abc import Sequence

import asyncpg
import msgspec

from shared.contract import AnyEvent, Recorded
from shared.contract.event import Envelope
from shared.journal.database import transaction
from shared.journal.journal import Project

LOCKED = 300.0  # seconds to wait for whoever reads the tables just now

_DATA: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


async def rebuild(pool: asyncpg.Pool, tables: Sequence[str], project: Project) -> None:
    """Empties `tables` and the cursors, then projects the own journal, in one transaction.

    Readers wait for it. The events of others come from the bus again, since no cursor knows them any more.
    """
    async with transaction(pool) as connection:
        await connection.execute(f"TRUNCATE {', '.join(tables)}, cursors, dead_letters", timeout=LOCKED)
        async for row in connection.cursor("SELECT * FROM events ORDER BY position"):
            await project(connection, _recorded(row))


def _recorded(row: asyncpg.Record) -> Recorded:
    fields = dict(row)
    fields.pop("position")
    fields["data"] = _DATA.decode(fields["data"])
    return Envelope(**fields)
