"""What an admin can ask here, once for HTML, JSON and the command line."""

import secrets
from datetime import timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct
from uuid_utils.compat import uuid7

from notifier import passwords, views
from notifier.domain import (
    LOGO,
    LOGO_KEY,
    SITE,
    SITE_KEY,
    TEAM,
    TEAM_KEY,
    VISIT,
    AddAdmin,
    ChangeLogo,
    ChangePassword,
    ChangeRole,
    ChangeSite,
    CreateToken,
    DisableAdmin,
    EnableAdmin,
    FoundTeam,
    LogIn,
    LogOut,
    RevokeToken,
)
from notifier.sessions import Sessions
from shared.contract.admin import Role
from shared.contract.event import by_admin, by_service
from shared.contract.site import Site
from shared.journal import Journal, Outcome
from shared.journal.database import transaction
from shared.language import N_, _
from shared.refusal import Refused, Why
from shared.web import Identity, digest, scrub

FIRST_OWNER = "owner"

TRIES_PER_PAIR = 5
TRIES_PER_ADDRESS = 30
WINDOW = timedelta(minutes=15)

USER_AGENT = 300  # characters of it that are kept
FORGIVE = "DELETE FROM failed_logins WHERE login = $1 AND address = $2"
SEEN = """
INSERT INTO seen (login, position) VALUES ($1, $2)
ON CONFLICT (login) DO UPDATE SET position = greatest(seen.position, $2)
"""

WRONG = N_("The login or the password is not right.")
SHOWN_BEFORE = N_(
    "This was done already, and what was shown then is shown only once. Make a new one if it was lost."
)


