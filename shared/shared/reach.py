"""Whether messages reach a technician, for services that keep it in a table `technicians`."""

import asyncpg

from shared.contract import Recorded
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianReactivated,
    TechnicianUnblockedBot,
)


async def remember(connection: asyncpg.Connection, recorded: Recorded, standing: str) -> None:
    """One event → what is another now, if it is about this.

    standing  the column that says `active`, `blocked`, `gone`, `deactivated` or `deleted`; beside it are `blocked` and
              `gone`, booleans
    """
    match recorded.data:
        case TechnicianBlockedBot():
            await _set(connection, recorded, standing, blocked=True, gone=False)
        case TechnicianAccountGone():
            await _set(connection, recorded, standing, blocked=False, gone=True)
        case TechnicianUnblockedBot():
            await _set(connection, recorded, standing, blocked=False, gone=False)
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
    gone: bool | None = None,
) -> None:
    """Kept away by the office, or not reached by the bot: who comes back from one may still be in the other.

    Only beside `deactivated` do `blocked` and `gone` say more than the standing, which a version without them may
    have written last.
    """
    sql = f"""
        UPDATE technicians t SET blocked = now.blocked, gone = now.gone, {standing} = CASE
            WHEN now.deactivated THEN 'deactivated' WHEN now.gone THEN 'gone' WHEN now.blocked THEN 'blocked'
            ELSE 'active' END
        FROM (
            SELECT id, coalesce($2, {standing} = 'deactivated') AS deactivated,
                   coalesce($3, {standing} = 'blocked' OR (blocked AND {standing} = 'deactivated')) AS blocked,
                   coalesce($4, {standing} = 'gone' OR (gone AND {standing} = 'deactivated')) AS gone
            FROM technicians WHERE id = $1
        ) now
        WHERE t.id = now.id
    """  # noqa: S608 - the column's name comes from a service's own code
    await connection.execute(sql, int(recorded.key), deactivated, blocked, gone)
