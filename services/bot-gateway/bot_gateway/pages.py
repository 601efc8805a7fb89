"""Technicians and the bot connection as pages."""

import io
from datetime import timedelta
from typing import Any

import segno
from babel import Locale, UnknownLocaleError
from babel.dates import format_timedelta
from babel.numbers import format_percent
from litestar import get, post
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from bot_gateway import views
from bot_gateway.handlers import Handlers
from shared import language
from shared.contract.bot import bot_link
from shared.language import N_, _, speaking
from shared.refusal import Refused, Why
from shared.web import (
    OWNER,
    VIEWER,
    Done,
    Request,
    Response,
    after_of,
    command_id,
    form,
    fragment,
    identity,
    limit_of,
    page,
    paged,
    read,
    see,
)
from shared.web.pages import local_path


class Edit(Struct, frozen=True):
    name: str = ""
    note: str = ""
    version: int | None = None


class TokenForm(Struct, frozen=True):
    token: str


class Confirmation(Struct, frozen=True):
    sealed: str


SORTS = {"": N_("Newest first"), "name": N_("By name"), "load": N_("Most open tasks")}
HITS = 8  # of a search over everything, which shows a few of each kind
STEPS = (
    N_("Open the camera of your phone and point it at the code, or type the address."),
    N_("Telegram opens. Press Start."),
    N_("Your tasks arrive in that chat."),
)


def technician_in(typed: str) -> int:
    try:
        return int(typed)
    except ValueError as error:
        raise Refused(_("A technician is named by a Telegram id, a number."), Why.INVALID) from error


