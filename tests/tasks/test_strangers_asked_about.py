"""A technician whom nobody has kept: said wherever one is chosen, and asked about before anything goes to them."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from msgspec.structs import replace

from shared.contract.admin import Role
from shared.contract.event import Event
from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import Action
from shared.contract.technician import (
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianRegistered,
    TechnicianReviewed,
)
from tests.tasks.conftest import Office, new_task, rebuilt_is_the_same, said
from tests.tasks.examples import YASMIN
from tests.tasks.test_pages import TYPED, pressed, shown

RITA = 5_550_100_777
NOT_KEPT = "Not kept yet, joined 1 minute ago"
KEPT_ONLY = replace(Site(), only_kept_technicians=True)
KEEP_AND_SEND = "Keep Rita Kamal and send?"


@pytest.fixture
async def rita(office: Office) -> int:
    """Has just pressed Start."""
    await office.hears("technician", RITA, TechnicianRegistered(RITA, "Rita Kamal", "rita_k"))
    return RITA


async def sent(office: Office) -> int:
    found: int = await office.service.pool.fetchval(
        "SELECT count(*) FROM events WHERE type IN ('TaskSent', 'ClientInfoSent')"
    )
    return found


async def test_it_stands_beside_the_name_wherever_one_is_chosen(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient, rita: int
) -> None:
    """In the form of a new task, where one is assigned, on the task, and in JSON; gone once somebody keeps her."""
    number = await new_task(admin, technician_id=rita)
    places = (
        "/tasks/new",
        f"/tasks/{number}/assignment",
        "/tasks/technicians?technician_name=rita",
        f"/tasks/{number}",
    )
    for place in places:
        assert NOT_KEPT in await shown(browser, place), place
    newcomer = (await said(admin.get(f"/api/tasks/{number}")))["newcomer"]
    joined = datetime.fromisoformat(newcomer["joined_at"])
    assert datetime.now(UTC) - joined < timedelta(minutes=1)
    await office.hears("technician", rita, TechnicianReviewed())
    for place in places:
        assert "Not kept yet" not in await shown(browser, place), place
    assert (await said(admin.get(f"/api/tasks/{number}")))["newcomer"] is None


async def test_every_way_by_which_a_page_sends_asks_first(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient, rita: int
) -> None:
    """Send task info, Assign and send, the drop on the board, Send client info: nothing goes out before the answer."""
    number = await new_task(admin, technician_id=rita)
    by_hand = await new_task(admin, technician_id=rita)
    await said(admin.put(f"/api/tasks/{by_hand}/status", json={"status": "accepted"}))
    for path, fields in (
        (f"/tasks/{number}/dispatch", {}),
        (f"/tasks/{number}/assignment", {"technician_id": rita, "then": "send"}),
        (f"/tasks/{number}/column", {"to": "sent"}),
        (f"/tasks/{by_hand}/client-info", {}),
        (f"/tasks/{by_hand}/column", {"to": "in_progress"}),
    ):
        answer = await pressed(browser, path, **fields)
        assert answer.status_code == 303, (path, answer.text)
        asked = await shown(browser, answer.headers["location"])
        assert KEEP_AND_SEND in asked or "Keep Rita Kamal and send the client info?" in asked, path
        assert "Rita Kamal joined 1 minute ago, and nobody has kept them yet." in asked
        # A script is told where the question stands.
        answer = await browser.post(path, data=fields, headers={"HX-Request": "true"})
        assert answer.status_code == 204
        assert answer.headers["Callout-Ask"].startswith(f"/tasks/{path.split('/')[2]}/")
    assert await sent(office) == 0


async def test_the_buttons_and_the_board_lead_to_the_question(
    admin: httpx.AsyncClient, browser: httpx.AsyncClient, rita: int
) -> None:
    """So that nobody presses what is only answered by a question; after the word it is the plain button again."""
    number = await new_task(admin, technician_id=rita)
    question = f'href="/tasks/{number}/keeping?what=dispatch"'
    for place in (f"/tasks/{number}", "/tasks?view=board"):
        assert question in await shown(browser, place)
    assert "sent!" in await shown(browser, "/tasks?view=board")
    answer = await pressed(browser, f"/tasks/{number}/dispatch", keep=rita)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    task = await said(admin.get(f"/api/tasks/{number}"))
    assert (task["status"], task["newcomer"]) == ("sent", None)
    assert question not in await shown(browser, f"/tasks/{number}")


async def test_save_and_send_asks_in_its_form(office: Office, browser: httpx.AsyncClient, rita: int) -> None:
    """What was typed stays; the word for one is none for somebody else who is chosen then."""
    form = TYPED | {"then": "send", "technician_id": rita}
    asked = (await pressed(browser, "/tasks", **form)).text
    assert KEEP_AND_SEND in asked
    assert "Leaking boiler" in asked
    assert f'name="keep" value="{rita}"' in asked
    mona = 5_550_100_888
    await office.hears("technician", mona, TechnicianRegistered(mona, "Mona"))
    asked = (await pressed(browser, "/tasks", **form | {"technician_id": mona, "keep": rita})).text
    assert "Keep Mona and send?" in asked
    assert await office.service.pool.fetchval("SELECT count(*) FROM events") == 0
    answer = await pressed(browser, "/tasks", **form | {"keep": rita})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks/1001")
    assert (await office.events("task.1001"))[-1] == "TaskSent"


async def test_a_program_sends_and_keeps(office: Office, admin: httpx.AsyncClient, rita: int) -> None:
    """At once, before the news of it comes back; the same as on the page where somebody was asked."""
    number = await new_task(admin, technician_id=rita)
    sent = await said(admin.post(f"/api/tasks/{number}/dispatch"))
    assert (sent["status"], sent["newcomer"]) == ("sent", None)
    await office.tap(number, Action.ACCEPT, technician=rita)
    await said(admin.post(f"/api/tasks/{number}/client-info"))


async def test_by_the_settings_only_the_kept_are_sent_anything(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient, rita: int
) -> None:
    """By no way, the API too; the question then leads to keeping her first."""
    await office.hears("site", "main", SiteSettingsChanged(KEPT_ONLY))
    number = await new_task(admin, technician_id=rita)
    by_hand = await new_task(admin, technician_id=rita)
    await said(admin.put(f"/api/tasks/{by_hand}/status", json={"status": "accepted"}))
    for refused in (f"/api/tasks/{number}/dispatch", f"/api/tasks/{by_hand}/client-info"):
        detail = (await said(admin.post(refused), 409))["detail"]
        assert "Rita Kamal is not kept yet" in detail
        assert "Press “Keep as is” on the technician's page, then send." in detail
    answer = await pressed(browser, f"/tasks/{number}/dispatch", keep=rita)
    asked = await shown(browser, answer.headers["location"])
    assert f'action="/technicians/{rita}/review"' in asked
    assert f'name="next" value="/tasks/{number}"' in asked
    form = TYPED | {"client": "Somebody else", "then": "send", "technician_id": rita, "keep": rita}
    saving = await pressed(browser, "/tasks", **form)
    assert "Keep them first, then send." in saving.text
    assert await sent(office) == 0
    await office.hears("technician", rita, TechnicianEdited("Rita K.", ""))
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    kept = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{kept}/dispatch"))


async def test_who_was_deleted_and_came_back_is_a_stranger_again(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    """However much they were sent before; the page says since when they were gone. A rebuild says the same."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    gone = datetime(2026, 3, 3, 12, tzinfo=UTC)
    back: list[Event] = [
        TechnicianDeleted(),
        TechnicianRegistered(YASMIN, "Yasmin Haddad", "yasmin", returned=True, deleted_at=gone),
    ]
    for event in back:
        await office.hears("technician", YASMIN, event)
    await said(admin.post(f"/api/tasks/{number}/assignment", json={"technician_id": YASMIN}))
    answer = await pressed(browser, f"/tasks/{number}/dispatch")
    asked = await shown(browser, answer.headers["location"])
    assert "Keep Yasmin Haddad and send?" in asked
    assert "Was deleted on 3 Mar 2026, came back" in asked
    assert "Was deleted on 3 Mar 2026, came back" in await shown(browser, "/tasks/new")
    await rebuilt_is_the_same(office)


