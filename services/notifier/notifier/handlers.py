"""What an admin can ask here, once for HTML, JSON and the command line."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from notifier import passwords, tokens, views
from notifier.asked import Asked
from notifier.authority import asked_by
from notifier.domain import (
    LOGO,
    LOGO_KEY,
    SITE,
    SITE_KEY,
    TEAM,
    TEAM_KEY,
    AddAdmin,
    ChangeAdmin,
    ChangeLogo,
    ChangePassword,
    ChangeRole,
    ChangeSite,
    CreateToken,
    DisableAdmin,
    EnableAdmin,
    FoundTeam,
    RedrawLogo,
    RevokeToken,
    TeamCommand,
)
from notifier.logins import replace_password, store_password
from notifier.sessions import Sessions
from shared import clock
from shared.contract.admin import Role
from shared.contract.event import by_service
from shared.contract.site import Site
from shared.journal import Journal, Outcome
from shared.journal.journal import Within
from shared.language import N_, _
from shared.pictures import Flaw, patiently, redrawn
from shared.refusal import Refused, Why
from shared.web import Identity, digest

log = structlog.get_logger()

FIRST_OWNER = "owner"

SEEN = """
INSERT INTO seen (login, position) VALUES ($1, $2)
ON CONFLICT (login) DO UPDATE SET position = greatest(seen.position, $2)
"""

SHOWN_BEFORE = N_(
    "This was done already, and what was shown then is shown only once. Make a new one if it was lost."
)


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, sessions: Sessions) -> None:
        self._journal = journal
        self._pool = pool
        self._sessions = sessions

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
                within=_storing(FIRST_OWNER, await passwords.hashed(password)),
            )
        except Refused:  # another replica was faster, and told its password
            return None
        return password

    async def add_admin(self, login: str, name: str, role: Role, asked: Asked) -> str:
        """The new admin's password, which is shown this once."""
        login, password = login.strip().lower(), passwords.generated()
        storing = _storing(login, await passwords.hashed(password))

        async def begin(connection: asyncpg.Connection, outcome: Outcome) -> None:
            await storing(connection, outcome)
            # What happened before somebody was there is no news to them.
            await connection.execute(SEEN, login, await views.last_position(connection))

        return _once(await self._team(AddAdmin(login, name, role), asked, begin), password)

    async def change_role(self, login: str, role: Role, asked: Asked, *, end_tokens: bool = False) -> None:
        """end_tokens  ends those of their API tokens that could do more than they then can"""
        found = {"makers": await tokens.makers(self._pool)}
        await self._team(ChangeRole(login, role, end_tokens), asked, found=found)
        await self._sessions.tell(*await self._sessions.of(self._pool, login))

    async def enable(self, login: str, asked: Asked) -> None:
        await self._team(EnableAdmin(login), asked)

    async def disable(self, login: str, asked: Asked, *, end_tokens: bool = False) -> None:
        """Ends the sessions too, everywhere. end_tokens: and the API tokens that they made"""

        async def end(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await self._sessions.end_all(connection, login)

        found = {"makers": await tokens.makers(self._pool)}
        await self._team(DisableAdmin(login, end_tokens), asked, end, found=found)
        await self._sessions.tell_ended(login)

    async def change_admin(
        self,
        login: str,
        role: Role | None,
        enabled: bool | None,
        asked: Asked,
        *,
        end_tokens: bool = False,
    ) -> None:
        """Role and standing in one: where one of them is refused, neither changes. None leaves it as it is"""

        async def end(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            if enabled is False:
                await self._sessions.end_all(connection, login)

        found = {"makers": await tokens.makers(self._pool)}
        await self._team(ChangeAdmin(login, role, enabled, end_tokens), asked, end, found=found)
        if enabled is False:
            await self._sessions.tell_ended(login)
        elif role is not None:
            await self._sessions.tell(*await self._sessions.of(self._pool, login))

    async def new_password(self, login: str, asked: Asked) -> str:
        """A password in place of one that was lost; ends the sessions that the old one began."""
        password = passwords.generated()
        hashed = await passwords.hashed(password)

        async def put(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await replace_password(connection, self._sessions, login, hashed)

        outcome = await self._team(ChangePassword(login), asked, put)
        await self._sessions.tell_ended(login)
        return _once(outcome, password)

    # ---- API tokens

    async def create_token(
        self,
        name: str,
        role: Role,
        asked: Asked,
        *,
        days: int | None = None,
        expires: datetime | None = None,
    ) -> tuple[str, datetime | None]:
        """The new token, which is shown this once, and when it ends."""
        now = clock.now()
        end = tokens.end_of(days, expires, now)
        name, secret = name.strip(), await self._sessions.new_token()
        key = digest(secret)

        async def keep(connection: asyncpg.Connection, _outcome: Outcome) -> None:
            await connection.execute(
                "INSERT INTO tokens (key, name, role, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)",
                key,
                name,
                role.value,
                asked.actor,
                end,
            )

        command = CreateToken(name, role, asked.actor, expires, days=days)
        outcome = await self._team(command, asked, keep, found={"expires": end, "now": now})
        await self._sessions.tell(key)
        return _once(outcome, secret), end

    async def revoke_token(self, name: str, asked: Asked) -> None:
        await self._team(RevokeToken(name), asked)

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
        picture = None if image is None else await redrawn(image)
        if isinstance(picture, Flaw):
            sentence = picture.sentence
            raise Refused(sentence, Why.INVALID, {"logo": sentence})
        await self._journal.handle(LOGO, LOGO_KEY, ChangeLogo(picture), actor=asked.actor)

    async def redraw_logo(self) -> None:
        """A logo that a version before took in as it came becomes pixels alone; for ever, on the leading replica."""
        await patiently(self._redraw_logo)
        await asyncio.Event().wait()

    async def _redraw_logo(self) -> None:
        image = await views.undrawn_logo(self._pool)
        if image is not None:
            found = await redrawn(image)
            picture = None if isinstance(found, Flaw) else found
            if picture is None:
                log.warning("logo taken away", why=found)
            await self._journal.handle(
                LOGO, LOGO_KEY, RedrawLogo(image, picture), actor=by_service("notifier")
            )

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

    async def _team(
        self,
        command: TeamCommand,
        asked: Asked,
        then: Within | None = None,
        *,
        found: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """As `Journal.handle`; refused where whoever asks has lost the role or the session in the meantime. The API
        tokens that end by it end at once, everywhere. found: see `asked_by`"""
        revoked = tokens.Revoked()

        async def within(connection: asyncpg.Connection, outcome: Outcome) -> None:
            if asked.key:
                await self._sessions.still_open(connection, asked.key)
            await revoked(connection, outcome)
            if then:
                await then(connection, outcome)

        outcome = await self._journal.handle(
            replace(TEAM, decide=asked_by(asked.actor, found)),
            TEAM_KEY,
            command,
            actor=asked.actor,
            command_id=asked.command_id,
            within=within,
        )
        if revoked.keys:
            await self._sessions.tell(*revoked.keys)
        return outcome


def _storing(login: str, hashed: str) -> Within:
    """Writes a password's hash with the event that tells of it."""

    async def store(connection: asyncpg.Connection, _outcome: Outcome) -> None:
        await store_password(connection, login, hashed)

    return store


def _once(outcome: Outcome, secret: str) -> str:
    if outcome.repeated:
        raise Refused(_(SHOWN_BEFORE))
    return secret
