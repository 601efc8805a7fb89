"""The overview: what needs a human now, and no more once it is settled."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from msgspec.structs import replace

from reporting.views import first_id
from shared.contract.admin import AdminAdded, Role
from shared.contract.client import ClientAdded
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose, Trouble
from shared.contract.event import by_service, by_technician
from shared.contract.invoice import InvoiceSent
from shared.contract.site import Site, SiteSettingsChanged, WorkingHours
from shared.contract.task import (
    ClientInfoSent,
    RejectionExplained,
    RejectionTakenBack,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskDetails,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
)
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianRegistered,
    TechnicianUnblockedBot,
)
from shared.language import speaking, translated
from tests.reporting.conftest import As, Settle, Told
from tests.reporting.histories import LENA, RAMI, Teller, boiler, invoice, uuid7


async def test_the_overview_shows_what_needs_a_human(told: Told, office: httpx.AsyncClient) -> None:
    """A rejected task, an offer without an answer, a message that did not arrive; and no more once they are settled."""
    quiet = (await office.get("/")).text
    assert "Nothing is waiting for you" in quiet
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    for number, title in (
        (1001, "Rejected one"),
        (1002, "Silent one"),
        (1003, "Fresh one"),
        (1004, "Lost one"),
    ):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(title), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1002", TaskSent(RAMI, 1), after=1)
    teller.now = datetime.now(UTC) - timedelta(minutes=1)
    teller.tell("task.1003", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1004", TaskSent(RAMI, 1), after=1)
    failed = boiler()[15].data
    assert isinstance(failed, DeliveryFailed)
    teller.tell(
        "delivery.9",
        replace(failed, purpose=Purpose.TASK_INFO, task=1004, offer=1, technician=RAMI),
        by_service("bot-gateway"),
        after=1,
    )
    await told(teller.told)
    needs = await section(office, "attention")
    assert "#1001 Rejected one" in plain(needs)
    assert "#1002 Silent one" in plain(needs)
    assert "Fresh one" not in needs
    assert "The task info of task #1004 could not be delivered" in needs

    teller.tell(
        "delivery.10",
        DeliverySent(Purpose.TASK_INFO, RAMI, 7, 1004, 1),
        by_service("bot-gateway"),
        after=1,
    )
    teller.tell("task.1001", TaskAssigned(LENA), after=1)
    teller.tell("site.site", SiteSettingsChanged(Site(no_answer_minutes=600)), after=1)
    await told(teller.told[-3:])
    needs = await section(office, "attention")
    assert "#1004" not in needs
    assert "#1001" not in needs


async def test_client_info_that_is_the_first_message_is_missed_too(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Of a task accepted by hand the card is itself the offer; that it did not arrive needs a human."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=5)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Phoned in"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskStatusChanged(Status.ASSIGNED, Status.ACCEPTED), after=1)
    teller.tell("task.1001", ClientInfoSent(RAMI, 1, 7), after=1)
    lost = DeliveryFailed(Purpose.CLIENT_INFO, RAMI, Trouble.BLOCKED, "blocked", 1001, 1)
    teller.tell("delivery.1", lost, by_service("bot-gateway"), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    assert "The client info of task #1001 could not be delivered" in needs
    assert (await office.get("/api/reports/tasks/1001")).json()["task"]["offer"] == 1


async def test_a_failed_delivery_of_an_offer_that_is_over_needs_nobody(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Neither one that was answered all the same, nor one that was sent anew to somebody else."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=5)
    for number in (1001, 1002):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
        teller.tell(f"task.{number}", TaskSent(RAMI, 1), after=1)
        lost = DeliveryFailed(Purpose.TASK_INFO, RAMI, Trouble.BLOCKED, "blocked", number, 1)
        teller.tell(f"delivery.{number}", lost, by_service("bot-gateway"), after=1)
    await told(teller.told)
    assert (await section(office, "attention")).count("could not be delivered") == 2
    known = len(teller.told)
    teller.tell("task.1001", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1002", TaskAssigned(LENA), after=1)
    teller.tell("task.1002", TaskSent(LENA, 2), after=1)
    await told(teller.told[known:])
    assert "Nothing is waiting for you" in (await office.get("/")).text


async def test_what_was_sent_again_waits_for_its_own_answer(told: Told, office: httpx.AsyncClient) -> None:
    """A card or an invoice that failed is settled as soon as it is on its way anew."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=5)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Job"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1001", ClientInfoSent(RAMI, 1, 7), after=1)
    card = DeliveryFailed(Purpose.CLIENT_INFO, RAMI, Trouble.BLOCKED, "blocked", 1001, 1)
    teller.tell("delivery.1", card, by_service("bot-gateway"), after=1)
    teller.tell("invoice.1", invoice(1, 1001, RAMI), after=1)
    teller.tell("invoice.1", InvoiceSent(1001, RAMI), after=1)
    lost = DeliveryUnknown(Purpose.INVOICE, RAMI, 1001, invoice=1)
    teller.tell("delivery.2", lost, by_service("bot-gateway"), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    assert 'action="/tasks/1001/client-info"' in needs
    assert 'action="/invoices/1/dispatch"' in needs
    known = len(teller.told)
    teller.tell("task.1001", ClientInfoSent(RAMI, 1, 7), after=1)
    await told(teller.told[known:])
    needs = await section(office, "attention")
    assert "client-info" not in needs
    assert 'action="/invoices/1/dispatch"' in needs
    teller.tell("invoice.1", InvoiceSent(1001, RAMI), after=1)
    await told(teller.told[known + 1 :])
    assert "Nothing is waiting for you" in await section(office, "attention")


async def test_of_whom_nothing_reaches_reassigning_comes_before_another_try(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Of what did not arrive, of what waits for an answer, and of what waits for client info; until they are back."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    for number in (1001, 1002, 1003):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
    teller.tell("task.1002", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1003", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1003", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    teller.now = datetime.now(UTC) - timedelta(minutes=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    lost = DeliveryFailed(Purpose.TASK_INFO, RAMI, Trouble.REFUSED, "no", 1001, 1)
    teller.tell("delivery.1", lost, by_service("bot-gateway"), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    assert order(needs, 1001) == order(needs, 1002) == ["dispatch", "assignment"]
    assert order(needs, 1003) == ["client-info"]
    for event, badge in ((TechnicianBlockedBot(), "Blocked"), (TechnicianAccountGone(), "Account gone")):
        known = len(teller.told)
        teller.tell(f"technician.{RAMI}", event, by_service("bot-gateway"), after=1)
        await told(teller.told[known:])
        needs = await section(office, "attention")
        assert order(needs, 1001) == order(needs, 1002) == ["assignment", "dispatch"]
        assert order(needs, 1003) == ["assignment", "client-info"]
        assert needs.count(f">{badge}</span>") >= 3
    known = len(teller.told)
    teller.tell(f"technician.{RAMI}", TechnicianUnblockedBot(), by_technician(RAMI), after=1)
    await told(teller.told[known:])
    needs = await section(office, "attention")
    assert order(needs, 1001) == order(needs, 1002) == ["dispatch", "assignment"]
    assert "Account gone" not in needs


async def test_a_failure_says_so_by_itself(told: Told, office: httpx.AsyncClient) -> None:
    """Also where it was told before an account that is gone was an event, or the bot never met them; an invoice is
    not offered to be sent again then."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=20)
    troubles = {1001: Trouble.DEACTIVATED, 1002: Trouble.CHAT_NOT_FOUND, 1003: Trouble.BLOCKED}
    for number, trouble in troubles.items():
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
        teller.tell(f"task.{number}", TaskSent(RAMI, 1), after=1)
        lost = DeliveryFailed(Purpose.TASK_INFO, RAMI, trouble, "no", number, 1)
        teller.tell(f"delivery.{number}", lost, by_service("bot-gateway"), after=1)
    teller.tell("invoice.1", invoice(1, 1001, LENA), after=1)
    teller.tell("invoice.1", InvoiceSent(1001, LENA), after=1)
    unsent = DeliveryFailed(Purpose.INVOICE, LENA, Trouble.DEACTIVATED, "no", 1001, invoice=1)
    teller.tell("delivery.9", unsent, by_service("bot-gateway"), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    for number in troubles:
        assert order(needs, number) == ["assignment", "dispatch"], number
    assert "/invoices/1/dispatch" not in needs
    assert 'href="/invoices/1"' in needs


def order(needs: str, task: int) -> list[str]:
    """What is offered of a task, in the order of the buttons."""
    return re.findall(rf'"/tasks/{task}/(assignment|dispatch|client-info)"', needs)


async def test_who_accepted_and_who_owes_is_not_forgotten(
    settle: Settle, told: Told, office: httpx.AsyncClient
) -> None:
    """An accepted task without client info past the limit, and an invoice from the day after it was due."""
    await settle(Site(time_zone="Asia/Beirut"))
    today = datetime.now(ZoneInfo("Asia/Beirut")).date()
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=2)
    teller.tell("client.7", ClientAdded("Mrs Haddad"), after=1)
    for number in (1001, 1002):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
        teller.tell(f"task.{number}", TaskSent(RAMI, 1), after=1)
        late = invoice(number, number, RAMI)
        due = today - timedelta(days=1 if number == 1001 else 0)
        teller.tell(f"invoice.{number}", replace(late, due_on=due), after=1)
    teller.tell("task.1001", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    teller.now = datetime.now(UTC) - timedelta(minutes=2)
    teller.tell("task.1002", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    assert 'action="/tasks/1001/client-info"' in needs
    assert 'action="/tasks/1002/client-info"' not in needs
    assert 'action="/invoices/1001/status"' in needs
    assert 'action="/invoices/1002/status"' not in needs
    assert "€36.18" in needs
    assert "Mrs Haddad" in needs


async def test_the_limit_rests_while_the_office_is_closed(
    settle: Settle, told: Told, office: httpx.AsyncClient
) -> None:
    """An offer that waits for hours is late only by the hours of the site."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Silent one"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    await told(teller.told)
    assert "Silent one" in await section(office, "attention")
    resting = datetime.now(UTC).isoweekday() % 7 + 2  # neither today nor yesterday
    await settle(Site(working_hours=WorkingHours(((resting - 1) % 7 + 1,))))
    assert "Silent one" not in await section(office, "attention")


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        (Role.OWNER, ["/settings", "/settings/telegram", "/tasks/new"]),
        (Role.DISPATCHER, ["/tasks/new"]),
        (Role.VIEWER, []),
    ],
)
async def test_the_first_overview_leads_to_the_first_task(
    told: Told, caller: As, role: Role, steps: list[str]
) -> None:
    """By way of the company and the bot, for whoever may change those."""
    text = (await (await caller(role)).get("/")).text
    empty = text[text.index("there is no task yet") :]
    assert re.findall(r'<a class="btn[^"]*" href="([^"]+)"', empty[: empty.index("</section>")]) == steps


async def test_a_viewer_sees_what_waits_and_no_button(told: Told, caller: As) -> None:
    """Nothing on the page can be sent that would be refused."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Rejected one"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1001", RejectionExplained(RAMI, 1, "No van today"), by_technician(RAMI), after=1)
    await told(teller.told)
    needs = await section(await caller(Role.VIEWER), "attention")
    assert "No van today" in needs
    assert "<form" not in needs
    assert "/assignment" not in needs
    assert 'href="/tasks/1001/assignment"' in await section(await caller(Role.DISPATCHER), "attention")


async def test_a_rejection_that_was_taken_back_needs_nobody(told: Told, office: httpx.AsyncClient) -> None:
    """It waits for an answer since it was sent, and the day counts no rejection."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=2)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Slipped"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI), after=1)
    await told(teller.told)
    assert "#1001 Slipped" in plain(await section(office, "attention"))
    back = teller.tell("task.1001", RejectionTakenBack(RAMI, 1), by_technician(RAMI), after=20)
    await told([back])
    assert "#1001 Slipped" not in plain(await section(office, "attention"))


async def test_set_to_rejected_by_hand_is_told_of_who_did_it_and_when(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Not of the technician, who may have rejected an earlier offer and completed this one."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    teller.tell("admin.anna", AdminAdded("anna", "Anna Berg", Role.OWNER), by_service("notifier"))
    teller.tell(f"technician.{RAMI}", TechnicianRegistered(RAMI, "Rami"), by_technician(RAMI))
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Done, then not"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1001", RejectionExplained(RAMI, 1, "No van today"), by_technician(RAMI), after=1)
    await told(teller.told)
    assert "Rami, 3 hr ago: “No van today”" in plain(await section(office, "attention"))
    known = len(teller.told)
    teller.now = datetime.now(UTC) - timedelta(minutes=14)
    teller.tell("task.1001", TaskStatusChanged(Status.REJECTED, Status.COMPLETED), after=1)
    teller.now = datetime.now(UTC) - timedelta(minutes=5)
    teller.tell("task.1001", TaskStatusChanged(Status.COMPLETED, Status.REJECTED), after=0)
    await told(teller.told[known:])
    needs = plain(await section(office, "attention"))
    assert "Set to rejected by hand by Anna Berg, 5 min ago" in needs
    assert "Rami" not in needs
    assert "No van today" not in needs


async def test_set_to_accepted_by_hand_is_told_of_who_did_it_and_when(
    told: Told, office: httpx.AsyncClient
) -> None:
    """It waits since then, not since the task was created; and not of the technician, who accepted nothing."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    teller.tell("admin.anna", AdminAdded("anna", "Anna Berg", Role.OWNER), by_service("notifier"))
    teller.tell(f"technician.{RAMI}", TechnicianRegistered(RAMI, "Rami"), by_technician(RAMI))
    for number, minutes in ((1001, 90), (1002, 2)):
        teller.now = datetime.now(UTC) - timedelta(hours=3)
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails("By telephone"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
        teller.now = datetime.now(UTC) - timedelta(minutes=minutes)
        teller.tell(f"task.{number}", TaskStatusChanged(Status.ASSIGNED, Status.ACCEPTED), after=0)
    await told(teller.told)
    needs = await section(office, "attention")
    assert "Set to accepted by hand by Anna Berg, 1.5 hr ago" in plain(needs)
    assert "Rami" not in needs
    assert 'action="/tasks/1001/client-info"' in needs
    assert 'action="/tasks/1002/client-info"' not in needs


async def test_a_chart_without_a_value_says_so(told: Told, office: httpx.AsyncClient) -> None:
    """No grid with nothing in it, for one chart any more than for all."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(minutes=5)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Job"), 7), after=1)
    await told(teller.told)
    response, completion = await section(office, "response"), await section(office, "completion")
    assert "Nobody has answered in these days" in response
    assert "Nothing was completed in these days" in completion
    assert "data-chart" not in response + completion
    known = len(teller.told)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskAccepted(RAMI, 1), by_technician(RAMI), after=1)
    await told(teller.told[known:])
    assert "data-chart" in await section(office, "response")
    assert "data-chart" not in await section(office, "completion")


