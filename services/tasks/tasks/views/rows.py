"""What every view needs: whom it asks, how a person is named, and how typed words are looked for."""

import re
from typing import TypeAlias

import asyncpg
from msgspec import Struct

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool


class Named(Struct, frozen=True):
    """A technician (Telegram user id) or a client (number), with the name to show."""

    id: int
    name: str


def search(typed: str) -> str | None:
    """Every word must occur, as the beginning of one; None where nothing was typed that is a word."""
    words = re.findall(r"\w+", typed)[:10]
    return " & ".join(f"{word}:*" for word in words) if words else None
