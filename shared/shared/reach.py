"""Whether messages reach a technician, for services that keep it in a table `technicians`."""

import asyncpg

from shared.contract import Recorded
from shared.contract.technician import (
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianReactivated,
    TechnicianUnblockedBot,
)


async def remember(connection: asyncpg.Connection, recorded: Recorded, standing: str) -> None:
    """One event → what is another now, if it is about this.

    standing  the column that says `active`, `blocked`, `deactivated` or `deleted`; beside it is `blocked`, a boolean
    """
    match recorded.data:
        case TechnicianBlockedBot():
            await _set(connection, recorded, standing, blocked=True)
        case TechnicianUnblockedBot():
            await _set(connection, recorded, standing, blocked=False)
        case TechnicianDeactivated():
            await _set(connection, recorded, standing, deactivated=True)
        case TechnicianReactivated():
            await _set(connection, recorded, standing, deactivated=False)


async def _set(
    connection: asyncpg.Connection,
    recorded: Recorded,
    standing: str,
    *,
    deactivated: bool | None = None,
    blocked: bool | None = None,
) -> None:
    """One of the two is another now; who comes back from it may still be kept away by the other.

    Only beside `deactivated` does `blocked` say more than the standing, which a version without it may have
    written last.
    """
    sql = f"""
        UPDATE technicians t SET blocked = now.blocked, {standing} =
            CASE WHEN now.deactivated THEN 'deactivated' WHEN now.blocked THEN 'blocked' ELSE 'active' END
        FROM (
            SELECT id, coalesce($2, {standing} = 'deactivated') AS deactivated,
                   coalesce($3, {standing} = 'blocked' OR (blocked AND {standing} = 'deactivated')) AS blocked
            FROM technicians WHERE id = $1
        ) now
        WHERE t.id = now.id
    """  # noqa: S608 - the column's name comes from a service's own code
    await connection.execute(sql, int(recorded.key), deactivated, blocked)
