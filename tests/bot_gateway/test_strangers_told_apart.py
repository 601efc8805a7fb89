"""Newcomers, who came back, and namesakes: on the pages and in the JSON of technicians; and who is kept by being sent
something."""

from datetime import UTC, datetime, timedelta
from html import unescape

from shared.contract.admin import Role
from shared.contract.invoice import InvoiceSent
from shared.contract.task import ClientInfoSent, TaskAssigned, TaskCreated, TaskSent
from tests.bot_gateway.conftest import Gateway, Json
from tests.bot_gateway.examples import BOILER
from tests.people import Person, eventually


async def technician(gateway: Gateway, person: Person) -> Json:
    return await gateway.call("GET", f"/api/technicians/{person.id}")


async def page(gateway: Gateway, path: str) -> str:
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        return unescape((await browser.get(path)).text)


async def offered(gateway: Gateway, person: Person, task: int, at: datetime | None = None) -> None:
    await gateway.hears("task", task, TaskCreated(task, BOILER, 12), TaskAssigned(person.id))
    await gateway.hears("task", task, TaskSent(person.id, 1), at=at)


async def test_whoever_is_sent_something_is_kept(gateway: Gateway, yasmin: Person) -> None:
    """Whichever way it was sent, by whoever sent it, and once; an assignment keeps nobody."""
    await gateway.hears("task", 1, TaskCreated(1, BOILER, 12), TaskAssigned(yasmin.id))
    assert (await technician(gateway, yasmin))["reviewed"] is False
    await gateway.hears("task", 1, TaskSent(yasmin.id, 1))
    assert (await technician(gateway, yasmin))["reviewed"] is True
    row = await gateway.service.pool.fetchrow(
        "SELECT actor, causation_id IS NOT NULL AS caused FROM events WHERE type = 'TechnicianReviewed'"
    )
    assert row is not None
    assert tuple(row) == ("service:test", True)
    await gateway.hears("task", 1, TaskSent(yasmin.id, 2), ClientInfoSent(yasmin.id, 2, 12))
    assert (await gateway.events("technician")).count("TechnicianReviewed") == 1

    by_client_info = await gateway.joined("Omar", None)
    events = (
        TaskCreated(2, BOILER, 12),
        TaskAssigned(by_client_info.id),
        ClientInfoSent(by_client_info.id, 1, 12),
    )
    await gateway.hears("task", 2, *events)
    assert (await technician(gateway, by_client_info))["reviewed"] is True
    by_invoice = await gateway.joined("Rania", None)
    await gateway.hears("invoice", 7, InvoiceSent(2, by_invoice.id))
    assert (await technician(gateway, by_invoice))["reviewed"] is True


async def test_what_was_sent_before_they_joined_keeps_nobody(gateway: Gateway, yasmin: Person) -> None:
    """It was meant for whoever was deleted since."""
    await offered(gateway, yasmin, 1, at=datetime.now(UTC) - timedelta(hours=1))
    assert (await technician(gateway, yasmin))["reviewed"] is False
    await gateway.call("DELETE", f"/api/technicians/{yasmin.id}", status=204)
    await offered(gateway, yasmin, 2)
    assert "TechnicianReviewed" not in await gateway.events("technician")


async def test_who_was_deleted_and_comes_back_says_so(gateway: Gateway, yasmin: Person) -> None:
    """In the table, the cards, on their page and in JSON, until somebody keeps them; a first joining says nothing."""
    shown = await technician(gateway, yasmin)
    assert (shown["returned"], shown["deleted_at"]) == (False, None)
    await gateway.call("POST", f"/api/technicians/{yasmin.id}/review")
    await gateway.call("DELETE", f"/api/technicians/{yasmin.id}", status=204)
    deleted = await gateway.service.pool.fetchval("SELECT at FROM events WHERE type = 'TechnicianDeleted'")
    await yasmin.start()

    async def back() -> Json | None:
        """Yasmin, who came back"""
        rows = (await gateway.call("GET", "/api/technicians"))["items"]
        return rows[0] if rows else None

    shown = await eventually(back)
    assert (shown["reviewed"], shown["returned"]) == (False, True)
    assert datetime.fromisoformat(shown["deleted_at"]) == deleted
    places = ("/technicians", "/technicians?view=cards")
    sentence = f"Was deleted on {deleted:%-d %b %Y}, came back"
    for place in (*places, f"/technicians/{yasmin.id}"):
        assert sentence in await page(gateway, place), place
    told = await gateway.told("TechnicianRegistered")
    assert [event.get("returned", False) for event in told] == [False, True]
    await gateway.call("POST", f"/api/technicians/{yasmin.id}/review")
    for place in places:
        assert sentence not in await page(gateway, place), place


async def test_a_row_says_whose_namesake_somebody_is(gateway: Gateway, yasmin: Person) -> None:
    """By the name that is shown; whoever was deleted or is called otherwise now is nobody's."""
    double = await gateway.joined("YASMIN farouk", None)
    other = await gateway.joined("Bruno", None)
    assert [each["telegram_id"] for each in (await technician(gateway, double))["namesakes"]] == [yasmin.id]
    assert (await technician(gateway, yasmin))["namesakes"][0]["telegram_id"] == double.id
    assert (await technician(gateway, other))["namesakes"] == []
    for place in ("/technicians", "/technicians?view=cards"):
        shown = await page(gateway, place)
        assert "Same name as <bdi>@yasmin_fixes</bdi>, joined" in shown
        assert f"Same name as <bdi>{double.id}</bdi>, joined" in shown
    await gateway.call("PATCH", f"/api/technicians/{other.id}", {"name": "Yasmin Farouk"})
    assert len((await technician(gateway, yasmin))["namesakes"]) == 2
    await gateway.call("PATCH", f"/api/technicians/{double.id}", {"name": "Yasmin of the north"})
    await gateway.call("DELETE", f"/api/technicians/{other.id}", status=204)
    assert (await technician(gateway, yasmin))["namesakes"] == []
    assert "Same name" not in await page(gateway, "/technicians")


async def test_keeping_leads_back_to_where_it_was_asked(gateway: Gateway, yasmin: Person) -> None:
    """Only to a page of this site."""
    async with gateway.as_role(Role.DISPATCHER, browser=True) as browser:
        for place, there in (("/tasks/1042", "/tasks/1042"), ("https://example.com/", "/")):
            answer = await browser.post(f"/technicians/{yasmin.id}/review", data={"next": place})
            assert (answer.status_code, answer.headers["location"]) == (303, there)
        answer = await browser.post(f"/technicians/{yasmin.id}/review", data={})
        assert answer.headers["location"] == f"/technicians/{yasmin.id}"
