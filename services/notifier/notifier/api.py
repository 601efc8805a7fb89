"""HTTP as JSON: the settings, the admins, API tokens and the notifications."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import delete, get, patch, post, put
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from notifier import views
from notifier.asked import Asked
from notifier.domain import LONGEST_TOKEN
from notifier.feed import Frame
from notifier.handlers import Handlers
from notifier.logins import Logins
from notifier.views import AccountView, AdminView, SessionView, TokenView
from shared.contract.admin import Role
from shared.contract.site import Site
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import OWNER, VIEWER, Limit, Page, Request, command_id, identity, limit_of, read

Login = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 32, "examples": ["anna"]})]
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 100})]
TokenName = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 48, "examples": ["erp"]})]
"""Described here; the rules say in a sentence what doesn't fit."""


LATER = ("office_phone", "only_kept_technicians", "client_info_on_acceptance")
"""Settings that the first version did not have: a program of then leaves them out, and they stay as they are."""


class NewAdmin(Struct, frozen=True, forbid_unknown_fields=True):
    login: Login
    name: Name
    role: Role = Role.DISPATCHER


class AddedAdmin(Struct, frozen=True):
    """`password` is shown this once."""

    login: str
    name: str
    role: Role
    password: str


class AdminChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`end_tokens` revokes the API tokens that they made, where `enabled` is false; with a lesser `role`, those of them
    that may do more."""

    role: Role | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    end_tokens: bool = False


class NewPassword(Struct, frozen=True):
    """Shown this once."""

    password: str


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """It lasts until it is revoked, where neither `expires_in_days` nor `expires_at` says otherwise."""

    name: TokenName
    role: Role = Role.DISPATCHER
    expires_in_days: Annotated[
        int | None, Meta(extra_json_schema={"minimum": 1, "maximum": LONGEST_TOKEN.days})
    ] = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class CreatedToken(Struct, frozen=True):
    """`token` is shown this once."""

    name: str
    role: Role
    token: str
    expires_at: datetime | None


class NewLogo(Struct, frozen=True, forbid_unknown_fields=True):
    """image  a PNG or JPEG of at most 100 KB, as base64"""

    image: bytes


def routes(handlers: Handlers, logins: Logins, pool: asyncpg.Pool) -> list[Any]:
    def asked(request: Request) -> Asked:
        who = identity(request)
        return Asked(who.actor, command_id(request), who.key)

    @get("/api/site")
    async def site() -> Site:
        return (await handlers.site())[0]

    @put("/api/site", opt=OWNER)
    async def change_site(request: Request, data: Site) -> Site:
        strictly = await read(request, Site)  # Litestar has taken 0 for false
        given, (now, _version) = await request.json(), await handlers.site()
        kept = {name: getattr(now, name) for name in LATER if name not in given}
        return await handlers.change_site(replace(strictly, **kept), asked(request))

    @put("/api/site/logo", opt=OWNER, status_code=204)
    async def change_logo(request: Request, data: NewLogo) -> None:
        await handlers.change_logo(data.image, asked(request))

    @delete("/api/site/logo", opt=OWNER)
    async def remove_logo(request: Request) -> None:
        await handlers.change_logo(None, asked(request))

    @get("/api/admins", opt=OWNER)
    async def admins() -> Page[AdminView]:
        return Page(await views.admins(pool))

    @post("/api/admins", opt=OWNER)
    async def add_admin(request: Request, data: NewAdmin) -> AddedAdmin:
        password = await handlers.add_admin(data.login, data.name, data.role, asked(request))
        return AddedAdmin(data.login.strip().lower(), data.name, data.role, password)

    @patch("/api/admins/{login:str}", opt=OWNER)
    async def change_admin(request: Request, login: str, data: AdminChange) -> AdminView:
        role = None if data.role is UNSET else data.role
        enabled = None if data.enabled is UNSET else data.enabled
        await handlers.change_admin(login, role, enabled, asked(request), end_tokens=data.end_tokens)
        found = await views.admin(pool, login)
        if found is None:
            raise Refused(_("There is no admin “%(login)s”.", login=login), Why.MISSING)
        return found

    @post("/api/admins/{login:str}/password", opt=OWNER)
    async def new_password(request: Request, login: str) -> NewPassword:
        return NewPassword(await handlers.new_password(login, asked(request)))

    @get("/api/tokens", opt=OWNER)
    async def tokens() -> Page[TokenView]:
        return Page(await views.tokens(pool))

    @post("/api/tokens", opt=OWNER)
    async def create_token(request: Request, data: NewToken) -> CreatedToken:
        secret, end = await handlers.create_token(
            data.name, data.role, asked(request), days=data.expires_in_days, expires=data.expires_at
        )
        return CreatedToken(data.name.strip(), data.role, secret, end)

    @delete("/api/tokens/{name:str}", opt=OWNER)
    async def revoke_token(request: Request, name: str) -> None:
        await handlers.revoke_token(name, asked(request))

    @get("/api/account")
    async def account(request: Request) -> AccountView:
        """Who asks: oneself, or the program whose token it is."""
        return await views.account(pool, identity(request))

    @get("/api/sessions")
    async def sessions(request: Request) -> Page[SessionView]:
        """Those that are live: one's own, and for an owner everybody's."""
        who = identity(request)
        return Page(await views.sessions(pool, who, everybody=who.role is Role.OWNER))

    @delete("/api/sessions/{session:uuid}", opt=VIEWER)
    async def end_session(request: Request, session: UUID) -> None:
        await logins.end_session(session, identity(request))

    @get("/api/notifications")
    async def notifications(
        request: Request,
        after: Annotated[
            UUID | None, Parameter(description="id of the last notification that is known")
        ] = None,
        limit: Limit = None,
    ) -> Page[Frame]:
        """Oldest first, those that came after `after`. `next` is the last one's id where there are more."""
        most = limit_of(request)
        position = await views.position_of(pool, after) if after else 0
        if position is None:
            raise Refused(_("There is no notification with this id."), Why.MISSING)
        arrived = await views.arrived_after(pool, position, most + 1)
        frames = [each.frame for each in arrived[:most]]
        return Page(frames, str(frames[-1].id) if len(arrived) > most else None)

    return [
        site,
        change_site,
        change_logo,
        remove_logo,
        admins,
        add_admin,
        change_admin,
        new_password,
        tokens,
        create_token,
        revoke_token,
        account,
        sessions,
        end_session,
        notifications,
    ]