class Asked(Struct, frozen=True):
    """Who asks for something, and the id that makes asking twice the same as once."""

    actor: str
    command_id: UUID | None = None


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, sessions: Sessions) -> None:
        self._journal = journal
        self._pool = pool
        self._sessions = sessions

    # ---- logging in and out

    async def log_in(self, login: str, password: str, address: str, user_agent: str) -> str:
        """The secret of a new session, for the cookie. Refused with the same words whatever is wrong."""
        login = login.strip().lower()[:64]
        await self._count_try(login, address)
        known = await self._pool.fetchval(
            "SELECT hash FROM passwords JOIN admins USING (login) WHERE login = $1 AND enabled", login
        )
        if not await passwords.fits(password, known):
            raise Refused(_(WRONG), Why.UNKNOWN_CALLER)
        secret = secrets.token_urlsafe(32)
        key, visit = digest(secret), uuid7()

        async def begin(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            # Locked, so that disabling waits for this and then ends it, or comes first and is seen.
            if not await connection.fetchval("SELECT enabled FROM admins WHERE login = $1 FOR SHARE", login):
                raise Refused(_(WRONG), Why.UNKNOWN_CALLER)
            await connection.execute(
                "INSERT INTO sessions (key, id, login, address, user_agent) VALUES ($1, $2, $3, $4, $5)",
                key,
                visit,
                login,
                address,
                scrub(user_agent)[:USER_AGENT],
            )
            await connection.execute(FORGIVE, login, address)

        await self._journal.handle(VISIT, visit, LogIn(login), actor=by_admin(login), within=begin)
        if not await self._sessions.tell(key):
            await self._end(key)
            raise Refused(_("Nobody can log in just now, because the bus does not answer."), Why.UNAVAILABLE)
        return secret

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
            await self._journal.handle(VISIT, session["id"], LogOut(), actor=actor)
        if live:
            await self._end(*(session["key"] for session in live))

    async def _end(self, *keys: str) -> None:
        await self._pool.execute(
            "UPDATE sessions SET ended_at = now() WHERE key = ANY($1) AND ended_at IS NULL", list(keys)
        )
        await self._sessions.tell(*keys)

    async def _count_try(self, login: str, address: str) -> None:
        """Refused where there were too many. A try counts as failed before its password is looked at, which takes
        a while: else whoever sends a thousand at once has a thousand tries."""
        async with transaction(self._pool) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('login'), hashtext($1))", address)
            row = await connection.fetchrow(
                """SELECT count(*) FILTER (WHERE login = $1) AS pair, count(*) AS address
                   FROM failed_logins WHERE address = $2 AND at > now() - $3::interval""",
                login,
                address,
                WINDOW,
            )
            assert row is not None
            if row["pair"] >= TRIES_PER_PAIR or row["address"] >= TRIES_PER_ADDRESS:
                raise Refused(_("Too many tries. Please wait 15 minutes, then log in again."), Why.TOO_MANY)
            await connection.execute(
                "INSERT INTO failed_logins (login, address) VALUES ($1, $2)", login, address
            )

    # ---- admins

    async def first_owner(self) -> str | None:
        """The password of the first owner, made now; None where somebody can log in already."""
        team, _ = await self._journal.load(TEAM, TEAM_KEY)
        if team.members:
            return None
        password = passwords.generated()
        try:
            await self._journal.handle(
                TEAM,
                TEAM_KEY,
                FoundTeam(FIRST_OWNER, "Owner"),
                actor=by_service("notifier"),
                within=await self._storing(FIRST_OWNER, password),
            )
        except Refused:  # another replica was faster, and told its password
            return None
        return password

    async def add_admin(self, login: str, name: str, role: Role, asked: Asked) -> str:
        """The new admin's password, which is shown this once."""
        login, password = login.strip().lower(), passwords.generated()
        storing = await self._storing(login, password)

        async def begin(connection: asyncpg.Connection, outcome: Outcome) -> None:
            await storing(connection, outcome)
            # What happened before somebody was there is no news to them.
            await connection.execute(SEEN, login, await views.last_position(connection))

        outcome = await self._journal.handle(
            TEAM,
            TEAM_KEY,
            AddAdmin(login, name, role),
            actor=asked.actor,
            command_id=asked.command_id,
            within=begin,
        )
        return _once(outcome, password)

    async def change_role(self, login: str, role: Role, asked: Asked) -> None:
        await self._team(ChangeRole(login, role), asked)
        await self._sessions.tell(*await self._sessions.of(self._pool, login))

    async def enable(self, login: str, asked: Asked) -> None:
        await self._team(EnableAdmin(login), asked)

    async def disable(self, login: str, asked: Asked) -> None:
        """Ends the sessions too, everywhere."""
        await self._team(DisableAdmin(login), asked)
        await self._end(*await self._sessions.of(self._pool, login))

    async def new_password(self, login: str, asked: Asked) -> str:
        """A password in place of one that was lost; ends the sessions that the old one began."""
        password = passwords.generated()
        outcome = await self._journal.handle(
            TEAM,
            TEAM_KEY,
            ChangePassword(login),
            actor=asked.actor,
            command_id=asked.command_id,
            within=await self._storing(login, password),
        )
        await self._end(*await self._sessions.of(self._pool, login))
        return _once(outcome, password)

    async def change_own_password(
        self, who: Identity, old: str, new: str, address: str, asked: Asked
    ) -> None:
        """Ends the other sessions; this one goes on."""
        if who.token:
            raise Refused(_("An API token has no password."), Why.FORBIDDEN)
        if asked.command_id and await self._journal.answered(asked.command_id):
            return
        passwords.check_strength(new)
        await self._count_try(who.login, address)
        known = await self._pool.fetchval("SELECT hash FROM passwords WHERE login = $1", who.login)
        if not await passwords.fits(old, known):
            raise Refused(
                _("Your present password is not right."),
                Why.INVALID,
                {"old": _("This is not your password.")},
            )
        await self._pool.execute(FORGIVE, who.login, address)
        await self._journal.handle(
            TEAM,
            TEAM_KEY,
            ChangePassword(who.login),
            actor=asked.actor,
            command_id=asked.command_id,
            within=await self._storing(who.login, new),
        )
        others = [key for key in await self._sessions.of(self._pool, who.login) if key != who.key]
        if others:
            await self._end(*others)

    # ---- API tokens

    async def create_token(self, name: str, role: Role, asked: Asked) -> str:
        """The new token, which is shown this once."""
        name, secret = name.strip(), f"callout_{secrets.token_urlsafe(32)}"
        key = digest(secret)

        async def keep(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await connection.execute(
                "INSERT INTO tokens (key, name, role, created_by) VALUES ($1, $2, $3, $4)",
                key,
                name,
                role.value,
                asked.actor,
            )

        outcome = await self._journal.handle(
            TEAM,
            TEAM_KEY,
            CreateToken(name, role),
            actor=asked.actor,
            command_id=asked.command_id,
            within=keep,
        )
        await self._sessions.tell(key)
        return _once(outcome, secret)

    async def revoke_token(self, name: str, asked: Asked) -> None:
        keys: list[str] = []

        async def revoke(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            rows = await connection.fetch(
                "UPDATE tokens SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL RETURNING key",
                name,
            )
            keys.extend(row["key"] for row in rows)

        await self._journal.handle(
            TEAM, TEAM_KEY, RevokeToken(name), actor=asked.actor, command_id=asked.command_id, within=revoke
        )
        if keys:
            await self._sessions.tell(*keys)

    # ---- the site's settings

    async def site(self) -> tuple[Site, int]:
        """The settings and their version."""
        return await self._journal.load(SITE, SITE_KEY)

    async def change_site(self, site: Site, asked: Asked, expected: int | None = None) -> Site:
        """`expected` is the version that the admin saw."""
        await self._journal.handle(
            SITE,
            SITE_KEY,
            ChangeSite(site),
            actor=asked.actor,
            command_id=asked.command_id,
            expected=expected,
        )
        return (await self.site())[0]

    async def change_logo(self, image: bytes | None, asked: Asked) -> None:
        """None takes it away. Asking twice changes nothing more, so it needs no id; nor is the image kept with one."""
        await self._journal.handle(LOGO, LOGO_KEY, ChangeLogo(image), actor=asked.actor)

    # ---- notifications

    async def mark_seen(self, who: Identity, position: int) -> None:
        await self._pool.execute(SEEN, who.login, position)

    async def put_aside(self, who: Identity, notification: UUID) -> None:
        """It waits for no answer any more, for nobody."""
        await self._pool.execute(
            "INSERT INTO put_aside (id, login) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            notification,
            who.login,
        )

    async def _team(self, command: ChangeRole | EnableAdmin | DisableAdmin, asked: Asked) -> None:
        await self._journal.handle(TEAM, TEAM_KEY, command, actor=asked.actor, command_id=asked.command_id)

    async def _storing(self, login: str, password: str) -> "Store":
        return Store(login, await passwords.hashed(password))


class Store:
    """Writes a password's hash with the event that tells of it."""

    def __init__(self, login: str, hashed: str) -> None:
        self._login = login
        self._hashed = hashed

    async def __call__(self, connection: asyncpg.Connection, _outcome: Outcome) -> None:
        await connection.execute(
            "INSERT INTO passwords (login, hash) VALUES ($1, $2) ON CONFLICT (login) DO UPDATE SET hash = $2",
            self._login,
            self._hashed,
        )


def _once(outcome: Outcome, secret: str) -> str:
    if outcome.repeated:
        raise Refused(_(SHOWN_BEFORE))
    return secret
