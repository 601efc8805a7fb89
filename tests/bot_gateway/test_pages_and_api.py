"""The pages and calls of admins: who may do what, and what is said where it can't be done."""

import re
import uuid

import httpx
import pytest

from local.phone import PRACTICE_TOKEN
from shared.contract.admin import Role
from shared.web import seal
from tests.bot_gateway.conftest import Gateway
from tests.people import Person, eventually

SECRET = PRACTICE_TOKEN.partition(":")[2]


async def posted(client: httpx.AsyncClient, path: str, **fields: str | list[str]) -> httpx.Response:
    return await client.post(path, data={"command_id": uuid.uuid4().hex, **fields})


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("4242424242:AAWrongWrongWrongWrongWrongWrong001", "Unauthorized"),
        ("hello", "looks like 123456789"),
        ("", "looks like 123456789"),
        ("1:../../getMe", "looks like 123456789"),
    ],
)
async def test_a_bad_token_is_refused_with_the_reason(bare: Gateway, token: str, told: str) -> None:
    """422, and nothing is stored."""
    problem = await bare.call("PUT", "/api/telegram/token", {"token": token}, 422)
    assert told in problem["detail"]
    assert "token" in problem["fields"]
    assert await bare.call("GET", "/api/telegram/token") == {
        "state": "none",
        "bot": None,
        "token": "",
        "reason": "",
        "at": None,
        "updates": None,
    }


async def test_the_token_is_stored_encrypted_and_shown_masked(
    gateway: Gateway, yasmin: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """In no row, event, page or log line is it to be read, also when Telegram can't be reached."""
    assert (await gateway.call("GET", "/api/telegram/token"))["token"] == "4242…:AAP…01"
    await gateway.phones.weather({"kind": "drop", "method": "*", "times": 5})
    await yasmin.says("/help")
    pool = gateway.service.pool
    for table in await pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    ):
        for row in await pool.fetch(f'SELECT t::text FROM "{table["table_name"]}" t'):
            assert SECRET not in row["t"]
            assert SECRET.encode().hex() not in row["t"]
    async with gateway.as_role(Role.OWNER, browser=True) as browser:
        page = await browser.get("/settings/telegram")
        metrics = await browser.get("/metrics")
    assert "4242…:AAP…01" in page.text
    told = capsys.readouterr()
    for text in (page.text, metrics.text, told.out, told.err):
        assert SECRET not in text


async def test_the_bot_is_removed_and_another_token_entered_at_run_time(
    gateway: Gateway, yasmin: Person
) -> None:
    """No restart: polling stops at once, and begins again."""
    await gateway.call("DELETE", "/api/telegram/token", status=204)
    assert (await gateway.call("GET", "/api/telegram/token"))["state"] == "none"
    await gateway.quiet()
    await yasmin.says("/help")
    polls = len(await gateway.calls("getUpdates"))
    await gateway.connect()
    await yasmin.sees("You get your tasks here")
    assert len(await gateway.calls("getUpdates")) > polls
    assert await gateway.events("bot") == ["BotConnected", "BotDisconnected", "BotConnected"]


async def test_without_a_bot_a_delivery_fails_and_says_so(gateway: Gateway, yasmin: Person) -> None:
    """The admin hears of it now, not when somebody wonders."""
    from shared.contract.task import TaskAssigned, TaskCreated, TaskSent
    from tests.bot_gateway.examples import BOILER

    await gateway.call("DELETE", "/api/telegram/token", status=204)
    await gateway.hears(
        "task", 1042, TaskCreated(1042, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )
    [failed] = await gateway.told("DeliveryFailed")
    assert failed["trouble"] == "no_bot"


async def test_only_owners_touch_the_token(gateway: Gateway) -> None:
    """Pages and calls alike."""
    for role in (Role.DISPATCHER, Role.VIEWER):
        await gateway.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN}, 403, role)
        await gateway.call("GET", "/api/telegram/token", None, 403, role)
        await gateway.call("DELETE", "/api/telegram/token", None, 403, role)
        async with gateway.as_role(role, browser=True) as browser:
            assert (await browser.get("/settings/telegram")).status_code == 403
            assert (await posted(browser, "/settings/telegram", token="1:x")).status_code == 403


async def test_settings_in_a_browser(bare: Gateway) -> None:
    """Entered in the form; link, QR code and copy button appear; a bad one leaves a sentence at the field."""
    async with bare.as_role(Role.OWNER, browser=True) as browser:
        bad = await posted(browser, "/settings/telegram", token="4242424242:AAWrongWrongWrongWrongWrong")
        assert bad.status_code == 422
        assert "Telegram refuses this token" in bad.text
        assert "AAWrongWrong" not in bad.text
        good = await posted(browser, "/settings/telegram", token=PRACTICE_TOKEN)
        assert (good.status_code, good.headers["location"]) == (303, "/settings/telegram")
        page = (await browser.get("/settings/telegram")).text
        for shown in (page, (await browser.get("/technicians/join")).text):
            assert f"reached at {bare.settings.telegram_api}, not at Telegram" in shown
        assert 'data-copy="https://t.me/callout_practice_bot"' in page
        assert "/settings/telegram/qr.svg" in page
        code = await browser.get("/settings/telegram/qr.svg")
        assert code.headers["content-type"].startswith("image/svg+xml")
        assert b"<svg" in code.content
        gone = await posted(browser, "/settings/telegram/delete")
        assert gone.status_code == 303
        assert "No bot is connected" in (await browser.get("/settings/telegram")).text
        assert (await browser.get("/settings/telegram/qr.svg")).status_code == 404


