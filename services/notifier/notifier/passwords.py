"""Passwords: hashed with Argon2 in a thread, a few at a time, since each takes 64 MB and much of a core."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.language import _
from shared.refusal import Refused, Why

SHORTEST = 10
LONGEST = 200

_HASHER = PasswordHasher()
_AT_ONCE = asyncio.Semaphore(2)
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
"""What is checked for a login that doesn't exist, so that the answer takes as long."""


def generated() -> str:
    """96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


def check_strength(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        sentence = _("A password has %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST)
        raise Refused(sentence, Why.INVALID, {"new": sentence})


async def hashed(password: str) -> str:
    async with _AT_ONCE:
        return await asyncio.to_thread(_HASHER.hash, password)


async def fits(password: str, known: str | None) -> bool:
    """Whether it is the password behind the hash. Takes as long where there is no hash."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_fits, password[: LONGEST + 1], known)


def _fits(password: str, known: str | None) -> bool:
    try:
        _HASHER.verify(known or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None
