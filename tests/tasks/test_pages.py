"""The pages of tasks and clients, as a browser without scripts uses them."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contract.admin import Role
from shared.contract.delivery import DeliveryFailed, Purpose, Trouble
from shared.contract.event import Event
from shared.contract.task import Action, TaskSent
from shared.contract.technician import TechnicianAccountGone, TechnicianBlockedBot, TechnicianUnblockedBot
from tests.tasks.conftest import LINDQVIST, Office, in_progress, new_task, said
from tests.tasks.examples import BRUNO, YASMIN

TYPED = {
    "title": "Leaking boiler",
    "description": "Water under the boiler.",
    "area": "Altstadt",
    "priority": "urgent",
    "scheduled_at": "2030-05-17T11:30",
    "client": "Sigrid Lindqvist",
    "phone": "+46 8 123 45 67",
    "email": "sigrid@example.se",
    "address": "Storgatan 1, Stockholm",
    "notes": "The dog bites.",
    "technician_id": "",
    "then": "save",
}


async def shown(browser: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def pressed(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    return await browser.post(path, data={"command_id": uuid4().hex} | fields)


async def test_a_task_is_created_on_its_page(browser: httpx.AsyncClient) -> None:
    """Saved, with a new client; the card shows the facts and what is likely next."""
    assert "Save and send task info" in await shown(browser, "/tasks/new")
    answer = await pressed(browser, "/tasks", **TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks/1001")
    card = await shown(browser, "/tasks/1001")
    for words in (
        "#1001 Leaking boiler",
        "Altstadt",
        "Sigrid Lindqvist",
        "Storgatan 1",
        "Assign…",
    ):
        assert words in card
    assert "17 May 2030, 11:30" in card
    assert 'action="/tasks/1001/dispatch"' not in card
    assert "#1001" in await shown(browser, "/tasks")
    assert "#1001" in await shown(browser, "/tasks?view=board")


async def test_save_and_send_does_both(office: Office, browser: httpx.AsyncClient) -> None:
    """One press; without a technician it is refused and nothing is saved."""
    answer = await pressed(browser, "/tasks", **TYPED | {"then": "send"})
    assert answer.status_code == 422
    assert "Choose the technician" in answer.text
    assert await office.service.pool.fetchval("SELECT count(*) FROM events") == 0
    answer = await pressed(browser, "/tasks", **TYPED | {"then": "send", "technician_id": YASMIN})
    assert answer.status_code == 303
    assert await office.events("task.1001") == ["TaskCreated", "TaskAssigned", "TaskSent"]


async def test_nothing_typed_is_lost(browser: httpx.AsyncClient) -> None:
    """A refused form comes back with every value, and all sentences beside their fields."""
    wrong = TYPED | {"title": "", "phone": "call me", "scheduled_at": "tomorrow", "technician_id": str(BRUNO)}
    answer = await pressed(browser, "/tasks", **wrong)
    text = unescape(answer.text)
    assert answer.status_code == 422
    for sentence in ("“Title” is missing.", "That is no phone number.", "“tomorrow” is no time"):
        assert sentence in text
    for value in ("Water under the boiler.", "Altstadt", "Sigrid Lindqvist", "call me", "The dog bites."):
        assert value in text
    assert re.search(rf'name="technician_id" value="{BRUNO}" checked', text)
    assert re.search(r'<option value="urgent" selected', text)


async def test_a_double_submit_makes_one_task(browser: httpx.AsyncClient) -> None:
    """The form carries its own id."""
    places = {
        (await pressed(browser, "/tasks", **TYPED, command_id="twice")).headers["location"] for _ in range(3)
    }
    assert places == {"/tasks/1001"}


async def test_a_known_client_is_looked_up(browser: httpx.AsyncClient) -> None:
    """Chosen from the list it is the same client; a name with a number in it stays a new one's name."""
    await pressed(browser, "/clients", **LINDQVIST)
    assert 'value="Sigrid Lindqvist #1"' in await shown(browser, "/clients/find?client=sig")
    assert "Sigrid Lindqvist #1" in await shown(browser, "/tasks/new?client=1")
    await pressed(browser, "/tasks", **TYPED | {"client": "Sigrid Lindqvist #1", "phone": "", "email": ""})
    await pressed(browser, "/tasks", **TYPED | {"client": "Flat #1"})
    listed = await shown(browser, "/clients")
    assert listed.count("Sigrid Lindqvist") == 1
    assert "Flat #1" in listed
    assert "#1001" in await shown(browser, "/clients/1")


