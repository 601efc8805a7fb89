"""HTTP as HTML: logging in, the admins, the settings, the notifications."""

from string import punctuation
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import available_timezones

import asyncpg
from litestar import get, post
from litestar.datastructures import Cookie
from msgspec import Struct

from notifier import views
from notifier.domain import LANGUAGES
from notifier.handlers import Asked, Handlers
from notifier.sessions import LONGEST
from shared.contract.admin import Role
from shared.contract.site import Site
from shared.refusal import Refused, Why
from shared.settings import Settings
from shared.web import (
    COOKIE,
    OWNER,
    PUBLIC,
    VIEWER,
    Request,
    Response,
    after_of,
    command_id,
    form,
    fragment,
    identity,
    known,
    limit_of,
    page,
    paged,
    read,
    see,
)

BELL_MOST = 100


class NewAdmin(Struct, frozen=True):
    login: str
    name: str
    role: Role


class NewRole(Struct, frozen=True):
    role: Role


class NewToken(Struct, frozen=True):
    name: str
    role: Role


class OwnPassword(Struct, frozen=True):
    old: str
    new: str
    again: str


def asked(request: Request) -> Asked:
    return Asked(identity(request).actor, command_id(request))


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def local_path(given: str) -> str:
    """Where to go after the login: only a path of this site."""
    parts = urlsplit(given)
    foreign = parts.scheme or parts.netloc or not given.startswith("/") or given.startswith(("//", "/\\"))
    if foreign or any(ord(letter) < 32 for letter in given):
        return "/"
    return quote(given, safe=punctuation)  # a header holds no other letters than these


