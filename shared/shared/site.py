"""The site's settings, as each service remembers them from `SiteSettingsChanged`."""

import asyncpg
import msgspec

from shared.contract import Recorded
from shared.contract.site import Site, SiteSettingsChanged

_SITE = msgspec.json.Decoder(Site)


async def remember(connection: asyncpg.Connection, recorded: Recorded) -> None:
    if isinstance(recorded.data, SiteSettingsChanged):
        await connection.execute(
            "INSERT INTO site (settings) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET settings = $1",
            msgspec.json.encode(recorded.data.site).decode(),
        )


async def current(pool: asyncpg.Pool) -> Site:
    settings = await pool.fetchval("SELECT settings FROM site")
    return _SITE.decode(settings) if settings else Site()
