"""What every view needs of rows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool


def first_id(at: datetime) -> UUID:
    """Below every uuid7 made at or after this millisecond (RFC 9562, section 5.7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def actor_streams(actors: Iterable[str]) -> list[str]:
    """`admin:anna` has its name at `admin.anna`."""
    return [actor.replace(":", ".", 1) for actor in actors]


def seconds(time: timedelta | None) -> float | None:
    return time.total_seconds() if time is not None else None


def filtered(*clauses: tuple[str, Any]) -> tuple[str, list[Any]]:
    """The clauses whose value is given, each `$` numbered. One text for each choice of filters, so that
    PostgreSQL plans each for itself."""
    given = [(clause, value) for clause, value in clauses if value is not None]
    text = [clause.replace("$", f"${number}") for number, (clause, _) in enumerate(given, 1)]
    return " AND ".join(text) or "true", [value for _, value in given]