async def test_a_quick_reason_is_read_in_the_readers_language(told: Told, office: httpx.AsyncClient) -> None:
    """On the overview as in the report; what somebody typed stays as it is."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    teller.tell("task.1001", TaskCreated(1001, TaskDetails("Rejected one"), 7), after=1)
    teller.tell("task.1001", TaskAssigned(RAMI), after=1)
    teller.tell("task.1001", TaskSent(RAMI, 1), after=1)
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI), after=1)
    teller.tell("task.1001", RejectionExplained(RAMI, 1, "Too far"), by_technician(RAMI), after=1)
    await told(teller.told)
    office.cookies.set("callout_language", "ar")
    with speaking("ar"):
        far = translated("Too far")
    needs, report = await section(office, "attention"), (await office.get("/reports/1001")).text
    assert far in needs
    assert "Too far" not in needs
    assert f"<bdi>{far}</bdi>" in report


async def test_more_than_are_shown_are_counted_and_one_click_away(
    told: Told, office: httpx.AsyncClient
) -> None:
    """A bad morning does not make the page long."""
    teller = Teller()
    teller.now = datetime.now(UTC) - timedelta(hours=3)
    for number in range(1001, 1010):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails("Job"), 7), after=1)
        teller.tell(f"task.{number}", TaskAssigned(RAMI), after=1)
        teller.tell(f"task.{number}", TaskSent(RAMI, 1), after=1)
    await told(teller.told)
    needs = await section(office, "attention")
    assert needs.count("has not answered") == 5
    assert "All 9 tasks without an answer" in needs
    assert 'href="/tasks?status=sent"' in needs


async def test_today_stands_beside_the_same_hours_of_other_days(
    told: Told, office: httpx.AsyncClient
) -> None:
    """What happened later yesterday is no measure for a day that is not over."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    teller = Teller()
    later = midnight - timedelta(seconds=1)  # yesterday's last second
    moments = [midnight - timedelta(days=7), midnight - timedelta(days=1), later, midnight, midnight]
    for number, at in enumerate(moments, 1001):
        teller.now = at
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails("Job"), 7), after=0)
    await told(teller.told)
    today = await section(office, "today")
    assert re.search(r"Created 2 1 · 1 Sent 0 0 · 0", plain(today)), plain(today)


def test_the_first_id_of_a_moment_is_below_every_id_made_then() -> None:
    """So "since midnight" can ask the index of ids."""
    at = datetime(2026, 11, 20, 0, 0, 0, 1500, tzinfo=UTC)
    assert first_id(at) <= uuid7(at, 0)
    assert uuid7(at - timedelta(milliseconds=1), 2**40) < first_id(at)


async def section(client: httpx.AsyncClient, name: str) -> str:
    answer = await client.get("/")
    assert answer.status_code == 200, answer.text
    found = re.search(rf'<section class="card[^"]*" id="{name}".*?</section>', answer.text, re.DOTALL)
    assert found, name
    return found[0]


def plain(html: str) -> str:
    """What is read of it."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split())
