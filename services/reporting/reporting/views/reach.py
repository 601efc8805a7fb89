"""Whether messages reach a technician, by what was last told of it."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg
from msgspec import Struct

from reporting.views.rows import Connection
from shared.contract.delivery import Trouble
from shared.contract.event import stream_name

AWAY = {"TechnicianBlockedBot": "blocked", "TechnicianAccountGone": "gone"}
OF_TROUBLE: dict[str, str] = {
    Trouble.BLOCKED: "blocked",
    Trouble.DEACTIVATED: "gone",
    Trouble.CHAT_NOT_FOUND: "unreached",
}
"""A failure after which sending again fails again → why."""

# In these words, since the index audit_reach is for them.
_LAST = """
SELECT DISTINCT ON (stream) stream, id, kind FROM audit
WHERE stream = ANY($1) AND kind IN (
    'TechnicianRegistered', 'TechnicianBlockedBot', 'TechnicianAccountGone', 'TechnicianUnblockedBot'
)
ORDER BY stream, id DESC
"""


class Reach(Struct, frozen=True):
    """why  `blocked` or `gone`; empty where messages arrive, as far as was told by the event `told`"""

    why: str = ""
    told: UUID = UUID(int=0)

    def with_failure(self, failure: UUID, trouble: str | None) -> str:
        """Why nothing would arrive now, seeing that the delivery of this event failed by that."""
        if self.why or self.told > failure:
            return self.why
        return OF_TROUBLE.get(trouble or "", "")


class Reached:
    def __init__(self, rows: Iterable[asyncpg.Record]) -> None:
        self._known = {row["stream"]: Reach(AWAY.get(row["kind"], ""), row["id"]) for row in rows}

    def __call__(self, technician: int | None) -> Reach:
        return self._known.get(stream_name("technician", technician or 0), Reach())


async def reached(connection: Connection, technicians: Iterable[int]) -> Reached:
    streams = sorted({stream_name("technician", each) for each in technicians})
    return Reached(await connection.fetch(_LAST, streams) if streams else [])
