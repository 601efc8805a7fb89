"""The site's settings, as each service remembers them from `SiteSettingsChanged`."""

from typing import TypeAlias

import asyncpg
import msgspec

from shared.contract import Recorded
from shared.contract.site import Site, SiteSettingsChanged

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

_SITE = msgspec.json.Decoder(Site)


async def remember(connection: asyncpg.Connection, recorded: Recorded) -> None:
    if isinstance(recorded.data, SiteSettingsChanged):
        await connection.execute(
            "INSERT INTO site (settings) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET settings = $1",
            msgspec.json.encode(recorded.data.site).decode(),
        )


async def current(connection: Connection) -> Site:
    settings = await connection.fetchval("SELECT settings FROM site")
    return _SITE.decode(settings) if settings else Site()
