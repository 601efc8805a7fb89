"""Logging in and out, and one's own account."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import get, post
from msgspec import Struct

from notifier import views
from notifier.logins import Logins
from notifier.pages.asking import DEVICE, asked, origin_of
from notifier.password_rules import SHORTEST
from notifier.sessions import LONGEST
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import (
    COOKIE,
    PUBLIC,
    VIEWER,
    Request,
    Response,
    cookies,
    done,
    form,
    identity,
    known,
    page,
    read,
    see,
)
from shared.web.pages import local_path

LEFT = "callout_left"
"""The cookie that tells the scripts of the next page to let go of what they keep."""
A_YEAR = 365 * 24 * 60 * 60  # seconds


class OwnPassword(Struct, frozen=True):
    old: str
    new: str
    again: str


def routes(logins: Logins, pool: asyncpg.Pool, *, secure: bool) -> list[Any]:
    @get("/login", opt=PUBLIC)
    async def login_page(request: Request) -> Response[Any]:
        where = local_path(request.query_params.get("next", "/"))
        if known(request):
            return see(request, where)
        ended = cookies.read(request, COOKIE, secure=secure) is not None
        return page(request, "login.html", next=where, login="", ended=ended)

    @post("/login", opt=PUBLIC)
    async def log_in(request: Request) -> Response[Any]:
        typed = form(request, as_typed=("password",))
        where = local_path(typed.get("next", "/"))
        try:
            begun = await logins.log_in(
                typed.get("login", ""), typed.get("password", ""), origin_of(request, secure=secure)
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
        cookies.write(response, COOKIE, begun.secret, int(LONGEST.total_seconds()), secure=secure)
        cookies.write(response, DEVICE, begun.device, A_YEAR, secure=secure)
        if begun.failed:
            done.tell_failed(response, begun.failed, secure=secure)
        return response

    @post("/logout", opt=PUBLIC)
    async def log_out(request: Request) -> Response[Any]:
        who = known(request)
        if who is not None and not who.token:
            await logins.log_out(who)
        response = see(request, "/login")
        for each in (COOKIE, done.COOKIE):
            cookies.end(response, each, secure=secure)
        cookies.write(response, LEFT, "1", int(LONGEST.total_seconds()), secure=secure, scripts=True)
        # Not "storage", which holds what somebody likes the pages to be like; what is private there, scripts remove.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def account_page(request: Request, refused: Refused | None = None) -> Response[Any]:
        sentences = {
            "password": _("Your password is changed. All your other sessions have ended."),
            "sessions": _("All your other sessions have ended."),
            "session": _("The session has ended."),
        }
        return page(
            request,
            "account.html",
            refused=refused,
            done=sentences.get(request.query_params.get("done", "")),
            sessions=await views.sessions(pool, identity(request)),
            failed=await views.failed_logins(pool, identity(request)),
            shortest=SHORTEST,
        )

    @get("/account")
    async def account(request: Request) -> Response[Any]:
        return await account_page(request)

    @post("/account/password", opt=VIEWER)
    async def own_password(request: Request) -> Response[Any]:
        try:
            typed = await read(request, OwnPassword, as_typed=OwnPassword.__struct_fields__)
            if typed.new != typed.again:
                raise Refused(
                    _("The two new passwords differ."),
                    Why.INVALID,
                    {"again": _("This differs from the one above.")},
                )
            origin = origin_of(request, secure=secure)
            await logins.change_own_password(identity(request), typed.old, typed.new, origin, asked(request))
        except Refused as refused:
            if refused.why is Why.UNKNOWN_CALLER:
                raise
            return await account_page(request, refused)
        return see(request, "/account?done=password")

    @post("/account/sessions/{session:uuid}/ended", opt=VIEWER)
    async def end_own_session(request: Request, session: UUID) -> Response[Any]:
        await logins.end_session(session, identity(request))
        return see(request, "/account?done=session")

    @post("/account/sessions/ended", opt=VIEWER)
    async def end_other_sessions(request: Request) -> Response[Any]:
        await logins.end_other_sessions(identity(request))
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
