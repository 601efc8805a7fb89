"""What every view needs: whom it asks, how a person is named, and how typed words are looked for."""

import re
from datetime import datetime
from typing import TypeAlias

import asyncpg
from msgspec import Struct

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool


class Named(Struct, frozen=True):
    """A technician (Telegram user id) or a client (number), with the name to show."""

    id: int
    name: str


class Newcomer(Struct, frozen=True):
    """A technician whom nobody has kept yet.

    joined_at   when Start was pressed
    deleted_at  when they had been deleted, where they came back from that
    """

    joined_at: datetime
    deleted_at: datetime | None = None


KEPT = """(w.kept OR EXISTS (
    SELECT FROM offers o WHERE o.technician = w.id AND greatest(o.sent_at, o.client_info_at) >= w.joined_at
))"""
"""Of a technician `w`: the office has kept them, or sent them something since they joined, which keeps them too."""


def search(typed: str) -> str | None:
    """Every word must occur, as the beginning of one; None where nothing was typed that is a word."""
    words = re.findall(r"\w+", typed)[:10]
    return " & ".join(f"{word}:*" for word in words) if words else None
