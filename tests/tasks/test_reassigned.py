"""A rejected task finds somebody else: who said no stands last, and one press assigns and sends."""

import httpx
import pytest

from shared.contract.task import Action
from shared.contract.technician import TechnicianBlockedBot, TechnicianDeactivated, TechnicianRegistered
from tests.tasks.conftest import Office, new_task, said
from tests.tasks.examples import BRUNO, YASMIN
from tests.tasks.test_pages import TYPED, pressed, shown

ZOE = 88_001


@pytest.fixture
async def rejected(office: Office, admin: httpx.AsyncClient) -> int:
    """By Bruno, who is the first by name."""
    number = await new_task(admin, technician_id=BRUNO)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT, BRUNO, reason="Too far")
    return number


def order(text: str, *names: str) -> list[str]:
    choices = text[text.index('id="technicians"') :] if 'id="technicians"' in text else text
    return sorted(names, key=choices.index)


async def test_who_rejected_it_stands_last_with_the_reason(
    office: Office, browser: httpx.AsyncClient, rejected: int
) -> None:
    """Behind everybody who can be chosen, also while a name is typed; but before who can't be reached."""
    await office.hears("technician", ZOE, TechnicianRegistered(ZOE, "Adam Away", "adam"))
    await office.hears("technician", ZOE, TechnicianDeactivated())
    for path in (f"/tasks/{rejected}/assignment", f"/tasks/technicians?task={rejected}"):
        text = await shown(browser, path)
        assert order(text, "Adam Away", "Bruno Costa", "Yasmin Haddad") == [
            "Yasmin Haddad",
            "Bruno Costa",
            "Adam Away",
        ]
        assert text.count("Has rejected this task: “<bdi>Too far</bdi>”") == 1
    assert f'hx-get="/tasks/technicians?task={rejected}"' in await shown(
        browser, f"/tasks/{rejected}/assignment"
    )
    assert "Has rejected" not in await shown(browser, "/tasks/new")


async def test_a_rejection_of_another_task_or_of_an_earlier_offer_counts_for_nothing(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient, rejected: int
) -> None:
    """What they said last of this task does."""
    other = await new_task(admin)
    assert "Has rejected" not in await shown(browser, f"/tasks/{other}/assignment")
    await said(admin.post(f"/api/tasks/{rejected}/dispatch"))
    await office.tap(rejected, Action.ACCEPT, BRUNO, offer=2)
    assert "Has rejected" not in await shown(browser, f"/tasks/{rejected}/assignment")


async def test_one_press_assigns_and_sends(office: Office, browser: httpx.AsyncClient, rejected: int) -> None:
    """The same two events as by two presses, in their order; a second press of the same form changes nothing."""
    assert "Assign and send" in await shown(browser, f"/tasks/{rejected}/assignment")
    for _ in range(2):
        answer = await pressed(
            browser, f"/tasks/{rejected}/assignment", technician_id=YASMIN, then="send", command_id="one"
        )
        assert answer.status_code == 303
    story = await office.events(f"task.{rejected}")
    assert story[-2:] == ["TaskAssigned", "TaskSent"]
    assert story.count("TaskSent") == 2
    assert (await office.tap(rejected, Action.ACCEPT, YASMIN, offer=2)).verdict == "done"


async def test_where_it_cannot_be_sent_nobody_is_assigned(
    office: Office, browser: httpx.AsyncClient, rejected: int
) -> None:
    """Both or nothing."""
    before = await office.events(f"task.{rejected}")
    await office.hears("technician", YASMIN, TechnicianBlockedBot())
    answer = await pressed(browser, f"/tasks/{rejected}/assignment", technician_id=YASMIN, then="send")
    assert answer.status_code == 422
    assert "has blocked the bot" in answer.text
    answer = await pressed(browser, f"/tasks/{rejected}/assignment", technician_id="", then="send")
    assert "Choose a technician." in answer.text
    assert await office.events(f"task.{rejected}") == before


async def test_a_task_under_way_with_the_same_technician_is_not_offered_anew(
    office: Office, browser: httpx.AsyncClient
) -> None:
    """Who has accepted it keeps it, and the sentence says what would come next."""
    await pressed(browser, "/tasks", **TYPED | {"technician_id": YASMIN, "then": "send"})
    await office.tap(1001, Action.ACCEPT)
    answer = await pressed(browser, "/tasks/1001/assignment", technician_id=YASMIN, then="send")
    assert answer.status_code == 409
    assert "Send the client info next" in answer.text


async def test_each_reader_has_the_words_of_their_own_language(
    browser: httpx.AsyncClient, rejected: int
) -> None:
    """Also those that a template says itself: not of whoever looked first since the service began."""
    path = f"/tasks/{rejected}/assignment"
    assert "Reachable" in await shown(browser, path)
    browser.cookies.set("callout_language", "ar")
    text = await shown(browser, path)
    assert "متاح" in text
    assert "Reachable" not in text
    assert "رفض هذه المهمة: «<bdi>" in text
