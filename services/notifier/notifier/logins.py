"""Logging in and out, and one's own password.

To look at a password takes a while. So whatever rests on it is compared again, under a lock, in the transaction that
begins the session or changes the password: what was verified must still be what stands there.
"""

import secrets
from collections.abc import Callable
from functools import partial
from uuid import UUID

import asyncpg
from msgspec import Struct
from uuid_utils.compat import uuid7

from notifier import password_rules, passwords
from notifier.asked import Asked
from notifier.domain import TEAM, TEAM_KEY, VISIT, ChangePassword, LogIn, LogOut
from notifier.login_limits import NAME, Failed, LoginLimits, Origin, Try
from notifier.sessions import Sessions
from shared.contract.admin import Role
from shared.contract.event import by_admin
from shared.contract.site import Site
from shared.journal import Journal, Outcome
from shared.language import N_, _
from shared.refusal import Refused, Why
from shared.web import Identity, digest, scrub
from shared.web.done import FailedLogins

USER_AGENT = 300  # characters of it that are kept

WRONG = N_("The login or the password is not right.")

_HASH = "SELECT p.hash, a.enabled FROM admins a JOIN passwords p USING (login) WHERE a.login = $1"
_BEGIN = """
WITH failed AS (DELETE FROM failed_since_login WHERE login = $3 RETURNING tries, last_at, last_address)
INSERT INTO sessions (key, id, login, address, user_agent, failed_tries, failed_at, failed_address)
SELECT $1, $2, $3, $4, $5, coalesce(tries, 0), last_at, last_address
FROM (VALUES (1)) AS one LEFT JOIN failed ON true
RETURNING failed_tries, failed_at, failed_address
"""


class LoggedIn(Struct, frozen=True):
    """secret  of the session, device of the browser: each for its cookie"""

    secret: str
    device: str
    failed: FailedLogins | None


