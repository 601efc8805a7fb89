"""The settings: each page changes what it shows, nothing that can't be used is taken, and the logo is safe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time

import httpx
import msgspec
import pytest

from notifier import choices, views
from notifier.domain import LOGO, LOGO_KEY, SITE, SITE_KEY, ChangeLogo, ChangeSite, decide_site
from notifier.handlers import Handlers
from notifier.sessions import Sessions
from shared.contract.event import by_admin
from shared.contract.site import Site, SiteLogoChanged, WorkingHours
from shared.pictures import LARGEST
from tests.notifier.conftest import Running, add, log_in
from tests.notifier.pictures import jpeg, png, size_of
from tests.people import eventually

COMPANY = {
    "company": "Harbour Heating",
    "address": "Quay 1\nHamburg",
    "tax_id": "DE 123",
    "currency": "SEK",
    "time_zone": "Europe/Stockholm",
    "language": "ar",
    "version": "0",
}
HOURS = {
    "days.1": "1",
    "days.2": "2",
    "days.5": "5",
    "begins": "08:30",
    "ends": "17:00",
    "no_answer_minutes": "45",
    "version": "1",
}


@pytest.fixture
async def vera(notifier: Running, owner: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A viewer."""
    async with notifier.browser() as browser:
        await log_in(browser, "vera", await add(owner, "vera", "viewer"))
        yield browser


async def test_each_page_changes_what_it_shows(owner: httpx.AsyncClient) -> None:
    """The company keeps the hours, the hours keep the company."""
    assert (await owner.post("/settings", data=COMPANY)).headers["location"] == "/settings?saved=settings"
    assert (await owner.post("/settings/hours", data=HOURS)).status_code == 303
    assert (
        await owner.post("/settings", data=COMPANY | {"company": "Bay Heating", "version": "2"})
    ).is_redirect
    site = msgspec.convert((await owner.get("/api/site")).json(), Site)
    assert site == Site(
        "Bay Heating", "Quay 1\nHamburg", "DE 123", "SEK", "Europe/Stockholm", "ar", 45,
        WorkingHours((1, 2, 5), time(8, 30), time(17)),
    )  # fmt: skip
    page = (await owner.get("/settings/hours?saved=1")).text
    assert page.count(" checked>") == 3
    assert '<option value="08:30" selected>' in page


async def test_a_new_name_is_in_the_frame_at_once(owner: httpx.AsyncClient, vera: httpx.AsyncClient) -> None:
    """For whoever saves it; every other open page asks for the bell, which brings it along."""
    answer = await owner.post("/settings", data=COMPANY)
    saved = await owner.get(answer.headers["location"])
    assert '<bdi id="brand-name">Harbour Heating</bdi>' in saved.text
    bell = (await vera.get("/notifications/bell")).text
    assert '<bdi id="brand-name" hx-swap-oob="true">Harbour Heating</bdi>' in bell


async def test_the_office_has_a_phone_number(owner: httpx.AsyncClient, vera: httpx.AsyncClient) -> None:
    """Typed on the page or by a program; what is no number is refused beside its field, in the reader's language. A
    page from before there was one leaves it alone, and an empty field takes it away."""
    english = COMPANY | {"language": "en"}
    assert (await owner.post("/settings", data=english | {"office_phone": " +49 30 1234567 "})).is_redirect
    site = (await owner.get("/api/site")).json()
    assert site["office_phone"] == "+49 30 1234567"
    assert 'value="+49 30 1234567"' in (await owner.get("/settings")).text
    assert "+49 30 1234567" in (await vera.get("/settings")).text
    wrong = await owner.post("/settings", data=english | {"office_phone": "ask Anna", "version": "1"})
    assert wrong.status_code == 422
    assert "That is no phone number" in wrong.text
    assert 'value="ask Anna"' in wrong.text
    assert (await vera.put("/api/site", json=site)).status_code == 403
    refused = await owner.put("/api/site", json=site | {"office_phone": "ask Anna"})
    assert refused.status_code == 422
    assert "office_phone" in refused.text
    older = await owner.post("/settings", data=english | {"company": "Bay Heating", "version": "1"})
    assert older.is_redirect
    assert (await owner.get("/api/site")).json()["office_phone"] == "+49 30 1234567"
    assert (await owner.post("/settings", data=english | {"office_phone": "", "version": "2"})).is_redirect
    assert (await owner.get("/api/site")).json()["office_phone"] == ""


