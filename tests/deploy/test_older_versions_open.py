"""What an older version left opens in this one: everything is there, and the work goes on.

`older/7f22ea4` was made by that commit: `callout up` on an empty folder with `SECRET` in it, tests/deploy/story.py
played against it, a clean stop, `callout backup`. Beside the backup are what the story told, and the practice phone.
"""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest

from local.servers import Servers
from tests.conftest import swept
from tests.deploy import story
from tests.deploy.story import Told, browser, log_in
from tests.deploy.test_backup import PAGES, events_on, settled
from tests.deploy.test_backup_refused import restored
from tests.deploy.test_doctor import findings
from tests.people import Json, Office, Person, Phones, buttons, eventually
from tests.running import resumed

OLDER = Path(__file__).parent / "older"

AS_IF_JUST_MADE = """
UPDATE notifier.sessions SET began_at = now(), used_at = now();
UPDATE bot_gateway.updates SET received_at = now(), set_aside_at = now() WHERE set_aside_at IS NOT NULL;
"""
"""An installation is upgraded within hours, and what ends or is swept after days has not ended then."""


@dataclass
class Opened:
    servers: Servers
    told: Told
    office: Office
    phones: Phones
    people: dict[str, Person]

    def number(self, task: str) -> int:
        return self.told.tasks[task]

    async def task(self, name: str) -> Json:
        return await self.office.get(f"/api/tasks/{self.number(name)}")

    async def invoice(self, name: str) -> Json:
        return await self.office.get(f"/api/invoices/{self.told.invoices[name]}")

    async def client(self, name: str) -> Json:
        return await self.office.get(f"/api/clients/{self.told.clients[name]}")

    async def technician(self, name: str) -> Json:
        return await self.office.get(f"/api/technicians/{self.told.people[name]}")

    async def held(self, name: str) -> str:
        """All that the bot's messages show in somebody's chat."""
        return "\n".join(message["text"] for message in await self.people[name].messages())

    async def presses(self, name: str, task: str, action: str) -> str:
        """The newest button for it in that chat, put there by whichever version; answers what pops up."""
        person, data = self.people[name], f"t:{self.number(task)}:1:{action}"
        message = next(m for m in reversed(await person.messages()) if data in buttons(m).values())
        return await person.taps(message, data)


@pytest.fixture(scope="module", params=sorted(path.name for path in OLDER.iterdir()))
async def opened(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Opened]:
    folder = OLDER / request.param
    told = msgspec.json.decode((folder / "told.json").read_bytes(), type=Told)
    phone = tmp_path_factory.mktemp("phone") / "phone.sqlite3"
    phone.write_bytes(gzip.decompress((folder / "phone.sqlite3.gz").read_bytes()))
    await swept(servers)
    code, said = await restored(servers, (folder / "callout.backup").read_bytes())
    assert code == 0, said
    superuser = await asyncpg.connect(servers.postgres_dsn("postgres"))
    await superuser.execute(AS_IF_JUST_MADE)
    await superuser.close()
    async with resumed(servers, phone, told.tokens["story"]) as (office, phones):
        yield Opened(servers, told, office, phones, await phones.everybody())


async def test_everything_is_published_again(opened: Opened) -> None:
    """The new bus is empty: each event of the old journals comes to every service, and is known there already."""
    await settled(opened.servers)

    async def all_there() -> bool:
        """as many events on the bus as in the journals, where a service may still add one of its own at its start"""
        kept, published = await events_on(opened.servers)
        return published == kept >= 120

    await eventually(all_there)


async def test_every_task_stands_where_it_stood(opened: Opened) -> None:
    """In its status, with its technician, and with what the office knows of the client."""
    expected = {
        "new": ("new", None), "assigned": ("assigned", "Rita Moreau"), "sent": ("sent", "Nadia K."),
        "accepted": ("accepted", "Sami Haddad"), "in progress": ("in_progress", "Sami Haddad"),
        "exchanged": ("in_progress", "Sami Haddad"), "completed": ("completed", "Sami Haddad"),
        "rejected": ("rejected", "Rita Moreau"), "withdrawn": ("sent", "Rita Moreau"), "cancelled": ("cancelled", None),
        "not delivered": ("sent", "Tomas Lind"),
    }  # fmt: skip
    for name, (status, technician) in expected.items():
        task = await opened.task(name)
        assert (task["status"], (task["technician"] or {}).get("name")) == (status, technician), name
    assert (await opened.office.refused("GET", f"/api/tasks/{opened.number('deleted')}"))[0] == 404
    assert (await opened.client("okonkwo"))["contact"] == story.OKONKWO
    assert (await opened.task("exchanged"))["client"]["name"] == "Mr. Petrov"
    assert (await opened.task("not delivered"))["delivery"]["task_info"] == "failed"
    report = await opened.office.get(f"/api/reports/tasks/{opened.number('rejected')}")
    assert "My ladder is too short for that gate." in [each.get("reason") for each in report["responses"]]