class Logins:
    def __init__(
        self,
        journal: Journal,
        pool: asyncpg.Pool,
        sessions: Sessions,
        limits: LoginLimits,
        site: Callable[[], Site],
    ) -> None:
        self._journal = journal
        self._pool = pool
        self._sessions = sessions
        self._limits = limits
        self._site = site

    async def log_in(self, login: str, password: str, origin: Origin) -> LoggedIn:
        """Refused with the same words whatever is wrong."""
        begun = await self._limits.begin(login.strip().lower()[:NAME], origin)
        login = begun.login
        verified = await self._verified(begun, password)
        if verified is None:
            raise Refused(_(WRONG), Why.UNKNOWN_CALLER)
        try:
            secret = await self._sessions.new_secret()
        except Refused:
            await self._limits.not_looked_at(begun)
            raise
        key, visit, device = digest(secret), uuid7(), secrets.token_urlsafe(24)
        told: asyncpg.Record | None = None

        async def begin(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            nonlocal told
            # Locked, so that disabling or a new password waits for this and then ends it, or comes first and is seen.
            now = await connection.fetchrow(f"{_HASH} FOR SHARE", login)
            if now is None or not now["enabled"] or now["hash"] != verified:
                raise Refused(_(WRONG), Why.UNKNOWN_CALLER)
            told = await connection.fetchrow(
                _BEGIN, key, visit, login, origin.address, scrub(origin.user_agent)[:USER_AGENT]
            )
            await self._limits.forgive(connection, begun)
            await self._limits.remember(connection, begun, device)

        try:
            await self._journal.handle(VISIT, visit, LogIn(login), actor=by_admin(login), within=begin)
        except Refused:
            await self._limits.failed(begun, Failed.CHANGED)
            raise
        if not await self._sessions.tell(key):
            await self._sessions.end(self._pool, key)
            raise Refused(_("Nobody can log in just now, because the bus does not answer."), Why.UNAVAILABLE)
        assert told is not None
        return LoggedIn(secret, device, FailedLogins(*told) if told["failed_tries"] else None)

    async def _verified(self, begun: Try, password: str) -> str | None:
        """The hash that the password fits, or None; it is for the caller to compare it again, locked."""
        found = await self._pool.fetchrow(_HASH, begun.login)
        known: str | None = found["hash"] if found and found["enabled"] else None
        try:
            fits = await passwords.fits(password, known, trusted=begun.device is not None)
        except Refused:
            await self._limits.not_looked_at(begun)
            raise
        if not fits:
            why = Failed.WRONG if known else Failed.DISABLED if found else Failed.UNKNOWN
            await self._limits.failed(begun, why)
            return None
        return known

    async def log_out(self, who: Identity) -> None:
        await self._leave("key = $1", who.key, actor=who.actor)

    async def end_session(self, visit: UUID, who: Identity) -> None:
        """One's own, or anybody's for an owner; it ends everywhere within a second."""
        login = await self._pool.fetchval("SELECT login FROM sessions WHERE id = $1", visit)
        if login is None or not (who.role is Role.OWNER or (login == who.login and not who.token)):
            raise Refused(_("There is no such session."), Why.MISSING)
        await self._leave("id = $1", visit, actor=who.actor)

    async def end_other_sessions(self, who: Identity) -> None:
        """All of one's own but the one that asks."""
        if who.token:
            raise Refused(_("An API token has no sessions."), Why.FORBIDDEN)
        await self._leave("login = $1 AND key <> $2", who.login, who.key, actor=who.actor)

    async def _leave(self, which: str, *given: object, actor: str) -> None:
        live = await self._pool.fetch(
            f"SELECT id, key FROM sessions WHERE ended_at IS NULL AND {which}",  # noqa: S608 - constants of this class
            *given,
        )
        for session in live:
            end = partial(self._end, session["key"])
            await self._journal.handle(VISIT, session["id"], LogOut(), actor=actor, within=end)
        if live:
            await self._sessions.tell(*(session["key"] for session in live))

    async def _end(self, key: str, connection: asyncpg.Connection, _outcome: Outcome) -> None:
        await self._sessions.end(connection, key)

    async def change_own_password(
        self, who: Identity, old: str, new: str, origin: Origin, asked: Asked
    ) -> None:
        """Ends the other sessions; this one goes on."""
        if who.token:
            raise Refused(_("An API token has no password."), Why.FORBIDDEN)
        if asked.command_id and await self._journal.answered(asked.command_id):
            return
        await password_rules.check(new, who, self._site())
        begun = await self._limits.begin(who.login, origin, logs_in=False)
        verified = await self._verified(begun, old)
        if verified is None:
            raise _not_yours()
        hashed = await passwords.hashed(new)

        async def put(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await self._sessions.still_open(connection, who.key)
            if await connection.fetchval(f"{_HASH} FOR UPDATE OF p", who.login) != verified:
                raise _not_yours()
            await replace_password(
                connection, self._sessions, who.login, hashed, but=who.key, device=begun.device
            )
            await self._limits.forgive(connection, begun)

        await self._journal.handle(
            TEAM,
            TEAM_KEY,
            ChangePassword(who.login),
            actor=asked.actor,
            command_id=asked.command_id,
            within=put,
        )
        await self._sessions.tell_ended(who.login)


async def store_password(connection: asyncpg.Connection, login: str, hashed: str) -> None:
    await connection.execute(
        "INSERT INTO passwords (login, hash) VALUES ($1, $2) ON CONFLICT (login) DO UPDATE SET hash = $2",
        login,
        hashed,
    )


async def replace_password(
    connection: asyncpg.Connection,
    sessions: Sessions,
    login: str,
    hashed: str,
    *,
    but: str = "",
    device: str | None = None,
) -> None:
    """With all that the old one had opened, but one session and the browser that it is in: also where the process dies
    right after the commit."""
    await store_password(connection, login, hashed)
    await LoginLimits.forget_devices(connection, login, but=device)
    await sessions.end_all(connection, login, but=but)


def _not_yours() -> Refused:
    return Refused(
        _("Your present password is not right."), Why.INVALID, {"old": _("This is not your password.")}
    )