async def test_the_action_bar_follows_the_rules(office: Office, browser: httpx.AsyncClient) -> None:
    """Each step offers what is allowed, and no more."""
    await pressed(browser, "/tasks", **TYPED)
    await pressed(browser, "/tasks/1001/assignment", technician_id=YASMIN)
    card = await shown(browser, "/tasks/1001")
    assert "Send task info" in card
    assert 'action="/tasks/1001/client-info"' not in card
    await pressed(browser, "/tasks/1001/dispatch")
    assert "Send task info again" in await shown(browser, "/tasks/1001")
    await office.tap(1001, Action.ACCEPT)
    card = await shown(browser, "/tasks/1001")
    assert 'action="/tasks/1001/client-info"' in card
    assert 'action="/tasks/1001/dispatch"' not in card
    await pressed(browser, "/tasks/1001/client-info")
    assert "Send client info again" in await shown(browser, "/tasks/1001")
    await office.tap(1001, Action.COMPLETE)
    assert 'href="/invoices/new?task=1001"' in await shown(browser, "/tasks/1001")
    await pressed(browser, "/tasks/1001/status", status="in_progress")
    assert "In progress" in await shown(browser, "/tasks/1001")


async def test_a_refusal_shows_the_fresh_card(browser: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    """Somebody was faster: 409, the sentence, and the task as it stands now."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/assignment", json={"technician_id": BRUNO}))
    answer = await pressed(browser, f"/tasks/{number}/dispatch", version=2)
    assert answer.status_code == 409
    assert "meanwhile" in answer.text
    assert "Bruno Costa" in answer.text
    typed = {"title": "My long title", "priority": "low", "client": "Sigrid Lindqvist #1", "version": 2}
    answer = await pressed(browser, f"/tasks/{number}", **typed)
    assert answer.status_code == 409
    assert "My long title" in answer.text
    answer = await pressed(browser, f"/tasks/{number}", **typed | {"version": 3})
    assert answer.status_code == 303
    assert "My long title" in await shown(browser, f"/tasks/{number}")
    answer = await pressed(browser, f"/tasks/{number}/assignment", technician_id="")
    assert answer.status_code == 422
    assert "Choose a technician." in answer.text
    answer = await pressed(browser, f"/tasks/{number}/status", status="sent")
    assert "Press Send task info" in answer.text


async def test_offers_and_deliveries_are_on_the_card(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Who got it, what they said, and why a message did not arrive."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    failed = DeliveryFailed(Purpose.TASK_INFO, YASMIN, Trouble.BLOCKED, "The bot was blocked.", number, 1)
    await office.hears("delivery", uuid4(), failed, await office.newest(number, TaskSent))
    await office.tap(number, Action.REJECT, reason="<script>alert(1)</script>")
    answer = await browser.get(f"/tasks/{number}")
    assert "The bot was blocked." in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert(1)" not in answer.text


async def test_client_info_that_leads_nowhere_is_warned_of(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Before it is sent; a phone number alone is enough."""
    bare = await new_task(admin, client={"name": "Mr. Nowhere"})
    called = await new_task(admin, client={"name": "Mrs. Reachable", "phone": "+49 30 1"})
    assert "Neither phone nor address" in await shown(browser, f"/tasks/{bare}")
    assert "Neither phone nor address" not in await shown(browser, f"/tasks/{called}")


async def test_a_task_is_deleted_after_a_question(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """The link asks first; then it is gone, and the list says so, once."""
    number = await new_task(admin)
    assert "can't be undone" in await shown(browser, f"/tasks/{number}/delete")
    answer = await pressed(browser, f"/tasks/{number}/delete", version=1)
    assert answer.headers["location"] == "/tasks"
    assert f"Task #{number} was deleted." in await shown(browser, "/tasks")
    assert 'id="told"' not in await shown(browser, "/tasks")
    await shown(browser, f"/tasks/{number}", 404)


async def test_a_viewer_sees_no_contact_data_and_no_buttons(office: Office, admin: httpx.AsyncClient) -> None:
    """Looking only; every change is refused."""
    number = await in_progress(office, admin)
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        for path in (f"/tasks/{number}", "/clients/1", "/tasks", "/clients", "/tasks?view=board"):
            text = await shown(viewer, path)
            assert "Storgatan" not in text
            assert "Delete" not in text
            assert 'action="/tasks' not in text.replace('action="/tasks" role="search"', "")
        assert (await pressed(viewer, f"/tasks/{number}/dispatch")).status_code == 403
        for path in ("/tasks/new", "/clients/new", f"/tasks/{number}/delete"):
            await shown(viewer, path, 403)


async def test_a_client_is_edited_on_the_page(browser: httpx.AsyncClient) -> None:
    """A refused form keeps what was typed; a saved one shows the new data."""
    assert (await pressed(browser, "/clients", name="")).status_code == 422
    place = (await pressed(browser, "/clients", **LINDQVIST)).headers["location"]
    answer = await pressed(
        browser, place, **LINDQVIST | {"email": "nobody", "notes": "Ring twice"}, version=1
    )
    assert answer.status_code == 422
    assert "Ring twice" in answer.text
    answer = await pressed(browser, place, **LINDQVIST | {"notes": "Ring twice"}, version=1)
    assert answer.status_code == 303
    assert "Ring twice" in await shown(browser, place)
    await shown(browser, "/clients/77", 404)
    await shown(browser, "/clients?q=sigrid")


async def test_a_script_as_a_title_is_inert(browser: httpx.AsyncClient) -> None:
    """Escaped on every page that shows it."""
    evil = "<script>alert(1)</script>"
    await pressed(browser, "/tasks", **TYPED | {"title": evil, "client": evil, "area": evil})
    for path in (
        "/tasks",
        "/tasks/1001",
        "/tasks?view=board",
        "/clients",
        "/clients/1",
        "/tasks/1001/delete",
    ):
        text = (await browser.get(path)).text
        assert "&lt;script&gt;" in text, path
        assert evil not in text, path


async def test_a_rejected_task_is_not_open_for_its_technician(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    """Beside the name in the choice only what they still have to do is counted."""
    number = await new_task(admin, technician_id=YASMIN)
    assert await loads(browser, "/tasks/new") == {
        "Yasmin Haddad": "1 open task",
        "Bruno Costa": "0 open tasks",
    }
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT)
    for path in ("/tasks/new", f"/tasks/{number}/assignment", "/tasks/technicians"):
        assert (await loads(browser, path))["Yasmin Haddad"] == "0 open tasks"


async def loads(browser: httpx.AsyncClient, path: str) -> dict[str, str]:
    """Who can be chosen there, with what they have to do."""
    text = await shown(browser, path)
    return dict(
        re.findall(
            r'<span class="callout-choice-name"><bdi>(.+?)</bdi>.*?<span class="badge.*?>(.+?)</span>',
            text,
            re.DOTALL,
        )
    )


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (TechnicianBlockedBot(), "Has blocked the bot"),
        (TechnicianAccountGone(), "Their Telegram account is gone"),
    ],
)
async def test_who_cannot_be_reached_is_shown_last_and_cannot_be_chosen(
    office: Office, browser: httpx.AsyncClient, event: Event, why: str
) -> None:
    """With the reason; and where it is sent all the same, it is refused beside the choice, with all that was typed."""
    await office.hears("technician", BRUNO, event)
    text = await shown(browser, "/tasks/new")
    assert text.index("Yasmin Haddad") < text.index("Bruno Costa")
    assert f'value="{BRUNO}" disabled' in text
    assert why in text
    answer = await pressed(browser, "/tasks", **TYPED | {"technician_id": str(BRUNO)})
    assert answer.status_code == 422
    assert 'id="technician_id-error"' in answer.text
    assert "The dog bites." in answer.text