async def test_who_was_erased_stays_erased(opened: Opened) -> None:
    """No list, report or notification says the name, and their task keeps its history."""
    forgotten = opened.told.clients["forgotten"]
    assert (await opened.office.refused("GET", f"/api/clients/{forgotten}"))[0] == 404
    for path in ("/api/clients", "/api/notifications?limit=100", "/api/audit", "/api/invoices"):
        assert "Forgotten" not in str(await opened.office.get(path)), path
    assert (await opened.task("of the forgotten"))["status"] == "completed"
    assert "Forgotten" not in await opened.held("Sami Haddad")


async def test_technicians_are_as_the_office_left_them(opened: Opened) -> None:
    """One blocked, one paused, one deleted, one whom nobody has looked at; names and notes of the team's own."""
    seen = {name: await opened.technician(name) for name in opened.told.people if name != "Omar Aziz"}
    assert {name: each["status"] for name, each in seen.items()} == {
        "Sami Haddad": "active", "Nadia Karam": "active", "Rita Moreau": "active", "Tomas Lind": "blocked",
        "Lena Fischer": "deactivated",
    }  # fmt: skip
    assert [name for name, each in seen.items() if not each["reviewed"]] == ["Rita Moreau"]
    assert (seen["Nadia Karam"]["name"], seen["Nadia Karam"]["note"]) == (
        "Nadia K.", "Lifts and locks. Not before nine.",
    )  # fmt: skip
    assert [each["name"] for each in (await opened.office.get("/api/technicians"))["items"]].count(
        "Omar Aziz"
    ) == 0


async def test_invoices_are_worth_what_they_were(opened: Opened) -> None:
    """Pending, paid and void, to the cent; what was sent looks as it did then, with the company's name."""
    for name in ("pending", "paid", "void"):
        invoice = await opened.invoice(name)
        assert (invoice["status"], invoice["total"]) == (name, "307.38"), name
    assert (await opened.office.refused("GET", f"/api/invoices/{opened.told.invoices['deleted']}"))[0] == 404
    pdf = await opened.office.http.get(f"/api/invoices/{opened.told.invoices['pending']}/document")
    assert pdf.is_success
    assert pdf.content.startswith(b"%PDF")
    site = await opened.office.get("/api/site")
    assert site == site | story.COMPANY
    logo = await opened.office.http.get("/site/logo")
    assert logo.headers["content-type"] == "image/png"  # Callout's own is an SVG


async def test_whoever_could_come_in_still_can(opened: Opened) -> None:
    """By passwords, by a session that was left open, and by tokens; and whoever could not still can't."""
    told, url = opened.told, opened.office.addresses["notifier"]
    for login, password in told.passwords.items():
        async with browser(url) as http:
            cookie = await log_in(http, login, password)
            assert bool(cookie) is (login != "bo"), login
    async with browser(url) as http:
        http.cookies.set("callout_session", told.cookie)
        assert "Anna Lind" in (await http.get("/account")).text
    for name, expected in (("erp", 200), ("wall screen", 200), ("old erp", 401)):
        async with httpx.AsyncClient(base_url=url) as http:
            answer = await http.get("/api/tasks", headers={"Authorization": f"Bearer {told.tokens[name]}"})
            assert answer.status_code == expected, name
    roles = {each["login"]: each["role"] for each in (await opened.office.get("/api/admins"))["items"]}
    assert roles == roles | {"owner": "owner", "olga": "owner", "anna": "dispatcher", "viktor": "viewer"}