def routes(handlers: Handlers, pool: asyncpg.Pool, settings: Settings) -> list[Any]:
    # ---- logging in and out

    @get("/login", opt=PUBLIC)
    async def login_page(request: Request) -> Response[Any]:
        where = local_path(request.query_params.get("next", "/"))
        return see(request, where) if known(request) else page(request, "login.html", next=where, login="")

    @post("/login", opt=PUBLIC)
    async def log_in(request: Request) -> Response[Any]:
        typed = form(request)
        where = local_path(typed.get("next", "/"))
        try:
            secret = await handlers.log_in(
                typed.get("login", ""), typed.get("password", ""), address_of(request)
            )
        except Refused as refused:
            return page(request, "login.html", refused=refused, next=where, login=typed.get("login", ""))
        response = see(request, where)
        response.set_cookie(cookie(secret, int(LONGEST.total_seconds())))
        return response

    @post("/logout", opt=PUBLIC)
    async def log_out(request: Request) -> Response[Any]:
        who = known(request)
        if who is not None and not who.token:
            await handlers.log_out(who)
        response = see(request, "/login")
        response.set_cookie(cookie("", 0))
        return response

    def cookie(secret: str, seconds: int) -> Cookie:
        return Cookie(
            COOKIE,
            value=secret,
            path="/",
            max_age=seconds,
            httponly=True,
            secure=settings.secure,
            samesite="lax",
        )

    # ---- the own account

    @get("/account")
    async def account(request: Request) -> Response[Any]:
        return page(request, "account.html", changed="changed" in request.query_params)

    @post("/account/password", opt=VIEWER)
    async def own_password(request: Request) -> Response[Any]:
        try:
            typed = await read(request, OwnPassword)
            if typed.new != typed.again:
                raise Refused(
                    "The two new passwords differ.", fields={"again": "This differs from the one above."}
                )
            await handlers.change_own_password(
                identity(request), typed.old, typed.new, address_of(request), asked(request)
            )
        except Refused as refused:
            return page(request, "account.html", refused=refused, changed=False)
        return see(request, "/account?changed=1")

    # ---- admins and API tokens

    async def admins_page(
        request: Request,
        refused: Refused | None = None,
        of: Literal["admin", "token"] = "admin",
        **shown: Any,
    ) -> Response[Any]:
        """of  the form that was refused; what was typed into it stays"""
        context = {"secret": None, "secret_of": None, **shown}
        typed = form(request) if refused else {}
        return page(
            request,
            "admins.html",
            refused=refused,
            admins=await views.admins(pool),
            tokens=await views.tokens(pool),
            roles=[(role.value, role.value.capitalize()) for role in Role],
            typed=typed if of == "admin" else {},
            typed_token=typed if of == "token" else {},
            **context,
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
        return await admins_page(request, secret=password, secret_of=f"The password of {new.name}")

    @post("/admins/{login:str}/role", opt=OWNER)
    async def change_role(request: Request, login: str) -> Response[Any]:
        new = await read(request, NewRole)
        await handlers.change_role(login, new.role, asked(request))
        return see(request, "/admins")

    @post("/admins/{login:str}/disabled", opt=OWNER)
    async def disable(request: Request, login: str) -> Response[Any]:
        await handlers.disable(login, asked(request))
        return see(request, "/admins")

    @post("/admins/{login:str}/enabled", opt=OWNER)
    async def enable(request: Request, login: str) -> Response[Any]:
        await handlers.enable(login, asked(request))
        return see(request, "/admins")

    @post("/admins/{login:str}/password", opt=OWNER)
    async def new_password(request: Request, login: str) -> Response[Any]:
        password = await handlers.new_password(login, asked(request))
        return await admins_page(request, secret=password, secret_of=f"The new password of {login}")

    @post("/admins/tokens", opt=OWNER)
    async def create_token(request: Request) -> Response[Any]:
        try:
            new = await read(request, NewToken)
            secret = await handlers.create_token(new.name, new.role, asked(request))
        except Refused as refused:
            return await admins_page(request, refused, "token")
        return await admins_page(request, secret=secret, secret_of=f"The API token “{new.name}”")

    @post("/admins/tokens/{name:str}/revoked", opt=OWNER)
    async def revoke_token(request: Request, name: str) -> Response[Any]:
        await handlers.revoke_token(name, asked(request))
        return see(request, "/admins")

    # ---- the site's settings

    async def settings_form(request: Request, refused: Refused | None = None) -> Response[Any]:
        site, version = await handlers.site()
        shown: dict[str, Any] = {name: getattr(site, name) for name in site.__struct_fields__}
        if refused and refused.why is Why.INVALID:
            shown |= {name: value for name, value in form(request).items() if name in shown}
        return page(
            request,
            "settings.html",
            refused=refused,
            shown=shown,
            version=version,
            zones=sorted(available_timezones()),
            languages=LANGUAGES,
            saved="saved" in request.query_params,
        )

    @get("/settings")
    async def settings_page(request: Request) -> Response[Any]:
        return await settings_form(request)

    @post("/settings", opt=OWNER)
    async def change_settings(request: Request) -> Response[Any]:
        try:
            site = await read(request, Site)
            version = form(request).get("version", "")
            await handlers.change_site(site, asked(request), int(version) if version.isdecimal() else None)
        except Refused as refused:
            return await settings_form(request, refused)
        return see(request, "/settings?saved=1")

    # ---- notifications

    @get("/notifications")
    async def notifications(request: Request) -> Response[Any]:
        limit = limit_of(request)
        before = after_of(request, int)
        arrived = await views.newest(pool, before, limit + 1)
        seen = await views.seen(pool, identity(request).login)
        if arrived and before is None:
            await handlers.mark_seen(identity(request), arrived[0].position)
        listed = paged(arrived, limit, lambda each: each.position)
        return page(request, "notifications.html", arrived=listed, seen=seen)

    @get("/notifications/bell")
    async def bell(request: Request) -> Response[Any]:
        count = await views.unseen(pool, identity(request).login, BELL_MOST)
        return fragment(request, "bell.html", count=count, most=BELL_MOST)

    return [
        login_page,
        log_in,
        log_out,
        account,
        own_password,
        admins,
        add_admin,
        change_role,
        disable,
        enable,
        new_password,
        create_token,
        revoke_token,
        settings_page,
        change_settings,
        notifications,
        bell,
    ]