async def test_two_owners_on_the_settings(owner: httpx.AsyncClient) -> None:
    """The second sees how it stands now, with what was typed beside it, and nothing of the first is lost."""
    assert (await owner.post("/settings", data=COMPANY | {"company": "First"})).status_code == 303
    second = await owner.post("/settings", data=COMPANY | {"company": "Second"})
    assert second.status_code == 409
    assert 'value="First"' in second.text
    assert "What you had typed" in second.text
    assert "<bdi>Second</bdi>" in second.text
    assert (await owner.get("/api/site")).json()["company"] == "First"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends": "08:30"}, "ends"),
        ({"begins": "late"}, "begins"),
        ({"begins": "08:30+02:00"}, "begins"),
        ({"no_answer_minutes": "0"}, "no_answer_minutes"),
    ],
)
async def test_hours_that_can_not_be_are_refused(
    owner: httpx.AsyncClient, changes: dict[str, str], field: str
) -> None:
    """Beside their field, and what was chosen stays."""
    await owner.post("/settings", data=COMPANY)
    answer = await owner.post("/settings/hours", data=HOURS | changes)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert answer.text.count(" checked>") == 3


async def test_a_week_without_a_day_is_refused(owner: httpx.AsyncClient) -> None:
    """Else every task would be late for ever, or never."""
    days = {name: value for name, value in HOURS.items() if not name.startswith("days.")}
    answer = await owner.post("/settings/hours", data=days | {"version": "0"})
    assert answer.status_code == 422
    assert 'id="days-error"' in answer.text


@pytest.mark.parametrize("strange", [{"days.x": "1", "ends": "08:00"}, {"version": "1" * 5000}])
async def test_hours_that_no_page_of_ours_sends_are_no_fault_of_ours(
    owner: httpx.AsyncClient, strange: dict[str, str]
) -> None:
    """A day that is none, a version of five thousand digits."""
    await owner.post("/settings", data=COMPANY)
    assert (await owner.post("/settings/hours", data=HOURS | strange)).status_code < 500


async def test_midnight_is_the_end_of_the_day(owner: httpx.AsyncClient) -> None:
    """From eight in the evening to midnight is four hours."""
    typed = HOURS | {"begins": "20:00", "ends": "00:00", "version": "0"}
    assert (await owner.post("/settings/hours", data=typed)).status_code == 303


def test_whatever_can_be_chosen_is_taken() -> None:
    """Each language, currency, zone and time that the pages offer."""
    tries = [
        *(Site(language=tag) for tag, _ in choices.languages("en")),
        *(Site(currency=code) for code, _ in choices.currencies("EUR")),
        *(Site(time_zone=name) for _, names in choices.zones("UTC") for name in names),
        *(Site(working_hours=WorkingHours(ends=_at(end))) for end, _ in choices.ends(time(0))),
    ]
    changed = [site for site in tries if site != Site()]
    assert len(changed) > 500
    for site in changed:
        assert decide_site(ChangeSite(site), Site())
    assert [number for number, _ in choices.weekdays()] in ([1, 2, 3, 4, 5, 6, 7], [7, 1, 2, 3, 4, 5, 6])


