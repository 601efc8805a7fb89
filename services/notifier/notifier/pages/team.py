"""The admins and their roles, API tokens, and who is logged in."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import get, post
from msgspec import Struct

from notifier import views
from notifier.handlers import Handlers
from notifier.logins import Logins
from notifier.pages.asking import asked
from shared.contract.admin import Role
from shared.language import _, ngettext, words
from shared.refusal import Refused
from shared.web import OWNER, VIEWER, Request, Response, form, identity, page, read, see

LASTING = (30, 90, 365)


class NewAdmin(Struct, frozen=True):
    login: str
    name: str
    role: Role


class NewRole(Struct, frozen=True):
    role: Role
    end_tokens: bool = False


class Ending(Struct, frozen=True):
    end_tokens: bool = False


class NewToken(Struct, frozen=True):
    name: str
    role: Role
    expires_in_days: int | None = None


class Secret(Struct, frozen=True):
    """What is shown this once."""

    title: str
    text: str


def roles() -> list[tuple[str, str]]:
    return [(role.value, words(role.value)) for role in Role]


def lasting() -> list[tuple[str, str]]:
    """How long a token may last, in days."""
    return [
        *((str(days), ngettext("%(num)s day", "%(num)s days", days)) for days in LASTING),
        ("", _("Without end")),
    ]


def routes(handlers: Handlers, logins: Logins, pool: asyncpg.Pool) -> list[Any]:
    # ---- admins

    async def admins_page(
        request: Request, refused: Refused | None = None, secret: Secret | None = None
    ) -> Response[Any]:
        """refused  the form for a new admin; what was typed into it stays"""
        return page(
            request,
            "admins.html",
            refused=refused,
            admins=await views.admins(pool),
            roles=roles(),
            typed=form(request) if refused else {},
            secret=secret,
            path="/admins",
        )

    @get("/admins", opt=OWNER)
    async def admins(request: Request) -> Response[Any]:
        return await admins_page(request)

    @post("/admins", opt=OWNER)
    async def add_admin(request: Request) -> Response[Any]:
        try:
            new = await read(request, NewAdmin)
            password = await handlers.add_admin(new.login, new.name, new.role, asked(request))
        except Refused as refused:
            return await admins_page(request, refused)
        return await admins_page(
            request, secret=Secret(_("The password of %(name)s", name=new.name), password)
        )

    @post("/admins/{login:str}/role", opt=OWNER)
    async def change_role(request: Request, login: str) -> Response[Any]:
        new = await read(request, NewRole)
        await handlers.change_role(login, new.role, asked(request), end_tokens=new.end_tokens)
        return see(request, "/admins")

    @post("/admins/{login:str}/disabled", opt=OWNER)
    async def disable(request: Request, login: str) -> Response[Any]:
        said = await read(request, Ending)
        await handlers.disable(login, asked(request), end_tokens=said.end_tokens)
        return see(request, "/admins")

    @post("/admins/{login:str}/enabled", opt=OWNER)
    async def enable(request: Request, login: str) -> Response[Any]:
        await handlers.enable(login, asked(request))
        return see(request, "/admins")

    @post("/admins/{login:str}/password", opt=OWNER)
    async def new_password(request: Request, login: str) -> Response[Any]:
        password = await handlers.new_password(login, asked(request))
        return await admins_page(
            request, secret=Secret(_("The new password of %(name)s", name=login), password)
        )

    # ---- API tokens

    async def tokens_page(
        request: Request, refused: Refused | None = None, secret: Secret | None = None
    ) -> Response[Any]:
        return page(
            request,
            "tokens.html",
            refused=refused,
            tokens=await views.tokens(pool),
            roles=roles(),
            lasting=lasting(),
            typed=form(request) if refused else {},
            secret=secret,
        )

    @get("/settings/tokens", opt=OWNER)
    async def tokens(request: Request) -> Response[Any]:
        return await tokens_page(request)

    @post("/settings/tokens", opt=OWNER)
    async def create_token(request: Request) -> Response[Any]:
        try:
            new = await read(request, NewToken)
            secret, _end = await handlers.create_token(
                new.name, new.role, asked(request), days=new.expires_in_days
            )
        except Refused as refused:
            return await tokens_page(request, refused)
        return await tokens_page(request, secret=Secret(_("The API token “%(name)s”", name=new.name), secret))

    @post("/settings/tokens/{name:str}/revoked", opt=OWNER)
    async def revoke_token(request: Request, name: str) -> Response[Any]:
        await handlers.revoke_token(name, asked(request))
        return see(request, "/settings/tokens")

    # ---- sessions

    @get("/settings/sessions")
    async def sessions(request: Request) -> Response[Any]:
        who = identity(request)
        everybody = who.role is Role.OWNER
        return page(
            request,
            "sessions.html",
            sessions=await views.sessions(pool, who, everybody=everybody),
            ended="ended" in request.query_params,
        )

    @post("/settings/sessions/{session:uuid}/ended", opt=VIEWER)
    async def end_session(request: Request, session: UUID) -> Response[Any]:
        await logins.end_session(session, identity(request))
        return see(request, "/settings/sessions?ended=1")

    return [
        admins,
        add_admin,
        change_role,
        disable,
        enable,
        new_password,
        tokens,
        create_token,
        revoke_token,
        sessions,
        end_session,
    ]
