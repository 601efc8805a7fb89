"""Logging in and out, and one's own account."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.datastructures import Cookie
from msgspec import Struct

from notifier import views
from notifier.handlers import Handlers
from notifier.pages.asking import address_of, asked
from notifier.passwords import SHORTEST
from notifier.sessions import LONGEST
from shared.language import _
from shared.refusal import Refused, Why
from shared.settings import Settings
from shared.web import (
    COOKIE,
    PUBLIC,
    VIEWER,
    Request,
    Response,
    form,
    identity,
    known,
    page,
    read,
    see,
)
from shared.web.pages import local_path


class OwnPassword(Struct, frozen=True):
    old: str
    new: str
    again: str


def routes(handlers: Handlers, pool: asyncpg.Pool, settings: Settings) -> list[Any]:
    @get("/login", opt=PUBLIC)
    async def login_page(request: Request) -> Response[Any]:
        where = local_path(request.query_params.get("next", "/"))
        if known(request):
            return see(request, where)
        return page(request, "login.html", next=where, login="", ended=COOKIE in request.cookies)

    @post("/login", opt=PUBLIC)
    async def log_in(request: Request) -> Response[Any]:
        typed = form(request)
        where = local_path(typed.get("next", "/"))
        try:
            secret = await handlers.log_in(
                typed.get("login", ""),
                typed.get("password", ""),
                address_of(request),
                request.headers.get("user-agent", ""),
            )
        except Refused as refused:
            return page(
                request,
                "login.html",
                refused=refused,
                next=where,
                login=typed.get("login", ""),
                ended=False,
            )
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

    async def account_page(request: Request, refused: Refused | None = None) -> Response[Any]:
        done = {
            "password": _("Your password is changed. All your other sessions have ended."),
            "sessions": _("All your other sessions have ended."),
            "session": _("The session has ended."),
        }
        return page(
            request,
            "account.html",
            refused=refused,
            done=done.get(request.query_params.get("done", "")),
            sessions=await views.sessions(pool, identity(request)),
            shortest=SHORTEST,
        )

    @get("/account")
    async def account(request: Request) -> Response[Any]:
        return await account_page(request)

    @post("/account/password", opt=VIEWER)
    async def own_password(request: Request) -> Response[Any]:
        try:
            typed = await read(request, OwnPassword)
            if typed.new != typed.again:
                raise Refused(
                    _("The two new passwords differ."),
                    Why.INVALID,
                    {"again": _("This differs from the one above.")},
                )
            await handlers.change_own_password(
                identity(request), typed.old, typed.new, address_of(request), asked(request)
            )
        except Refused as refused:
            return await account_page(request, refused)
        return see(request, "/account?done=password")

    @post("/account/sessions/{session:uuid}/ended", opt=VIEWER)
    async def end_own_session(request: Request, session: UUID) -> Response[Any]:
        await handlers.end_session(session, identity(request))
        return see(request, "/account?done=session")

    @post("/account/sessions/ended", opt=VIEWER)
    async def end_other_sessions(request: Request) -> Response[Any]:
        await handlers.end_other_sessions(identity(request))
        return see(request, "/account?done=sessions")

    return [
        login_page,
        log_in,
        log_out,
        account,
        own_password,
        end_own_session,
        end_other_sessions,
    ]
