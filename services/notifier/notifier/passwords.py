"""Passwords: hashed with Argon2 in a thread, a few at a time, since each takes 64 MB and much of a core."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.language import _
from shared.refusal import Refused, Why

LONGEST = 200
AT_ONCE = 2
WAITING = 16
RESERVED = 8
"""Places in the queue beyond `WAITING` for those who were here before: strangers can't fill it for everybody."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
"""What is checked for a login that doesn't exist, so that the answer takes as long."""


class Queue:
    """So many at once; the next ones wait in order, and beyond that nobody does."""

    def __init__(self, at_once: int, waiting: int, reserved: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most = waiting
        self._reserved = reserved
        self._waiting = 0

    @asynccontextmanager
    async def turn(self, *, trusted: bool) -> AsyncIterator[None]:
        """Refused where the queue is full; `trusted` may also have one of the reserved places."""
        if self._turns.locked() and self._waiting >= self._most + (self._reserved if trusted else 0):
            raise Refused(
                _("Too many people are logging in just now. Please try again in a moment."), Why.UNAVAILABLE
            )
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()


_QUEUE = Queue(AT_ONCE, WAITING, RESERVED)


def generated() -> str:
    """96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


async def hashed(password: str) -> str:
    """For somebody who is logged in."""
    async with _QUEUE.turn(trusted=True):
        return await asyncio.to_thread(_HASHER.hash, password)


async def fits(password: str, known: str | None, *, trusted: bool) -> bool:
    """Whether it is the password behind the hash. Takes as long where there is no hash."""
    async with _QUEUE.turn(trusted=trusted):
        return await asyncio.to_thread(_fits, password[: LONGEST + 1], known)


def _fits(password: str, known: str | None) -> bool:
    try:
        _HASHER.verify(known or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None