@pytest.mark.parametrize(
    ("event", "badge"), [(TechnicianBlockedBot(), "Blocked"), (TechnicianAccountGone(), "Account gone")]
)
async def test_of_whom_nothing_reaches_the_task_goes_to_another_before_it_is_sent_again(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient, event: Event, badge: str
) -> None:
    """On the board and on the task's page, which say why; sending again can still be tried, and comes first again as
    soon as they are back."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    reassign, again = f'href="/tasks/{number}/assignment"', f'formaction="/tasks/{number}/dispatch"'
    pages = (f"/tasks/{number}", "/tasks")
    for page in pages:
        text = await shown(browser, page)
        assert again in text, page
        assert reassign not in text or text.index(again) < text.index(reassign), page
        assert badge not in text, page
    await office.hears("technician", YASMIN, event)
    for page in pages:
        text = await shown(browser, page)
        assert reassign in text, page
        assert again not in text or text.index(reassign) < text.index(again), page
        assert badge in text, page
    gone = isinstance(event, TechnicianAccountGone)
    assert ("messages on that phone stay" in await shown(browser, f"/tasks/{number}/assignment")) is gone
    told = (await said(admin.get(f"/api/tasks/{number}")))["technician_status"]
    assert told == badge.lower().removeprefix("account ")
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.hears("technician", YASMIN, TechnicianUnblockedBot())
    assert reassign not in await shown(browser, "/tasks")


async def test_a_technician_is_found_by_name_without_a_script(browser: httpx.AsyncClient) -> None:
    """*Find* shows who is called so, and keeps what was typed."""
    answer = await pressed(browser, "/tasks", **TYPED | {"then": "find", "technician_name": "yas"})
    assert answer.status_code == 200
    assert "Yasmin Haddad" in answer.text
    assert "Bruno Costa" not in answer.text
    assert "The dog bites." in answer.text
    assert "Nobody is called so" in await shown(browser, "/tasks/technicians?technician_name=zoe")
    assert "Yasmin" in await shown(browser, f"/tasks/technicians?technician_name=zoe&technician_id={YASMIN}")
