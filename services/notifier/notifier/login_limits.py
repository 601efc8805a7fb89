"""How often somebody may try to log in: few times in a row from one network, and ever more slowly under one name.

Whoever knows the password is let in from anywhere else, and in a browser where they were before. All is counted in
PostgreSQL, for every replica, and a login that nobody has is counted like any other.
"""

import asyncio
import ipaddress
import re
from collections import Counter
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from shared.journal.database import transaction
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import digest

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
TRIES = 5  # under one name, from one network or in one browser
TRIES_PER_NETWORK = 30  # under all names
FREE = 5  # tries under one name, from all networks, that nobody has to wait for
FIRST_DELAY = 0.1  # seconds; each further try doubles them
LONGEST_DELAY = 5.0
MOST_DELAYED = 20  # people who may wait under one name at the same time, on one replica

PREFIX = 64  # bits of an IPv6 address that one customer of a provider is given
NAME = 64  # characters of a name that are looked at
KEPT_ROWS = 100_000
SWEEP = 300.0  # seconds
DEVICES_EACH = 20  # browsers in which one admin is known

_COUNT = """
SELECT count(*) FILTER (WHERE login = $1 AND network = $2 AND device IS NULL) AS here,
       count(*) FILTER (WHERE network = $2 AND device IS NULL) AS network,
       count(*) FILTER (WHERE login = $1 AND device IS NULL) AS name,
       count(*) FILTER (WHERE login = $1 AND device = $3) AS device
FROM (SELECT login, coalesce(network, address) AS network, device FROM failed_logins
      WHERE at > now() - $4::interval AND (login = $1 OR coalesce(network, address) = $2)) AS lately
"""
_SUM_UP = """
WITH looked_at AS (UPDATE failed_logins SET address = $2 WHERE id = $3)
INSERT INTO failed_since_login (login, tries, last_at, last_address)
SELECT login, 1, now(), $2 FROM admins WHERE login = $1
ON CONFLICT (login) DO UPDATE
SET tries = failed_since_login.tries + 1, last_at = excluded.last_at, last_address = excluded.last_address
"""
_FORGIVE = """
DELETE FROM failed_logins
WHERE login = $1
AND CASE WHEN $3::text IS NULL THEN device IS NULL AND coalesce(network, address) = $2 ELSE device = $3 END
"""
_RENAME = "UPDATE known_devices SET key = $2 WHERE key = $1"
_KNOW = """
INSERT INTO known_devices (login, key) VALUES ($1, $2) ON CONFLICT (login, key) DO UPDATE SET used_at = now()
"""
_CROWD = """
DELETE FROM known_devices WHERE login = $1
AND key NOT IN (SELECT key FROM known_devices WHERE login = $1 ORDER BY used_at DESC LIMIT $2)
"""


class Failed(StrEnum):
    """How a login came to nothing, for the log."""

    WRONG = "wrong password"
    UNKNOWN = "unknown login"
    DISABLED = "login disabled"
    CHANGED = "changed meanwhile"
    TOO_MANY = "too many tries"
    BUSY = "queue full"


class Origin(Struct, frozen=True):
    """Where somebody asks from. device: what the cookie of this browser says, if it has one"""

    address: str
    user_agent: str = ""
    device: str = ""

    @property
    def network(self) -> str:
        return network_of(self.address)


class Try(Struct, frozen=True):
    """One that is counted.

    device    the key of a browser in which this login is known, else None
    logs_in   else somebody who is logged in says their password, to change it
    """

    id: UUID
    login: str
    origin: Origin
    device: str | None
    logs_in: bool = True


def network_of(address: str) -> str:
    """Whose address it is: an IPv4 address alone, and of IPv6 the /64, of which one customer has all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), PREFIX), strict=False))


def delay(failed: int) -> float:
    """The seconds that a try waits under a name under which so many failed lately."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failed - FREE, 32)) if failed >= FREE else 0.0