async def test_another_bot_is_asked_about_first(gateway: Gateway, yasmin: Person) -> None:
    """Because every technician must press Start again; the token is not readable in the page."""
    # As if the last bot had been another one than the practice bot.
    await gateway.service.pool.execute("UPDATE bot SET bot_id = 99, username = 'old_bot'")
    async with gateway.as_role(Role.OWNER, browser=True) as browser:
        asked = await posted(browser, "/settings/telegram", token=PRACTICE_TOKEN)
        assert asked.status_code == 200
        assert "press Start again" in asked.text
        assert "1 technician" in asked.text
        assert SECRET not in asked.text
        assert await gateway.events("bot") == ["BotConnected"]
        found = re.search(r'name="sealed" value="([^"]+)"', asked.text)
        assert found
        done = await posted(browser, "/settings/telegram/confirmation", sealed=found[1])
        assert done.status_code == 303
        forged = await posted(browser, "/settings/telegram/confirmation", sealed="forged")
        assert forged.status_code == 422
    assert await gateway.events("bot") == ["BotConnected", "BotConnected"]


async def test_technicians_in_a_browser(gateway: Gateway, yasmin: Person) -> None:
    """Table, cards, review, edit, pause and its undoing, delete."""
    here = f"/technicians/{yasmin.id}"
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        for view in ("/technicians", "/technicians?view=cards"):
            page = await browser.get(view)
            assert page.status_code == 200
            assert "Yasmin Farouk" in page.text
            assert "Keep as is" in page.text
            assert "https://t.me/yasmin_fixes" in page.text
        assert (await posted(browser, f"{here}/review")).status_code == 303
        assert "Keep as is" not in (await browser.get(here)).text

        found = re.search(r'name="version" value="(\d+)"', (await browser.get(here)).text)
        assert found
        saved = await posted(browser, here, name="Yasmin (north)", note="Has a van", version=found[1])
        assert (saved.status_code, saved.headers["location"]) == (303, here)
        stale = await posted(browser, here, name="Other", note="", version=found[1])
        assert stale.status_code == 409
        assert "Somebody changed this meanwhile" in stale.text
        assert "Yasmin (north)" in stale.text
        long = await posted(browser, here, name="x" * 129, note="")
        assert long.status_code == 422
        assert "at most 128 characters" in long.text

        await posted(browser, f"{here}/deactivation")
        assert "Take back into service" in (await browser.get(here)).text
        await posted(browser, f"{here}/reactivation")
        assert "Take back into service" not in (await browser.get(here)).text
        deleted = await posted(browser, f"{here}/delete")
        assert deleted.headers["location"] == "/technicians"
        assert "callout_done=technician-deleted." in deleted.headers["set-cookie"]
        assert (await browser.get(here)).status_code == 404
        assert "Yasmin" not in (await browser.get("/technicians")).text
    assert await gateway.events("technician") == [
        "TechnicianRegistered",
        "TechnicianReviewed",
        "TechnicianEdited",
        "TechnicianDeactivated",
        "TechnicianReactivated",
        "TechnicianDeleted",
    ]


async def test_all_newcomers_of_the_page_are_kept_at_once(gateway: Gateway, yasmin: Person) -> None:
    """Those that it showed, also where one was deleted meanwhile; once, however often it is sent."""
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        assert "Keep all" not in (await browser.get("/technicians")).text
        others = [await gateway.joined(name, None) for name in ("Bruno Costa", "Cleo Dahl")]
        text = (await browser.get("/technicians?status=new")).text
        assert "3 have joined and wait for a look." in text
        shown = re.findall(r'name="technician" value="(\d+)"', text)
        assert sorted(map(int, shown)) == sorted(each.id for each in (yasmin, *others))
        later = await gateway.joined("Dora Evans", None)
        await posted(browser, f"/technicians/{others[0].id}/delete")
        for _again in range(2):
            kept = await posted(browser, "/technicians/review", technician=shown, command_id="1")
            assert kept.headers["location"] == "/technicians"
        waiting = (await browser.get("/technicians?status=new")).text
        assert re.findall(r'id="technician-(\d+)"', waiting) == [str(later.id)]
        assert (await posted(browser, "/technicians/review", technician="Bruno")).status_code == 422
    assert (await gateway.events("technician")).count("TechnicianReviewed") == 2


