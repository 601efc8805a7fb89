"""Updates that could not be handled: kept sealed for seven days, listed and tried again by `callout updates`."""

from datetime import datetime, timedelta

import asyncpg
from cryptography.fernet import Fernet
from msgspec import Struct

from .received import Unreadable, readable, reread, seal, unseal

KEEP = timedelta(days=7)

# As the trouble of one begins; a version before this one read them by other means.
_UNREADABLE = ("Unreadable:", "ValidationError:")


class Aside(Struct, frozen=True):
    """trouble says where it can't be read, or what broke; nothing of what somebody wrote."""

    bot_id: int
    update_id: int
    chat_id: int
    received_at: datetime
    kept_until: datetime
    trouble: str


class SetAside:
    def __init__(self, pool: asyncpg.Pool, cipher: Fernet) -> None:
        self._pool = pool
        self._cipher = cipher

    async def listed(self) -> list[Aside]:
        rows = await self._pool.fetch(
            """
            SELECT bot_id, update_id, chat_id, received_at, set_aside_at + $1::interval AS kept_until,
                   coalesce(trouble, '') AS trouble
            FROM updates WHERE set_aside_at IS NOT NULL ORDER BY seq
            """,
            KEEP,
        )
        return [Aside(**dict(row)) for row in rows]

    async def retry(self) -> tuple[int, int]:
        """Those that can be read now are handled again, in order; how many these are, and how many can't be."""
        return await self._retry("true")

    async def retry_readable(self) -> int:
        """Those that could not be read, by a version before this one perhaps; not those whose handling broke."""
        again, _left = await self._retry("trouble LIKE ANY($1)", [f"{each}%" for each in _UNREADABLE])
        return again

    async def _retry(self, which: str, *given: object) -> tuple[int, int]:
        rows = await self._pool.fetch(
            f"SELECT seq, body FROM updates WHERE set_aside_at IS NOT NULL AND {which} ORDER BY seq",  # noqa: S608 - own words
            *given,
        )
        again = 0
        for row in rows:
            try:
                body = self._readable(bytes(row["body"]))
            except Unreadable:
                continue
            again += 1
            await self._pool.execute(
                """
                UPDATE updates SET set_aside_at = NULL, faults = 0, trouble = NULL, due_at = now(), body = $2
                WHERE seq = $1 AND set_aside_at IS NOT NULL
                """,
                row["seq"],
                body,
            )
        return again, len(rows) - again

    def _readable(self, stored: bytes) -> bytes:
        body = readable(unseal(self._cipher, stored))
        reread(body)
        return seal(self._cipher, body)


async def forget_old(pool: asyncpg.Pool) -> None:
    """What was handled, or set aside, long ago holds private words and serves nothing."""
    await pool.execute(
        "DELETE FROM updates WHERE handled_at < now() - $1::interval OR set_aside_at < now() - $1::interval",
        KEEP,
    )