def routes(handlers: Handlers) -> list[Any]:
    @get("/technicians")
    async def index(
        request: Request, q: FromQuery[str] = "", status: FromQuery[str] = "", sort: FromQuery[str] = ""
    ) -> Response[str]:
        order, limit = views.order(sort), limit_of(request)
        after = after_of(request, order.key)
        rows = await views.technicians(handlers.pool, after, limit, q=q, status=status, order=order)
        return page(
            request,
            "technicians.html",
            technicians=paged(rows, limit, order.place),
            totals=await views.totals(handlers.pool),
            q=q,
            chosen=status,
            sort=sort,
            sorts=SORTS,
            cards=request.query_params.get("view") == "cards",
            token=await views.token(handlers.pool),
            **SAID,
        )

    @get("/technicians/search")
    async def search(request: Request, q: FromQuery[str] = "") -> Response[str]:
        """A few technicians for the search over everything; nothing where there are none."""
        rows = await views.technicians(handlers.pool, None, HITS, q=q) if q.strip() else []
        return fragment(request, "technician_hits.html", technicians=rows[:HITS])

    @get("/technicians/join")
    async def join(request: Request) -> Response[str]:
        """To print: in the site's language, or in another one that is chosen."""
        site = request.app.state.web.site()
        chosen = language.known(request.query_params.get("language", "") or site.language) or language.ENGLISH
        with speaking(chosen):
            poster = {
                "title": _("Scan to join"),
                "team": _("the team of %(company)s", company=site.company),
                "steps": [_(step) for step in STEPS],
                "direction": language.direction(),
            }
        token = await views.token(handlers.pool)
        return page(
            request, "join.html", token=token, poster=poster, chosen=chosen, elsewhere=handlers.elsewhere
        )

    @get("/technicians/{telegram_id:int}")
    async def show(request: Request, telegram_id: FromPath[int]) -> Response[str]:
        return await technician_page(request, telegram_id)

    @post("/technicians/{telegram_id:int}")
    async def edit(request: Request, telegram_id: FromPath[int]) -> Response[Any]:
        try:
            wanted = await read(request, Edit)
            await handlers.edit(
                telegram_id,
                wanted.name,
                wanted.note,
                actor=identity(request).actor,
                command_id=command_id(request),
                expected=wanted.version,
            )
        except Refused as refused:
            if refused.why is Why.MISSING:
                raise
            return await technician_page(request, telegram_id, refused)
        return see(request, f"/technicians/{telegram_id}")

    async def technician_page(
        request: Request, telegram_id: int, refused: Refused | None = None
    ) -> Response[str]:
        technician = await views.technician(handlers.pool, telegram_id)
        # After a conflict the fresh record is shown; after a mistake, what was typed.
        typed = form(request) if refused and refused.why is Why.INVALID else {}
        return page(
            request,
            "technician.html",
            refused=refused,
            technician=technician,
            typed={
                "name": typed.get("name", technician.own_name),
                "note": typed.get("note", technician.note),
            },
            tasks=await views.held(handlers.pool, telegram_id),
            recent=await views.recent(handlers.pool, telegram_id),
            deliveries=await views.deliveries(handlers.pool, telegram_id),
            **SAID,
        )

    @post("/technicians/{telegram_id:int}/review")
    async def review(request: Request, telegram_id: FromPath[int]) -> Response[Any]:
        """On to the technician, or to the page that the form names: the one on which they were to be kept first."""
        await handlers.review(telegram_id, actor=identity(request).actor, command_id=command_id(request))
        asked_on = form(request).get("next", "")
        return see(request, local_path(asked_on) if asked_on else f"/technicians/{telegram_id}")

    @post("/technicians/review")
    async def review_all(request: Request) -> Response[Any]:
        """*Keep all as they are*: the newcomers that the page showed, and nobody who joined since."""
        shown = [technician_in(typed) for typed in form(request).getall("technician", [])]
        await handlers.review_all(shown, actor=identity(request).actor, command_id=command_id(request))
        return see(request, "/technicians")

    @post("/technicians/{telegram_id:int}/deactivation")
    async def deactivate(request: Request, telegram_id: FromPath[int]) -> Response[Any]:
        await handlers.deactivate(telegram_id, actor=identity(request).actor, command_id=command_id(request))
        return see(request, f"/technicians/{telegram_id}")

    @post("/technicians/{telegram_id:int}/reactivation")
    async def reactivate(request: Request, telegram_id: FromPath[int]) -> Response[Any]:
        await handlers.reactivate(telegram_id, actor=identity(request).actor, command_id=command_id(request))
        return see(request, f"/technicians/{telegram_id}")

    @post("/technicians/{telegram_id:int}/delete")
    async def remove(request: Request, telegram_id: FromPath[int]) -> Response[Any]:
        await handlers.delete(telegram_id, actor=identity(request).actor, command_id=command_id(request))
        return see(request, "/technicians", Done.TECHNICIAN_DELETED, telegram_id)

    @get("/settings/telegram", opt=OWNER)
    async def telegram(request: Request) -> Response[str]:
        return await telegram_page(request)

    async def telegram_page(request: Request, refused: Refused | None = None) -> Response[str]:
        return page(
            request,
            "telegram.html",
            elsewhere=handlers.elsewhere,
            refused=refused,
            token=await views.token(handlers.pool),
            queue=await views.queue(handlers.pool),
            count=await views.technician_count(handlers.pool),
        )

    @post("/settings/telegram", opt=OWNER)
    async def connect(request: Request) -> Response[Any]:
        """Another bot is only connected after a second look: every technician must press Start again."""
        try:
            wanted = await read(request, TokenForm)
            bot = await handlers.check(wanted.token)
            if await handlers.is_another(bot):
                return page(
                    request,
                    "telegram_confirm.html",
                    bot=bot,
                    now=await views.token(handlers.pool),
                    sealed=handlers.seal(wanted.token),
                    count=await views.technician_count(handlers.pool),
                )
            await handlers.connect(
                wanted.token, actor=identity(request).actor, command_id=command_id(request)
            )
        except Refused as refused:
            return await telegram_page(request, refused)
        return see(request, "/settings/telegram")

    @post("/settings/telegram/confirmation", opt=OWNER)
    async def confirm(request: Request) -> Response[Any]:
        try:
            wanted = await read(request, Confirmation)
            token = handlers.unseal(wanted.sealed)
            await handlers.connect(
                token, actor=identity(request).actor, command_id=command_id(request), replace=True
            )
        except Refused as refused:
            return await telegram_page(request, refused)
        return see(request, "/settings/telegram")

    @post("/settings/telegram/delete", opt=OWNER)
    async def disconnect(request: Request) -> Response[Any]:
        await handlers.disconnect(actor=identity(request).actor, command_id=command_id(request))
        return see(request, "/settings/telegram")

    @get("/settings/telegram/qr.svg", opt=VIEWER)
    async def qr(request: Request) -> Response[bytes]:
        """The bot's link, for a phone's camera; any admin may show it to a technician."""
        token = await views.token(handlers.pool)
        if token.bot is None:
            raise Refused(_("No bot is connected."), Why.MISSING)
        drawn = io.BytesIO()
        segno.make(bot_link(token.bot.username), error="m").save(
            drawn, kind="svg", scale=6, border=2, dark="#000", light="#fff", nl=False
        )
        return Response(drawn.getvalue(), media_type="image/svg+xml")

    return [
        index,
        search,
        join,
        show,
        edit,
        review,
        review_all,
        deactivate,
        reactivate,
        remove,
        telegram,
        connect,
        confirm,
        disconnect,
        qr,
    ]


def language_name(tag: str) -> str:
    """`ar` → "Arabic", in the reader's language; a tag that means nothing stays as it is."""
    try:
        return Locale.parse(tag, sep="-").get_display_name(language.locale()) or tag
    except (ValueError, UnknownLocaleError):
        return tag


def duration(seconds: int) -> str:
    return format_timedelta(timedelta(seconds=seconds), threshold=2, locale=language.locale())


def percent(value: int) -> str:
    return format_percent(value / 100, locale=language.locale())


SAID: dict[str, Any] = {"language_name": language_name, "duration": duration, "percent": percent}
"""How the templates say a language, a time that passed, and a share."""