async def test_others_read_the_settings_as_text(vera: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
    """No field that looks as if it could be changed; and no entry that would be refused."""
    await owner.post("/settings", data=COMPANY)
    for path in ("/settings", "/settings/hours", "/settings/sending"):
        page = (await vera.get(path)).text
        assert f'action="{path}"' not in page
        assert "disabled" not in page
        assert 'href="/admins"' not in page
    assert "Quay 1" in (await vera.get("/settings")).text
    for tongue, days in (("en", "Tuesday, Wednesday, Thursday,"), ("ar", "والثلاثاء والأربعاء والخميس")):
        vera.cookies.set("callout_language", tongue)
        assert days in (await vera.get("/settings/hours")).text
    assert (await vera.post("/settings/hours", data=HOURS)).status_code == 403
    assert (await vera.post("/settings/logo", files={"logo": png()})).status_code == 403


@pytest.mark.parametrize("image", [png(), jpeg(), png() + b"<script>alert(1)</script>"])
async def test_a_logo_is_served_to_everybody(
    notifier: Running, owner: httpx.AsyncClient, image: bytes
) -> None:
    """Also before the login; for ever under its version's address, and asked about anew under the other."""
    assert (await upload(owner, image)).headers["location"] == "/settings?saved=logo"
    async with httpx.AsyncClient(base_url=notifier.url) as stranger:
        answer = await stranger.get("/site/logo")
        assert size_of(answer.content) == ("PNG", 40, 20)
        assert answer.headers["content-type"] == "image/png"
        assert b"script" not in answer.content
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await stranger.get("/site/logo", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "immutable" in (await stranger.get("/site/logo?v=1")).headers["cache-control"]
        assert (await stranger.get("/site/logo?v=9")).headers["cache-control"] == "no-cache"
        await owner.post("/settings/logo/removed")
        plain = await stranger.get("/site/logo", headers={"If-None-Match": answer.headers["etag"]})
        assert (plain.status_code, plain.headers["content-type"]) == (200, "image/svg+xml")


async def test_a_logo_is_no_part_of_the_settings(notifier: Running, owner: httpx.AsyncClient) -> None:
    """It has a stream of its own, and a program sends it as base64."""
    await upload(owner, png())
    journal = notifier.service.journal
    assert await journal.load(SITE, SITE_KEY) == (Site(), 0)
    kept = (await journal.load(LOGO, LOGO_KEY))[0]
    assert kept.pixels
    assert size_of(kept.image or b"") == ("PNG", 40, 20)
    body = msgspec.json.encode({"image": jpeg(30, 30)})
    answer = await owner.put("/api/site/logo", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 204
    assert size_of((await owner.get("/site/logo")).content) == ("PNG", 30, 30)
    assert (await owner.delete("/api/site/logo")).status_code == 204
    assert (await owner.get("/site/logo")).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("image", [b"", b"<script>alert(1)</script>", png()[:-1]])
async def test_a_file_that_is_no_image_is_refused(owner: httpx.AsyncClient, image: bytes) -> None:
    """Whatever it is called; the page says so beside the field."""
    answer = await upload(owner, image)
    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert (await owner.get("/site/logo")).headers["content-type"] == "image/svg+xml"


async def test_a_body_that_only_looks_like_files_is_refused(owner: httpx.AsyncClient) -> None:
    """It breaks off in the middle."""
    whole = owner.build_request("POST", "/settings/logo", files={"logo": ("logo.png", png(), "image/png")})
    kind = {"Content-Type": whole.headers["content-type"]}
    answer = await owner.post("/settings/logo", content=whole.read()[:-30], headers=kind)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (png(30_000, 1), "4000 pixels"),
        (png() + bytes(LARGEST), "100 KB"),
        (jpeg()[:-2], "no whole PNG or JPEG"),
    ],
    ids=["pixels", "bytes", "broken"],
)
async def test_what_is_wrong_with_a_logo_is_said(owner: httpx.AsyncClient, image: bytes, said: str) -> None:
    """On the page and to a program alike; the one before stays."""
    await upload(owner, png())
    assert said in (await upload(owner, image)).text
    answer = await owner.put(
        "/api/site/logo",
        content=msgspec.json.encode({"image": image}),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, said in answer.json()["fields"]["logo"]) == (422, True)
    assert size_of((await owner.get("/site/logo")).content) == ("PNG", 40, 20)


@pytest.mark.parametrize(
    ("before", "after"), [(png(60, 30) + b"trailing", ("PNG", 60, 30)), (png(60_000, 1), None)]
)
async def test_a_logo_of_before_becomes_pixels_alone(
    notifier: Running, owner: httpx.AsyncClient, before: bytes, after: tuple[str, int, int] | None
) -> None:
    """As a version before stored it; until it is drawn anew nobody is shown it, and a bomb is taken away."""
    decider = replace(LOGO, decide=lambda _command, _logo: [SiteLogoChanged(before)])
    await notifier.service.journal.handle(decider, LOGO_KEY, ChangeLogo(None), actor=by_admin("anna"))
    assert (await owner.get("/site/logo")).headers["content-type"] == "image/svg+xml"
    service = notifier.service
    handlers = Handlers(service.journal, service.pool, Sessions(service.pool, service.bus))
    drawing = asyncio.create_task(handlers.redraw_logo())  # as the leading replica does when it begins

    async def look() -> bool:
        return not await views.undrawn_logo(service.pool)

    try:
        await eventually(look)
    finally:
        drawing.cancel()
    answer = await owner.get("/site/logo")
    if after is None:
        assert answer.headers["content-type"] == "image/svg+xml"
    else:
        assert size_of(answer.content) == after
        assert b"trailing" not in answer.content


async def upload(browser: httpx.AsyncClient, image: bytes) -> httpx.Response:
    """As the form does."""
    return await browser.post("/settings/logo", files={"logo": ("logo.png", image, "image/png")})


def _at(clock: str) -> time:
    return time.fromisoformat(clock)


async def test_what_goes_to_technicians_is_the_owners_choice(
    owner: httpx.AsyncClient, vera: httpx.AsyncClient
) -> None:
    """Both are off at first; an unticked box turns one off, and leaves the company's data as they are."""
    chosen = ("only_kept_technicians", "client_info_on_acceptance")

    async def kept() -> list[bool]:
        site = (await owner.get("/api/site")).json()
        return [site[name] for name in chosen]

    assert await kept() == [False, False]
    await owner.post("/settings", data=COMPANY)
    for ticked, expected in (({chosen[0]: "true"}, [True, False]), ({chosen[1]: "true"}, [False, True])):
        answer = await owner.post("/settings/sending", data=ticked)
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/sending?saved=1")
        assert await kept() == expected
    assert (await owner.get("/api/site")).json()["company"] == COMPANY["company"]
    assert "checked" in (await owner.get("/settings/sending")).text
    shown = (await vera.get("/settings/sending")).text
    assert chosen[0] not in shown
    assert "datagrid-content" in shown
    assert (await vera.post("/settings/sending", data={})).status_code == 403
    site = (await owner.get("/api/site")).json()
    assert (await owner.put("/api/site", json=site | {chosen[0]: 1})).status_code == 422
    assert (await owner.put("/api/site", json=site | {chosen[0]: True})).json()[chosen[0]] is True