async def test_a_viewer_looks_and_changes_nothing(gateway: Gateway, yasmin: Person) -> None:
    """No buttons, and no way around them."""
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        page = await browser.get(f"/technicians/{yasmin.id}")
        assert page.status_code == 200
        assert "Save" not in page.text
        assert (await posted(browser, f"/technicians/{yasmin.id}/delete")).status_code == 403
        await gateway.joined("Bruno Costa", None)
        assert "Keep all" not in (await browser.get("/technicians")).text
        kept = await posted(browser, "/technicians/review", technician=str(yasmin.id))
        assert kept.status_code == 403
    await gateway.call("PATCH", f"/api/technicians/{yasmin.id}", {"name": "x"}, 403, Role.VIEWER)


async def test_technicians_as_json(gateway: Gateway, yasmin: Person) -> None:
    """Exactly the calls of the design, and what they refuse."""
    here = f"/api/technicians/{yasmin.id}"
    first = await gateway.call("GET", here)
    changed = await gateway.call("PATCH", here, {"name": "Yasmin (north)", "version": first["version"]})
    assert (changed["name"], changed["telegram_name"], changed["reviewed"]) == (
        "Yasmin (north)",
        "Yasmin Farouk",
        True,
    )
    conflict = await gateway.call("PATCH", here, {"name": "x", "version": first["version"]}, 409)
    assert "meanwhile" in conflict["detail"]
    assert (await gateway.call("PATCH", here, {"status": "deactivated"}))["status"] == "deactivated"
    assert (await gateway.call("PATCH", here, {"status": "active"}))["status"] == "active"
    await gateway.call("PATCH", here, {"status": "blocked"}, 422)
    await gateway.call("PATCH", here, {"name": "x" * 129}, 422)
    await gateway.call("PATCH", here, {"name": 5}, 422)
    await gateway.call("GET", "/api/technicians?status=nonsense", None, 422)
    await gateway.call("GET", "/api/technicians?after=nonsense", None, 422)
    for nobody in ("5", "0", "-1", "9" * 30):
        await gateway.call("GET", f"/api/technicians/{nobody}", None, 404)
        await gateway.call("DELETE", f"/api/technicians/{nobody}", None, 404)
        await gateway.call("PATCH", f"/api/technicians/{nobody}", {"name": "x"}, 404)
    assert len((await gateway.call("GET", "/api/technicians?q=north"))["items"]) == 1
    assert len((await gateway.call("GET", "/api/technicians?q=%25"))["items"]) == 0
    assert len((await gateway.call("GET", "/api/technicians?status=active"))["items"]) == 1
    await gateway.call("DELETE", here, status=204)
    await gateway.call("GET", here, None, 404)


async def test_a_name_that_is_markup_is_inert(gateway: Gateway) -> None:
    """On every page."""
    person = await gateway.joined("<script>alert(1)</script>", None)
    async with gateway.as_role(Role.OWNER, browser=True) as browser:
        for path in ("/technicians", "/technicians?view=cards", f"/technicians/{person.id}"):
            page = (await browser.get(path)).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert" in page


async def test_a_profile_without_a_username_is_named_not_spelt_out(gateway: Gateway) -> None:
    """Its address opens in the Telegram app alone, and the page says so."""
    person = await gateway.joined("Noor", None)
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        page = (await browser.get(f"/technicians/{person.id}")).text
    assert f'href="tg://user?id={person.id}"' in page
    assert f">tg://user?id={person.id}<" not in re.sub("</?bdi>", "", page)
    assert "Opens in the Telegram app alone" in page


async def test_a_stranger_learns_nothing(gateway: Gateway, yasmin: Person) -> None:
    """Without a session or token."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(gateway.service.asgi),  # type: ignore[arg-type]
        base_url="http://office",
    ) as stranger:
        for path in (
            "/technicians",
            f"/technicians/{yasmin.id}",
            "/settings/telegram",
            "/settings/telegram/qr.svg",
        ):
            answer = await stranger.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 303
        for path in ("/api/technicians", "/api/telegram/token"):
            assert (await stranger.get(path)).status_code == 401


async def test_what_waits_is_shown(gateway: Gateway, yasmin: Person) -> None:
    """So that an owner sees that Telegram is slow."""
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "sendMessage", "retry_after": 30})
    await yasmin.says("/help")

    async def shown() -> bool:
        """one message that waits"""
        async with gateway.as_role(Role.OWNER, browser=True) as browser:
            return "1, the oldest since" in (await browser.get("/settings/telegram")).text

    await eventually(shown)


@pytest.mark.parametrize("after", [["2026-01-01T00:00:00Z", 2**64], ["2026-01-01T00:00:00", 7]])
async def test_a_place_in_the_list_that_can_not_be_is_refused(bare: Gateway, after: list[object]) -> None:
    """A number that no database can hold, and a time that could mean any zone's."""
    answer = await bare.call("GET", f"/api/technicians?after={seal(after)}", status=422)
    assert "begin at the first" in answer["detail"]
