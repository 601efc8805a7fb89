"""What people and clients are called, for services that only know their ids.

Each service that shows names remembers them itself, in the table `names`; an erased client's is forgotten.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
from babel.dates import format_date

from shared.contract import Recorded
from shared.contract.admin import AdminAdded
from shared.contract.client import ClientAdded, ClientErased, ClientRenamed
from shared.contract.event import stream_name
from shared.contract.site import Site
from shared.contract.technician import TechnicianEdited, TechnicianProfileChanged, TechnicianRegistered
from shared.language import _, locale

TABLES = ("names",)
AGGREGATES = ("technician", "client", "admin")

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

_OWN = """
INSERT INTO names (stream, own) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET own = $2
"""
_ANEW = """
INSERT INTO names (stream, own) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET own = $2, given = ''
"""


async def remember(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """One event → the name it tells of, if any."""
    match recorded.data:
        case TechnicianRegistered(name=name):
            await connection.execute(_ANEW, recorded.stream, name)
        case TechnicianProfileChanged(name=name) | ClientAdded(name=name) | ClientRenamed(name=name):
            await connection.execute(_OWN, recorded.stream, name)
        case TechnicianEdited(name=name):
            await connection.execute("UPDATE names SET given = $2 WHERE stream = $1", recorded.stream, name)
        case AdminAdded(login=login, name=name):
            await connection.execute(_OWN, stream_name("admin", login), name)
        case ClientErased():
            await connection.execute("DELETE FROM names WHERE stream = $1", recorded.stream)
        case _:
            pass


class Names:
    """Names that were looked up, with something to say for whoever is not known (any more); and the site's days."""

    def __init__(self, known: Mapping[str, str] | None = None, zone: str = Site().time_zone) -> None:
        """
        known  stream → name, such as `{"technician.77": "Sami"}`
        zone   on whose clock a day begins
        """
        self._known = dict(known or {})
        self._zone = ZoneInfo(zone)

    def day(self, moment: datetime) -> str:
        """ "22 Nov 2026"."""
        return format_date(moment.astimezone(self._zone), "d MMM y", locale=locale())

    def technician(self, telegram_id: int) -> str:
        return self._known.get(
            stream_name("technician", telegram_id), _("technician %(number)s", number=telegram_id)
        )

    def client(self, number: int) -> str:
        return self._known.get(stream_name("client", number), _("client %(number)s", number=number))

    def admin(self, login: str) -> str:
        return self._known.get(stream_name("admin", login), login)

    def actor(self, actor: str) -> str:
        """`admin:anna`, `technician:77`, `token:ci`, `service:tasks`, as a reader knows them."""
        kind, _sep, key = actor.partition(":")
        match kind:
            case "admin":
                return self.admin(key)
            case "technician" if key.lstrip("-").isdecimal():
                return self.technician(int(key))
            case "token":
                return _("API token “%(name)s”", name=key)
            case _:
                return "Callout"


async def of(connection: Connection, aggregate: str, keys: Iterable[int | str]) -> dict[int | str, str]:
    """Key → name, for those of `keys` that have one."""
    streams = {stream_name(aggregate, key): key for key in keys}
    return {streams[row["stream"]]: row["name"] for row in await _known(connection, streams)}


async def known_to(connection: Connection, streams: Iterable[str]) -> Names:
    """`Names` for these streams; `shared.sentences.mentioned` says which an event needs."""
    rows = await _known(connection, streams)
    zone = rows[0]["zone"] if rows else None
    return Names({row["stream"]: row["name"] for row in rows}, zone or Site().time_zone)


async def _known(connection: Connection, streams: Iterable[str]) -> list[asyncpg.Record]:
    wanted = list(set(streams))
    if not wanted:
        return []
    sql = "SELECT stream, name, (SELECT settings->>'time_zone' FROM site) AS zone FROM names WHERE stream = ANY($1)"
    return await connection.fetch(sql, wanted)
