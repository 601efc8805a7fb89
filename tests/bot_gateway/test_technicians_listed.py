"""The list of technicians and the page of one: what they have to do, how they answer, how they are found and join."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from local.phone import PRACTICE_TOKEN
from shared.bus import Bus
from shared.contract.admin import Role
from shared.contract.client import ClientErased
from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.journal.migrations import migrate
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BOILER
from tests.conftest import SettingsFor
from tests.people import Person, eventually

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
FIGURES = ("open_tasks", "accepted", "rejected", "completed", "acceptance_rate", "answers_within")


async def figures(gateway: Gateway, person: Person) -> list[Any]:
    shown = await gateway.call("GET", f"/api/technicians/{person.id}")
    return [shown[name] for name in FIGURES]


async def offered(gateway: Gateway, person: Person, task: int) -> None:
    events = (TaskCreated(task, BOILER, 12), TaskAssigned(person.id), TaskSent(person.id, 1))
    await gateway.hears("task", task, *events, at=NOON)


async def worked(gateway: Gateway, person: Person) -> None:
    """One completed after two minutes, one accepted after six, one rejected after four, one only assigned."""
    for task in (1, 2, 3):
        await offered(gateway, person, task)
    await gateway.hears("task", 1, TaskAccepted(person.id, 1), at=NOON + timedelta(minutes=2))
    await gateway.hears("task", 1, ClientInfoSent(person.id, 1, 12), TaskCompleted(person.id, 1))
    await gateway.hears("task", 2, TaskAccepted(person.id, 1), at=NOON + timedelta(minutes=6))
    await gateway.hears("task", 3, TaskRejected(person.id, 1), at=NOON + timedelta(minutes=4))
    await gateway.hears("task", 4, TaskCreated(4, BOILER, 12), TaskAssigned(person.id))


async def test_what_a_technician_did_is_counted(gateway: Gateway, yasmin: Person) -> None:
    """Nothing yet is null, and a dash on the page; then open tasks, answers, and the median time to an answer."""
    assert await figures(gateway, yasmin) == [0, 0, 0, 0, None, None]
    await worked(gateway, yasmin)
    assert await figures(gateway, yasmin) == [2, 2, 1, 1, 67, 240]
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        pages = ["/technicians", "/technicians?view=cards", f"/technicians/{yasmin.id}"]
        *_lists, text = shown = [(await browser.get(path)).text for path in pages]
        assert all("67%" in each and "4 minutes" in each for each in shown)
        assert 'href="/tasks/2"' in text
        assert 'id="open-4"' in text
        assert 'id="earlier-3"' in text


@pytest.mark.parametrize(
    "ending",
    [
        [TaskUnassigned(1)],
        [OfferWithdrawn(1, 1), TaskAssigned(99)],
        [TaskStatusChanged(Status.SENT, Status.NEW)],
        [TaskStatusChanged(Status.SENT, Status.CANCELLED)],
        [TaskStatusChanged(Status.SENT, Status.COMPLETED)],
    ],
    ids=["freed", "given to another", "new again", "cancelled", "completed by hand"],
)
async def test_what_is_no_longer_theirs_is_not_open(
    gateway: Gateway, yasmin: Person, ending: list[Any]
) -> None:
    """And nobody counts as having answered what an admin set by hand."""
    await offered(gateway, yasmin, 1042)
    assert (await figures(gateway, yasmin))[0] == 1
    await gateway.hears("task", 1042, *ending)
    assert await figures(gateway, yasmin) == [0, 0, 0, 0, None, None]


async def test_a_rebuild_counts_the_same(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events come from the bus again; no message goes out again."""
    ensure_consumer, looked = Bus.ensure_consumer, asyncio.Event()

    async def later(bus: Bus, *given: Any) -> None:
        await looked.wait()
        await ensure_consumer(bus, *given)

    await worked(gateway, yasmin)
    await gateway.quiet()
    before, sent = await figures(gateway, yasmin), len(await gateway.calls("sendMessage"))
    monkeypatch.setattr(Bus, "ensure_consumer", later)
    await gateway.service.rebuild()
    assert await figures(gateway, yasmin) == [0, 0, 0, 0, None, None]
    looked.set()

    async def again() -> bool:
        """the same figures"""
        return await figures(gateway, yasmin) == before

    await eventually(again)
    assert len(await gateway.calls("sendMessage")) == sent


