"""The site's settings: the company and its logo, money, times, languages, working hours."""

from datetime import time
from typing import Any

import asyncpg
from litestar import get, post
from msgspec import Struct, structs

from notifier import choices, views
from notifier.handlers import Handlers
from notifier.pages.asking import asked
from notifier.static import ASK_AGAIN, FOR_EVER
from shared.contract.site import WorkingHours
from shared.language import _
from shared.pictures import LARGEST
from shared.refusal import Refused, Why
from shared.web import OWNER, PUBLIC, Request, Response, form, page, read, see, upload
from shared.web.pages import STATIC

CALLOUT = (STATIC / "icon.svg").read_bytes()
"""What stands in the logo's place where a company has none."""


class Company(Struct, frozen=True):
    company: str
    address: str
    tax_id: str
    currency: str
    time_zone: str
    language: str
    office_phone: str = ""


class Sending(Struct, frozen=True):
    """What is done about technicians whom nobody has kept, and for those who are. An unticked box is left out."""

    only_kept_technicians: bool = False
    client_info_on_acceptance: bool = False


class Hours(Struct, frozen=True):
    """begins and ends as "08:30"; days holds ISO weekdays."""

    begins: str
    ends: str
    no_answer_minutes: int
    days: tuple[int, ...] = ()


def routes(handlers: Handlers, pool: asyncpg.Pool) -> list[Any]:
    # ---- the company

    async def company_page(request: Request, refused: Refused | None = None) -> Response[Any]:
        site, version = await handlers.site()
        fresh = {name: getattr(site, name) for name in Company.__struct_fields__}
        typed = {name: value for name, value in form(request).items() if name in fresh}
        conflict = refused is not None and refused.why is Why.NOT_NOW
        return page(
            request,
            "settings.html",
            refused=refused,
            site=site,  # the frame has it at once too
            shown=fresh if conflict else fresh | typed,
            # Somebody else was faster: what was typed is shown beside what stands now.
            lost={name: value for name, value in typed.items() if conflict and value != fresh[name]},
            version=version,
            currencies=choices.currencies(site.currency),
            zones=choices.zones(site.time_zone),
            languages=choices.languages(site.language),
            logo=await views.logo_version(pool),
            most=LARGEST // 1024,
            saved=request.query_params.get("saved"),
            path="/settings",
        )

    @get("/settings")
    async def company(request: Request) -> Response[Any]:
        return await company_page(request)

    @post("/settings", opt=OWNER)
    async def change_company(request: Request) -> Response[Any]:
        try:
            typed = await read(request, Company)
            site, version = await handlers.site()
            # A page that was opened before there was a phone leaves it alone; an empty field takes it away.
            given = {name: value for name, value in structs.asdict(typed).items() if name in form(request)}
            changed = structs.replace(site, **given)
            await handlers.change_site(changed, asked(request), seen(request, version))
        except Refused as refused:
            return await company_page(request, refused)
        return see(request, "/settings?saved=settings")

    @post("/settings/logo", opt=OWNER)
    async def change_logo(request: Request) -> Response[Any]:
        try:
            image = upload(request, "logo")
            if not image:
                sentence = _("Please choose a file first.")
                raise Refused(sentence, Why.INVALID, {"logo": sentence})
            await handlers.change_logo(image, asked(request))
        except Refused as refused:
            return await company_page(request, refused)
        return see(request, "/settings?saved=logo")

    @post("/settings/logo/removed", opt=OWNER)
    async def remove_logo(request: Request) -> Response[Any]:
        await handlers.change_logo(None, asked(request))
        return see(request, "/settings?saved=logo")

    @get("/site/logo", opt=PUBLIC)
    async def logo(request: Request) -> Response[bytes]:
        """The company's, or Callout's own. `?v=` is its version: such an address may be kept for ever."""
        version = await views.logo_version(pool) or 0
        etag = f'W/"logo-{version}"'
        named = version and request.query_params.get("v") == str(version)
        headers = {"etag": etag, "cache-control": FOR_EVER if named else ASK_AGAIN}
        if request.headers.get("if-none-match") == etag:
            return Response(b"", status_code=304, headers=headers)
        found = await views.logo(pool)
        body, kind = (found.image, found.media_type) if found else (CALLOUT, "image/svg+xml")
        return Response(body, headers={**headers, "content-type": kind})

    # ---- what goes to technicians

    async def sending_page(request: Request, refused: Refused | None = None) -> Response[Any]:
        site, version = await handlers.site()
        return page(
            request,
            "sending.html",
            refused=refused,
            version=version,
            chosen=site,
            saved="saved" in request.query_params,
            path="/settings/sending",
        )

    @get("/settings/sending")
    async def sending(request: Request) -> Response[Any]:
        return await sending_page(request)

    @post("/settings/sending", opt=OWNER)
    async def change_sending(request: Request) -> Response[Any]:
        try:
            typed = await read(request, Sending)
            site, version = await handlers.site()
            changed = structs.replace(site, **structs.asdict(typed))
            await handlers.change_site(changed, asked(request), seen(request, version))
        except Refused as refused:
            return await sending_page(request, refused)
        return see(request, "/settings/sending?saved=1")

    # ---- working hours

    async def hours_page(request: Request, refused: Refused | None = None) -> Response[Any]:
        site, version = await handlers.site()
        fresh = site.working_hours
        typed = form(request)
        keep = bool(typed) and not (refused and refused.why is Why.NOT_NOW)
        return page(
            request,
            "hours.html",
            refused=refused,
            version=version,
            weekdays=choices.weekdays(),
            worked=choices.enumerated(fresh.days),
            days={day for day in range(1, 8) if f"days.{day}" in typed} if keep else set(fresh.days),
            beginnings=choices.beginnings(fresh.begins),
            ends=choices.ends(fresh.ends),
            begins_at=typed.get("begins") if keep else fresh.begins.isoformat("minutes"),
            ends_at=typed.get("ends") if keep else fresh.ends.isoformat("minutes"),
            minutes=typed.get("no_answer_minutes") if keep else site.no_answer_minutes,
            saved="saved" in request.query_params,
            path="/settings/hours",
        )

    @get("/settings/hours")
    async def hours(request: Request) -> Response[Any]:
        return await hours_page(request)

    @post("/settings/hours", opt=OWNER)
    async def change_hours(request: Request) -> Response[Any]:
        try:
            typed = await read(request, Hours)
            site, version = await handlers.site()
            changed = structs.replace(
                site,
                working_hours=WorkingHours(typed.days, moment(typed.begins), moment(typed.ends)),
                no_answer_minutes=typed.no_answer_minutes,
            )
            await handlers.change_site(changed, asked(request), seen(request, version))
        except Refused as refused:
            return await hours_page(request, refused)
        return see(request, "/settings/hours?saved=1")

    return [
        company,
        change_company,
        change_logo,
        remove_logo,
        logo,
        sending,
        change_sending,
        hours,
        change_hours,
    ]


def seen(request: Request, version: int) -> int:
    """The version that the admin saw; the present one where the form doesn't tell."""
    told = form(request).get("version", "")
    return int(told) if told.isdecimal() and len(told) < 10 else version


def moment(typed: str) -> time:
    try:
        return time.fromisoformat(typed)
    except ValueError:
        sentence = _("A time is written as 08:30.")
        raise Refused(sentence, Why.INVALID, {"begins": sentence}) from None