async def test_every_page_opens(opened: Opened) -> None:
    """Each list, and a page of each kind."""
    told = opened.told
    pages = [
        *PAGES, "/", *(f"/tasks/{number}" for name, number in told.tasks.items() if name != "deleted"),
        *(f"/reports/{number}" for number in told.tasks.values()),
        *(f"/technicians/{person}" for name, person in told.people.items() if name != "Omar Aziz"),
    ]  # fmt: skip
    broken = {
        path: answer.status_code
        for path in pages
        if not (answer := await opened.office.http.get(path)).is_success
    }
    assert not broken


async def test_what_waited_goes_out_once(opened: Opened) -> None:
    """The message for which Telegram had asked for a minute; it is one, with its buttons."""
    nadia, number = opened.people["Nadia Karam"], opened.number("queued")
    await opened.office.sees_task(number, delivery__task_info="sent")
    await nadia.sees(f"#{number}")
    await settled(opened.servers)
    assert sum(f"#{number}" in message["text"] for message in await nadia.messages()) == 1


async def test_what_could_not_be_read_is_still_there(opened: Opened) -> None:
    """The doctor tells of the event that no version knows, at each service that heard of it, and of the press."""
    _, found = await findings(opened.servers)
    said = {(each.about, each.service): each.says for each in found}
    for service in ("notifier", "bot-gateway", "tasks", "reporting"):
        assert said["dead letters", service].startswith("1 "), said
    assert any("1 updates could not be handled" in each for each in said.values()), said


async def test_the_work_goes_on_by_the_old_buttons(opened: Opened) -> None:
    """Messages of the old version keep their buttons: one completes, one accepts; one of an old offer is refused."""
    await opened.presses("Sami Haddad", "in progress", "complete")
    await opened.office.sees_task(opened.number("in progress"), status="completed")
    await opened.presses("Nadia Karam", "sent", "accept")
    await opened.office.sees_task(opened.number("sent"), status="accepted", technician__name="Nadia K.")
    await opened.office.post(f"/api/tasks/{opened.number('accepted')}/client-info")
    await opened.people["Sami Haddad"].sees(story.OKONKWO["phone"], button="Completed")
    omar = opened.people["Omar Aziz"]
    await omar.taps((await omar.messages())[-1], f"t:{opened.number('withdrawn')}:1:accept")
    assert (await opened.task("withdrawn"))["technician"]["name"] == "Rita Moreau"


async def test_an_old_invoice_is_paid_and_a_new_one_made(opened: Opened) -> None:
    """The numbers go on where they were, and new work is like old work."""
    office, told = opened.office, opened.told
    await office.call("PUT", f"/api/invoices/{told.invoices['pending']}/status", {"status": "paid"})
    assert (await opened.invoice("pending"))["status"] == "paid"
    made = await office.bills(told.tasks["completed"], {"currency": "EUR", "lines": story.LINES})
    assert made["id"] == max(told.invoices.values()) + 1
    sami = opened.people["Sami Haddad"]
    number = await office.task(technician_id=sami.id)
    assert number == max(told.tasks.values()) + 1
    await office.post(f"/api/tasks/{number}/dispatch")
    await sami.presses(await sami.sees(f"#{number}", button="Accept"), "Accept")
    await office.sees_task(number, status="accepted")


async def test_who_blocked_the_bot_comes_back(opened: Opened) -> None:
    """By pressing Start, in the chat that they had."""
    tomas = opened.people["Tomas Lind"]
    await tomas.unblocks()
    await tomas.start()
    await opened.office.knows(tomas)


async def test_the_messages_of_then_know_what_they_hold(opened: Opened) -> None:
    """A client was exchanged after her card went out: erasing her takes that card, and nobody else's."""
    sami = opened.people["Sami Haddad"]
    cancelled = (
        f"/api/tasks/{opened.number('accepted')}/status"  # a client is not erased while work is under way
    )
    await opened.office.call("PUT", cancelled, {"status": "cancelled"})
    await opened.office.call("DELETE", f"/api/clients/{opened.told.clients['okonkwo']}")

    async def gone() -> bool:
        """nothing of Mrs. Okonkwo in Sami's chat"""
        held = await opened.held("Sami Haddad")
        return not any(private in held for private in story.OKONKWO.values())

    await eventually(gone)
    held = [
        message for message in await sami.messages() if f"#{opened.number('in progress')}" in message["text"]
    ]
    assert any(story.SILVA["phone"] in message["text"] for message in held)
