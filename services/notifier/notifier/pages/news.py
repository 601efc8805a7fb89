"""HTTP as HTML: the notifications, the bell, how they sound, and what a person likes the pages to be like."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import get, post
from msgspec import UNSET, Struct, UnsetType

from notifier import views
from notifier.feed import Frame
from notifier.handlers import Handlers
from notifier.kinds import FAMILIES, KINDS
from shared import site as settled
from shared.language import _, known
from shared.refusal import Refused, Why
from shared.settings import Settings
from shared.web import (
    PUBLIC,
    VIEWER,
    Request,
    Response,
    after_of,
    cookies,
    form,
    fragment,
    identity,
    limit_of,
    page,
    paged,
    see,
)
from shared.web.pages import THEME, THEMES, back, local_path
from shared.web.wall import LANGUAGE

BELL_MOST = 100  # so far is counted
BELL_SHOWN = 6
ASKED_MOST = 50  # notifications that one page may ask about
A_YEAR = 365 * 24 * 60 * 60  # seconds


class Waiting(Struct, frozen=True):
    """JSON: of the notifications that were asked about, those that still wait for an answer; and what each says."""

    waiting: list[UUID]
    frames: list[Frame] | UnsetType = UNSET


def routes(handlers: Handlers, pool: asyncpg.Pool, settings: Settings) -> list[Any]:
    @get("/notifications")
    async def notifications(request: Request) -> Response[Any]:
        limit = limit_of(request)
        before = after_of(request, int)
        waiting = request.query_params.get("show") == "waiting"
        arrived = await views.newest(pool, before, limit + 1, waiting=waiting)
        return page(
            request,
            "notifications.html",
            arrived=paged(arrived, limit, lambda each: each.position),
            seen=await views.seen(pool, identity(request).login),
            # What is new stands on the first page: who looks at a later one has not seen it.
            unseen=before is None and not waiting and await views.unseen(pool, identity(request).login, 1),
            kinds=KINDS,
            waiting=waiting,
            unanswered=await views.unanswered(pool, BELL_MOST),
            most=BELL_MOST,
        )

    @get("/notifications/bell")
    async def bell(request: Request) -> Response[Any]:
        login = identity(request).login
        return fragment(
            request,
            "bell.html",
            count=await views.unseen(pool, login, BELL_MOST),
            most=BELL_MOST,
            seen=await views.seen(pool, login),
            arrived=await views.newest(pool, None, BELL_SHOWN),
            site=await settled.current(pool),
            unanswered=await views.unanswered(pool, BELL_MOST),
            kinds=KINDS,
        )

    @get("/notifications/waiting")
    async def waiting(request: Request) -> Waiting:
        """`?ids=…,…`: what a page that shows these asks after every change; with `frames` also for what they say."""
        try:
            ids = [UUID(each) for each in request.query_params.get("ids", "").split(",") if each]
        except ValueError:
            raise Refused(_("These are no ids of notifications."), Why.INVALID) from None
        asked = ids[:ASKED_MOST]
        still = await views.unanswered_of(pool, asked)
        if "frames" not in request.query_params:
            return Waiting(still)
        return Waiting(still, [each.frame for each in await views.arrived_of(pool, asked)])

    @post("/notifications/seen", opt=VIEWER)
    async def mark_seen(request: Request) -> Response[Any]:
        await handlers.mark_seen(identity(request), await views.last_position(pool))
        return see(request, back(request))

    @post("/notifications/{notification:uuid}/aside")
    async def put_aside(request: Request, notification: UUID) -> Response[Any]:
        await handlers.put_aside(identity(request), notification)
        return see(request, back(request))

    # ---- sounds

    @get("/settings/sounds")
    async def sounds(request: Request) -> Response[Any]:
        return page(request, "sounds.html", families=FAMILIES)

    # ---- the colours and the language, for this browser

    @post("/preferences", opt=PUBLIC)
    async def preferences(request: Request) -> Response[Any]:
        typed = form(request)
        response = see(request, local_path(typed["next"]) if "next" in typed else back(request))
        if typed.get("theme") in THEMES:
            cookies.write(response, THEME, typed["theme"], A_YEAR, secure=settings.secure)
        if known(typed.get("language", "")):
            cookies.write(response, LANGUAGE, typed["language"], A_YEAR, secure=settings.secure)
        return response

    return [notifications, bell, waiting, mark_seen, put_aside, sounds, preferences]