class LoginLimits:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._delayed: Counter[str] = Counter()

    async def begin(self, login: str, origin: Origin, *, logs_in: bool = True) -> Try:
        """Refused where there were too many. A try counts as failed before its password is looked at, which takes
        a while: else whoever sends a thousand at once has a thousand tries."""
        begun = Try(uuid7(), login, origin, None, logs_in)
        counted, failed = await self._count(begun)
        if counted is None:
            self._tell(begun, Failed.TOO_MANY)
            raise Refused(
                _("Too many tries. Please wait 15 minutes, then log in again."),
                Why.TOO_MANY,
                retry_after=int(WINDOW.total_seconds()),
            )
        seconds = 0.0 if counted.device else delay(failed)
        if seconds:
            await self._wait(counted, seconds)
        return counted

    async def _count(self, begun: Try) -> tuple[Try | None, int]:
        """The try, or None where there were too many; and how many failed under this name lately."""
        login, origin, network = begun.login, begun.origin, begun.origin.network
        async with transaction(self._pool) as connection:
            for kind, what in (("network", network), ("login", login)):
                await connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", kind, what
                )
            device = await self._known(connection, login, origin.device)
            row = await connection.fetchrow(_COUNT, login, network, device, WINDOW)
            assert row is not None
            if (
                row["device"] >= TRIES
                if device
                else row["here"] >= TRIES or row["network"] >= TRIES_PER_NETWORK
            ):
                return None, row["name"]
            await connection.execute(
                "INSERT INTO failed_logins (id, login, address, network, device) VALUES ($1, $2, $3, $4, $5)",
                begun.id,
                login,
                origin.address,
                network,
                device,
            )
            return replace(begun, device=device), row["name"]

    @staticmethod
    async def _known(connection: asyncpg.Connection, login: str, device: str) -> str | None:
        if not device:
            return None
        found: str | None = await connection.fetchval(
            "SELECT key FROM known_devices WHERE login = $1 AND key = $2", login, digest(device)
        )
        return found

    async def _wait(self, begun: Try, seconds: float) -> None:
        if self._delayed[begun.login] >= MOST_DELAYED:
            await self.not_looked_at(begun)
            raise Refused(
                _("Too many people are logging in just now. Please try again in a moment."), Why.UNAVAILABLE
            )
        self._delayed[begun.login] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._delayed[begun.login] -= 1
            if not self._delayed[begun.login]:
                del self._delayed[begun.login]

    async def not_looked_at(self, begun: Try) -> None:
        """Nobody came to look at the password, so it was no try."""
        await self._pool.execute("DELETE FROM failed_logins WHERE id = $1", begun.id)
        self._tell(begun, Failed.BUSY)

    async def failed(self, begun: Try, why: Failed) -> None:
        """Kept for whose login it is. For a login that nobody has as much is written, so it takes as long."""
        if begun.logs_in:
            await self._pool.execute(_SUM_UP, begun.login, begun.origin.address, begun.id)
        self._tell(begun, why)

    @staticmethod
    def _tell(begun: Try, why: Failed) -> None:
        # What somebody types for a login may be a password, by mistake: of what is none, little is seen.
        name = re.sub(r"[^a-z0-9_-]", "?", begun.login)[:32]
        event = "login failed" if begun.logs_in else "password not changed"
        log.warning(event, login=name, remote_address=begun.origin.address, outcome=why.value)

    @staticmethod
    async def forgive(connection: asyncpg.Connection, begun: Try) -> None:
        """The password was right."""
        await connection.execute(_FORGIVE, begun.login, begun.origin.network, begun.device)

    @staticmethod
    async def remember(connection: asyncpg.Connection, begun: Try, device: str) -> None:
        """This browser is known from now on. What its cookie said before may have been planted: it gets another one,
        by which whoever else logs in there is known, too."""
        await connection.execute(_RENAME, digest(begun.origin.device), digest(device))
        await connection.execute(_KNOW, begun.login, digest(device))
        await connection.execute(_CROWD, begun.login, DEVICES_EACH)

    @staticmethod
    async def forget_devices(connection: asyncpg.Connection, login: str, but: str | None = None) -> None:
        """Whoever had the old password may have logged in with it."""
        await connection.execute(
            "DELETE FROM known_devices WHERE login = $1 AND key IS DISTINCT FROM $2", login, but
        )

    async def keep(self) -> None:
        """Lets go of rows that serve nobody any more; for ever, on the leading replica."""
        while True:
            await self._sweep()
            await asyncio.sleep(SWEEP)

    async def _sweep(self) -> None:
        await self._pool.execute("DELETE FROM failed_logins WHERE at < now() - interval '1 day'")
        await self._pool.execute(
            """DELETE FROM failed_logins
               WHERE at < (SELECT at FROM failed_logins ORDER BY at DESC OFFSET $1 LIMIT 1)""",
            KEPT_ROWS,
        )
        await self._pool.execute("DELETE FROM known_devices WHERE used_at < now() - interval '1 year'")