async def test_rows_of_the_first_version_are_counted_as_far_as_they_tell(settings_for: SettingsFor) -> None:
    """An installation that is brought up to date: what was answered when is not known."""
    pool = await asyncpg.create_pool(settings_for("bot_gateway").postgres, min_size=1, max_size=2)
    newer = "bot_gateway/0002_answers.sql"
    await pool.execute(
        "CREATE TABLE migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
    )
    await pool.execute("INSERT INTO migrations (name) VALUES ($1)", newer)
    await migrate(pool, "bot_gateway")
    await pool.execute(
        """
        INSERT INTO offers (task, offer, technician, state, over) VALUES
            (1, 1, 77, 'completed', false), (2, 1, 77, 'accepted', false), (3, 1, 77, 'rejected', false),
            (4, 1, 77, 'withdrawn', true), (5, 1, 78, 'open', false)
        """
    )
    await pool.execute("DELETE FROM migrations WHERE name = $1", newer)
    await migrate(pool, "bot_gateway")
    rows = await pool.fetch("SELECT * FROM answers ORDER BY technician")
    await pool.close()
    assert [tuple(row) for row in rows] == [(77, 2, 1, 1), (78, 0, 0, 0)]


async def test_the_list_is_sorted_and_paged_by_key(gateway: Gateway, yasmin: Person) -> None:
    """The newest first, by name whatever its case, the busiest first; each page goes on where the last one ended."""
    bruno = await gateway.joined("bruno Costa", None)
    anna = await gateway.joined("Anna O'Neil", "anna")
    await offered(gateway, bruno, 1042)

    async def walked(sort: str) -> list[int]:
        found, after = [], ""
        while True:
            page = await gateway.call("GET", f"/api/technicians?limit=1&sort={sort}&after={after}")
            found += [each["telegram_id"] for each in page["items"]]
            if not page["next"]:
                return found
            after = page["next"]

    assert await walked("") == [anna.id, bruno.id, yasmin.id]
    assert await walked("name") == [anna.id, bruno.id, yasmin.id]
    assert (await walked("load"))[0] == bruno.id
    assert sorted(await walked("load")) == sorted([anna.id, bruno.id, yasmin.id])
    await gateway.call("GET", "/api/technicians?sort=height", None, 422)


async def test_every_name_has_its_page(gateway: Gateway) -> None:
    """Also those of which the database makes other small letters than Python does."""
    people = [await gateway.joined(name, None) for name in ("İnci", "Ivan", "ÖZGE")]
    after: str | None = ""
    found: list[int] = []
    while after is not None:
        page = await gateway.call("GET", f"/api/technicians?limit=1&sort=name&after={after}")
        found += [each["telegram_id"] for each in page["items"]]
        after = page["next"]
    assert sorted(found) == sorted(person.id for person in people)


async def test_a_viewer_reads_the_note_and_can_not_change_it(gateway: Gateway, yasmin: Person) -> None:
    await gateway.call("PATCH", f"/api/technicians/{yasmin.id}", {"note": "Only before noon"})
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        shown = (await browser.get(f"/technicians/{yasmin.id}")).text
    assert "Only before noon" in shown
    assert "<textarea" not in shown


async def test_the_address_keeps_the_view_and_the_filters(gateway: Gateway, yasmin: Person) -> None:
    """Words, reachability and order; a filter that fits nobody says so and leads back."""
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        page = (await browser.get("/technicians?view=cards&q=yasmin&sort=name&status=active")).text
        assert 'id="technician-' in page
        assert 'name="view" value="cards"' in page
        assert 'name="status" value="active"' in page
        assert 'value="name" selected' in page
        to_the_table = re.search(
            r'href="/technicians\?([^"]+)">\s*<svg[^>]*><use[^>]*></use></svg>\s*Table', page
        )
        assert to_the_table
        assert set(to_the_table[1].split("&amp;")) == {"q=yasmin", "sort=name", "status=active"}
        nobody = (await browser.get("/technicians?q=nobody")).text
        assert "No technician fits these filters" in nobody
        assert "Show all technicians" in nobody


async def test_a_search_answers_with_a_few_links(gateway: Gateway, yasmin: Person) -> None:
    """For the search over everything: by name, @username or Telegram id; empty where nobody is found."""
    await gateway.joined("Bruno Costa", None)
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        for words in ("farouk", "@yasmin_f", str(yasmin.id)):
            found = await browser.get("/technicians/search", params={"q": words})
            assert "<html" not in found.text
            assert f'href="/technicians/{yasmin.id}"' in found.text
            assert "Reachable" in found.text
            assert "Bruno" not in found.text
        for words in ("", "  ", "nobody"):
            assert not (await browser.get("/technicians/search", params={"q": words})).text.strip()
    await gateway.service.pool.execute(
        """
        INSERT INTO technicians (id, telegram_name, standing, registered_at, version)
        SELECT n, 'Farouk ' || n, 'active', now(), 1 FROM generate_series(1, 20) n
        """
    )
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        assert (await browser.get("/technicians/search?q=farouk")).text.count("<a ") == 8