async def test_a_namesake_is_told_apart(office: Office, browser: httpx.AsyncClient, rita: int) -> None:
    """Upper and lower case, spaces and the way an accent is written make no other name; a deleted one is nobody's."""
    others = {
        5_550_100_901: "RITA   kamal",
        5_550_100_902: "José Rı",
        5_550_100_903: "Jose\N{COMBINING ACUTE ACCENT} rı",
        5_550_100_904: "Rita Kamall",
    }
    for each, name in others.items():
        await office.hears("technician", each, TechnicianRegistered(each, name))
    choices = await shown(browser, "/tasks/technicians?technician_name=rita")
    assert choices.count("Same name as") == 2
    assert "Same name as <bdi>@rita_k</bdi>, joined" in choices
    assert "Same name as <bdi>5550100901</bdi>, joined" in choices
    assert (await shown(browser, "/tasks/technicians?technician_name=jos")).count("Same name as") == 2
    await office.hears("technician", rita, TechnicianDeleted())
    assert "Same name as" not in await shown(browser, "/tasks/technicians?technician_name=rita")
    await office.hears("technician", 5_550_100_904, TechnicianEdited("Rita Kamal", ""))
    assert (await shown(browser, "/tasks/technicians?technician_name=rita")).count("Same name as") == 2


async def test_whoever_was_there_before_counts_as_kept(office: Office, admin: httpx.AsyncClient) -> None:
    """A row of the version before says nothing of it."""
    old = 5_550_100_999
    await office.service.pool.execute(
        "INSERT INTO technicians (id, name, status) VALUES ($1, 'An old hand', 'active')", old
    )
    number = await new_task(admin, technician_id=old)
    assert (await said(admin.get(f"/api/tasks/{number}")))["newcomer"] is None
    await office.hears("site", "main", SiteSettingsChanged(KEPT_ONLY))
    await said(admin.post(f"/api/tasks/{number}/dispatch"))


async def test_the_answer_to_the_question_is_given_once(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient, rita: int
) -> None:
    """The same form twice is one sending."""
    number = await new_task(admin, technician_id=rita)
    for _ in range(2):
        fields = {"technician_id": rita, "then": "send", "keep": rita, "command_id": "one"}
        answer = await browser.post(f"/tasks/{number}/assignment", data=fields)
        assert answer.status_code == 303
    assert await sent(office) == 1
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        assert (await viewer.get(f"/tasks/{number}/keeping?what=dispatch")).status_code == 403
