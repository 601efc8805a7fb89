"""The company's logo for the document: today's, and each one that a sent invoice names by its hash.

Kept as pixels alone (`shared.pictures`), whatever came in the event; one that can't be decoded is as good as none.
A version before kept each as it came: those are drawn anew once this one leads, and until then where they are used.
"""

import asyncio
from functools import partial

import asyncpg
import structlog

from shared.journal.database import transaction
from shared.pictures import Flaw, Pixels, patiently, redrawn
from shared.refusal import Refused

log = structlog.get_logger()

_HASH = "encode(sha256(image), 'hex')"
_KEEP = """
INSERT INTO logos (hash, image, drawn) VALUES ($1, $2, true)
ON CONFLICT (hash) DO UPDATE SET image = $2, drawn = true
"""
_TODAY = """
INSERT INTO logo (image, media_type, source, drawn) VALUES ($1, $2, $3, encode(sha256($1), 'hex'))
ON CONFLICT (only_row) DO UPDATE
    SET image = excluded.image, media_type = excluded.media_type, source = excluded.source, drawn = excluded.drawn
"""
_KEEP_TODAY = f"""
INSERT INTO logos (hash, image, drawn)
SELECT {_HASH}, image, drawn IS NOT DISTINCT FROM {_HASH} FROM logo
UNION ALL SELECT source, image, true FROM logo WHERE drawn = {_HASH} AND source <> drawn
ON CONFLICT DO NOTHING
"""  # noqa: S608 - put together from constants
NONE = b""
"""What is kept of a logo that can't be decoded."""


async def take(connection: asyncpg.Connection, image: bytes, media_type: str) -> None:
    """Today's is this one, as it came in its event."""
    try:
        found = await redrawn(image)
    except Refused as refused:
        # As a version before would keep it: drawn where it is used, or at the next start.
        log.warning("logo not drawn yet", reason=refused.sentence)
        await connection.execute(
            "INSERT INTO logo (image, media_type) VALUES ($1, $2) "
            "ON CONFLICT (only_row) DO UPDATE SET image = $1, media_type = $2",
            image,
            media_type,
        )
        await keep_today(connection)
        return
    source = await connection.fetchval("SELECT encode(sha256($1), 'hex')", image)
    if isinstance(found, Flaw):
        log.warning("logo left out", why=found.value, hash=source)
        await connection.execute(_KEEP, source, NONE)
        await connection.execute("DELETE FROM logo")
        return
    await connection.execute(_TODAY, found.image, found.media_type, source)
    await connection.execute(_KEEP, source, found.image)
    # A replica of the version before names what it finds by its own hash.
    await keep_today(connection)


async def take_away(connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM logo")


async def keep_today(connection: asyncpg.Connection) -> None:
    """By its hash, for the documents that name it; a version before may have taken it in, and not kept it so."""
    await connection.execute(_KEEP_TODAY)


async def today(pool: asyncpg.Pool) -> Pixels | None:
    row = await pool.fetchrow(f"SELECT image, drawn IS NOT DISTINCT FROM {_HASH} AS drawn FROM logo")  # noqa: S608
    return await _pixels(row) if row else None


async def hash_of_today(pool: asyncpg.Pool) -> str:
    """Of the file that its event holds; empty where there is no logo."""
    found: str | None = await pool.fetchval(
        f"SELECT CASE WHEN drawn = {_HASH} THEN source ELSE {_HASH} END FROM logo"  # noqa: S608
    )
    return found or ""


async def named(pool: asyncpg.Pool, known_by: str) -> Pixels | None:
    """The logo of this hash, also one that is no longer in use; LookupError where it isn't known."""
    row = await pool.fetchrow("SELECT image, drawn FROM logos WHERE hash = $1", known_by)
    if row is None:
        raise LookupError(known_by)
    return await _pixels(row)


async def draw_anew(pool: asyncpg.Pool) -> None:
    """All that a version before kept as it came; for ever, on the leading replica."""
    await patiently(partial(_draw_all, pool))
    await asyncio.Event().wait()


async def _draw_all(pool: asyncpg.Pool) -> None:
    for row in await pool.fetch("SELECT hash, image FROM logos WHERE NOT drawn"):
        found = await redrawn(row["image"])
        if isinstance(found, Flaw):
            log.warning("logo left out", why=found.value, hash=row["hash"])
        await pool.execute(_KEEP, row["hash"], NONE if isinstance(found, Flaw) else found.image)
    async with transaction(pool) as connection:
        todays = await connection.fetchrow(
            f"SELECT image, media_type FROM logo WHERE drawn IS DISTINCT FROM {_HASH} FOR UPDATE"  # noqa: S608
        )
        if todays:
            await take(connection, todays["image"], todays["media_type"])


async def _pixels(row: asyncpg.Record) -> Pixels | None:
    if row["drawn"]:
        return Pixels(row["image"]) if row["image"] else None
    found = await redrawn(row["image"])
    return None if isinstance(found, Flaw) else found.image