async def test_the_empty_list_teaches_the_next_step(bare: Gateway) -> None:
    """First a bot, by an owner; then its link."""
    async with bare.as_role(Role.OWNER, browser=True) as owner:
        assert 'href="/settings/telegram"' in (await owner.get("/technicians")).text
        assert "First connect a bot" in (await owner.get("/technicians/join")).text
    async with bare.as_role(Role.VIEWER, browser=True) as viewer:
        text = (await viewer.get("/technicians")).text
        assert "An owner does that" in text
        assert "Connect a bot" not in text
    await bare.connect()
    async with bare.as_role(Role.VIEWER, browser=True) as viewer:
        text = (await viewer.get("/technicians")).text
        assert "https://t.me/callout_practice_bot" in text
        assert "/technicians/join" in text


async def test_the_join_link_is_printed_in_the_sites_language(gateway: Gateway) -> None:
    """Company, code, address; another language can be chosen for the sheet."""
    await gateway.hears("site", "main", SiteSettingsChanged(Site(company="Harbour Heating", language="ar")))

    async def in_arabic() -> str:
        """a sheet in the site's language"""
        async with gateway.as_role(Role.VIEWER, browser=True) as browser:
            text = (await browser.get("/technicians/join")).text
            return text if 'lang="ar" dir="rtl">' in text else ""

    sheet = await eventually(in_arabic)
    assert "t.me/callout_practice_bot" in sheet
    assert "/settings/telegram/qr.svg" in sheet
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        english = (await browser.get("/technicians/join?language=en")).text
    assert "Scan to join" in english
    assert "the team of Harbour Heating" in english


async def test_a_pause_is_undone_and_deletion_says_what_follows(gateway: Gateway, yasmin: Person) -> None:
    """The warning counts the open tasks; a paused technician is neither reachable nor told to be gone."""
    here = f"/technicians/{yasmin.id}"
    await offered(gateway, yasmin, 1042)
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        before = (await browser.get(here)).text
        assert "Their open task is taken back from them" in before
        assert "joins anew" in before
        await browser.post(f"{here}/deactivation")
        paused = (await browser.get(here)).text
        assert "asking them to call the office" in paused
        assert f'action="{here}/deactivation"' not in paused
        assert "Paused" in (await browser.get("/technicians?status=deactivated")).text
        await browser.post(f"{here}/reactivation")
        assert f'action="{here}/deactivation"' in (await browser.get(here)).text
    assert (await gateway.events("technician"))[-2:] == ["TechnicianDeactivated", "TechnicianReactivated"]


async def test_a_failed_delivery_shows_its_reason(gateway: Gateway, yasmin: Person) -> None:
    """On the page of whom it did not reach."""
    await yasmin.blocks()
    await gateway.told("TechnicianBlockedBot")
    await offered(gateway, yasmin, 1042)
    await gateway.told("DeliveryFailed")
    async with gateway.as_role(Role.VIEWER, browser=True) as browser:
        text = (await browser.get(f"/technicians/{yasmin.id}")).text
    assert "The technician has blocked the bot." in text
    assert "Blocked the bot" in text


async def test_an_erased_client_leaves_the_counts_as_they_are(gateway: Gateway, yasmin: Person) -> None:
    """Nothing of a client is in them."""
    await worked(gateway, yasmin)
    before = await figures(gateway, yasmin)
    await gateway.hears("client", 12, ClientErased())
    assert await figures(gateway, yasmin) == before


async def test_another_bot_is_connected_by_a_program_only_on_purpose(
    gateway: Gateway, yasmin: Person
) -> None:
    """The page asks first; the call wants `replace`."""
    await gateway.service.pool.execute("UPDATE bot SET bot_id = 99, username = 'old_bot'")
    refused = await gateway.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN}, 409)
    assert "must press Start" in refused["detail"]
    assert await gateway.events("bot") == ["BotConnected"]
    await gateway.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN, "replace": True})
    assert await gateway.events("bot") == ["BotConnected", "BotConnected"]
    async with gateway.as_role(Role.OWNER) as client:
        described = (await client.get("/api/bot-gateway/openapi.json")).json()
    assert "replace" in described["components"]["schemas"]["NewToken"]["properties"]
