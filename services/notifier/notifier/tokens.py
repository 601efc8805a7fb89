"""API tokens: how long they last, who made them, and what became of their use. Rules are in `domain`."""

from datetime import datetime, timedelta

import asyncpg

from notifier.domain import LONGEST_TOKEN
from shared.contract.admin import ApiTokenRevoked
from shared.journal import Outcome
from shared.language import _
from shared.refusal import Refused, Why

USED = """
UPDATE tokens SET used_at = now(), used_through = $2
WHERE key = $1 AND revoked_at IS NULL AND (used_at IS NULL OR used_at < now() - interval '4 minutes')
"""
"""Each service says it every five minutes; one of them is enough, and one replica's."""
_REVOKE = """
UPDATE tokens SET revoked_at = now() WHERE name = ANY($1) AND revoked_at IS NULL RETURNING key
"""


def end_of(days: int | None, at: datetime | None, now: datetime) -> datetime | None:
    """The moment at which a token is to end, said by one of two ways or not at all."""
    if days is None:
        return at
    if at is not None:
        sentence = _("Say when the token ends in one way: by a number of days, or by a moment.")
        raise Refused(sentence, Why.INVALID, {"expires_at": sentence})
    if not 1 <= days <= LONGEST_TOKEN.days:
        sentence = _("A token lasts 1 to %(most)s days, or without an end.", most=LONGEST_TOKEN.days)
        raise Refused(sentence, Why.INVALID, {"expires_in_days": sentence})
    return now + timedelta(days=days)


async def makers(connection: asyncpg.Connection | asyncpg.Pool) -> dict[str, str]:
    """Name → actor who made it, of the tokens that are not revoked; events of before don't tell."""
    rows = await connection.fetch("SELECT name, created_by FROM tokens WHERE revoked_at IS NULL")
    return {row["name"]: row["created_by"] for row in rows}


class Revoked:
    """Ends, with the events that say so, the tokens which they name; `keys` are then to be told on the bus."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def __call__(self, connection: asyncpg.Connection, outcome: Outcome) -> None:
        names = [event.name for event in outcome.events if isinstance(event, ApiTokenRevoked)]
        rows = await connection.fetch(_REVOKE, names) if names else []
        self.keys = [row["key"] for row in rows]
