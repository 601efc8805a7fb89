"""What changes while a technician holds a task reaches every message that shows it, and a message that rings."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from shared.contract.client import ClientContactChanged, ClientErased, ClientRenamed
from shared.contract.task import (
    ClientInfoAnswer,
    ClientInfoSent,
    OfferWithdrawn,
    Priority,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskSent,
)
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BAKERY, BOILER, LINDQVIST
from tests.bot_gateway.test_client_cards_taken_back import SECRETS, gone
from tests.people import Person, buttons, eventually

MOVED = replace(BOILER, scheduled_at=datetime(2030, 5, 19, 7, 0, tzinfo=UTC))
BAKERY_S = ("555 00 11", "Kornhamn", "Amsel")


def knows_both(gateway: Gateway, lindqvist: int = 3) -> None:
    """As `tasks` does: it gives each client's data for whoever asks for that one."""
    gateway.desk.clients = {
        12: ClientInfoAnswer(LINDQVIST, client_id=12, version=lindqvist),
        13: ClientInfoAnswer(BAKERY, client_id=13, version=1),
    }


async def test_a_moved_time_reaches_the_message_and_rings(gateway: Gateway, yasmin: Person) -> None:
    """The message is edited, and a new one answers it: as it was, and as it is."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    note = await yasmin.sees(
        "Task #1042 has changed",
        "🕒 Fri 17 May 2030, 09:30 → Sun 19 May 2030, 07:00",
        after=info["message_id"],
    )
    assert note["reply_to"] == info["message_id"]
    assert "19 May" in (await yasmin.sees("#1042", button="Accept"))["text"]
    await gateway.quiet()
    assert (await gateway.told("DeliverySent"))[-1]["purpose"] == "change"


async def test_each_thing_that_changed_is_said_once(gateway: Gateway, yasmin: Person) -> None:
    """Several edits while Telegram is away make one message; what is as before is not in it."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "editMessageText", "retry_after": 1, "times": 1})
    other = replace(MOVED, area="Neustadt", priority=Priority.LOW)
    described = replace(other, title="Boiler and pump", description="Bring the big wrench.")
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12), TaskEdited(other, 12), TaskEdited(described, 12))
    await yasmin.sees("Boiler and pump", "has changed", after=info["message_id"])
    await gateway.quiet()
    notes = [each["text"] for each in await yasmin.messages() if "has changed" in each["text"]]
    assert len(notes) == 1
    for said in (
        "Leaking boiler → Boiler and pump",
        "Altstadt → Neustadt",
        "→ Low priority",
        "description",
        "19 May",
    ):
        assert said in notes[0]


async def test_what_is_as_before_rings_nobody(gateway: Gateway, yasmin: Person) -> None:
    """There and back before anything went out; and an edit before the task info is out, which shows it already."""
    await gateway.sent(yasmin)
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "retry_after": 1, "times": 1})
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12), TaskEdited(BOILER, 12))
    events = [
        TaskCreated(1043, BOILER, 12),
        TaskAssigned(yasmin.id),
        TaskSent(yasmin.id, 1),
        TaskEdited(MOVED, 12),
    ]
    await gateway.hears("task", 1043, *events)
    await yasmin.sees("#1043", "19 May", button="Accept")
    await gateway.quiet()
    assert not any("has changed" in each["text"] for each in await yasmin.messages())


async def test_the_newest_change_replaces_the_one_before(gateway: Gateway, yasmin: Person) -> None:
    """A message that says an older time is not left standing."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    first = await yasmin.sees("has changed", "19 May", after=info["message_id"])
    await gateway.hears("task", 1042, TaskEdited(replace(MOVED, area="Neustadt"), 12))
    await yasmin.sees("Altstadt → Neustadt", after=first["message_id"])
    await gone(yasmin, first["message_id"])


async def test_under_way_the_client_s_card_shows_the_new_time_too(gateway: Gateway, yasmin: Person) -> None:
    """All messages that show it; a copy as well."""
    knows_both(gateway)
    card = await gateway.in_progress(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    copy = await yasmin.sees("Client for task", after=summary["message_id"])
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    await yasmin.sees("has changed", "19 May")
    await gateway.quiet()
    shown = {each["message_id"]: each["text"] for each in await yasmin.messages()}
    for message in (card["message_id"], copy["message_id"], summary["message_id"]):
        assert "19 May" in shown[message]
        assert "17 May" not in shown[message]
    assert buttons(await yasmin.sees("Client for task")) == {"🏁 Mark as Completed": "t:1042:1:complete"}


async def test_changed_client_data_is_edited_in_told_and_taken_back_with_the_card(
    gateway: Gateway, yasmin: Person
) -> None:
    """What is new of it, as it is now; protected as the card is."""
    knows_both(gateway, lindqvist=0)
    card = await gateway.in_progress(yasmin)
    moved_out = replace(LINDQVIST, phone="+46 8 777 66 55", address="Nygatan 9, Stockholm", notes="")
    gateway.desk.clients[12] = ClientInfoAnswer(moved_out, client_id=12, version=5)
    await gateway.hears(
        "client", 12, ClientRenamed("Sigrid Lindqvist"), ClientContactChanged(("address", "notes"))
    )
    note = await yasmin.sees("client's data has changed", "Nygatan 9", after=card["message_id"])
    assert note["protect"]
    assert "777 66 55" not in note["text"]  # not what this change was about
    edited = next(each for each in await yasmin.messages() if each["message_id"] == card["message_id"])
    assert "Nygatan 9" in edited["text"]
    assert "Storgatan" not in edited["text"]
    await gateway.quiet()
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, card["message_id"])
    await gone(yasmin, note["message_id"])
    await gateway.quiet()
    assert not any("Nygatan" in each["text"] for each in await yasmin.messages())


async def test_a_change_of_the_client_and_one_of_the_time_are_both_told(
    gateway: Gateway, yasmin: Person
) -> None:
    """The first of them, which waited, says nothing of the second."""
    knows_both(gateway, lindqvist=0)
    card = await gateway.in_progress(yasmin)
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "editMessageText", "retry_after": 1, "times": 1})
    await gateway.hears("client", 12, ClientContactChanged(("phone",)))
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    await yasmin.sees("client's data has changed", after=card["message_id"])
    await yasmin.sees("has changed", "→ Sun 19 May 2030, 07:00", after=card["message_id"])


async def test_a_copy_that_waits_is_not_sent_for_another_client(gateway: Gateway, yasmin: Person) -> None:
    """What takes it back goes before it: so it is dropped, and nobody is told of a failure."""
    knows_both(gateway)
    await gateway.in_progress(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await gateway.quiet()
    await gateway.desk.close()
    await yasmin.presses(summary, "#1042")

    async def waits() -> bool:
        """a copy in the queue"""
        sql = "SELECT count(*) FROM deliveries WHERE purpose = 'reply' AND task = 1042 AND status = 'queued'"
        return bool(await gateway.service.pool.fetchval(sql))

    await eventually(waits)
    await gateway.hears("task", 1042, TaskEdited(BOILER, 13))
    await yasmin.sees("another client now")
    await gateway.desk.open()
    await gateway.quiet()
    assert not any("Storgatan" in each["text"] for each in await yasmin.messages())
    assert "DeliveryFailed" not in await gateway.events("delivery")
    sql = "SELECT status FROM deliveries WHERE purpose = 'reply' AND task = 1042 AND method = 'send'"
    assert await gateway.service.pool.fetchval(sql) == "dropped"


async def test_two_changes_of_the_client_are_both_told(gateway: Gateway, yasmin: Person) -> None:
    """In one message where they wait together; nothing is lost between them."""
    knows_both(gateway, lindqvist=0)
    card = await gateway.in_progress(yasmin)
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "editMessageText", "retry_after": 1, "times": 1})
    await gateway.hears("client", 12, ClientContactChanged(("phone",)), ClientContactChanged(("address",)))
    note = await yasmin.sees("client's data has changed", after=card["message_id"])
    await gateway.quiet()
    notes = [each for each in await yasmin.messages() if "data has changed" in each["text"]]
    assert [each["message_id"] for each in notes] == [note["message_id"]]
    assert LINDQVIST.phone in note["text"]
    assert LINDQVIST.address in note["text"]
    told = [each for each in await gateway.told("DeliverySent") if each["purpose"] == "change"]
    assert len(told) == 2


async def test_another_client_takes_the_old_card_back_at_once(gateway: Gateway, yasmin: Person) -> None:
    """The technician is told, and holds nothing of the new client until the office sends it."""
    knows_both(gateway)
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskEdited(BOILER, 13))
    await gone(yasmin, card["message_id"])
    await yasmin.sees("another client now", after=card["message_id"])
    await gateway.quiet()
    said = str(await yasmin.messages())
    assert not any(secret in said for secret in (*SECRETS, *BAKERY_S))
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    copy = await yasmin.sees("Task #1042: in progress", button="Completed", after=summary["message_id"])
    assert not any(secret in copy["text"] for secret in BAKERY_S)
    await gateway.hears("task", 1042, ClientInfoSent(yasmin.id, 1, 13))
    await yasmin.sees("Client for task #1042", "Bakery Amsel", button="Completed")


@pytest.mark.parametrize("erased", [12, 13])
async def test_each_client_s_erasing_takes_that_client_s_data_and_nobody_else_s(
    gateway: Gateway, yasmin: Person, erased: int
) -> None:
    """The card of the first could not be taken back (blocked, past two days); the second one's is there."""
    knows_both(gateway)
    card = await gateway.in_progress(yasmin)
    await gateway.quiet()
    await yasmin.blocks()
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/age", json={"hours": 49})
    await gateway.hears("task", 1042, TaskEdited(BOILER, 13))
    await gateway.quiet()
    await yasmin.unblocks()
    await gateway.hears("task", 1042, ClientInfoSent(yasmin.id, 1, 13))
    second = await yasmin.sees("Bakery Amsel")
    await gateway.hears("task", 1042, TaskCompleted(yasmin.id, 1))
    await gateway.quiet()
    await gateway.hears("client", erased, ClientErased())
    await gateway.quiet()
    shown = {each["message_id"]: each["text"] for each in await yasmin.messages()}
    if erased == 12:
        assert "Storgatan" not in shown[card["message_id"]]
        assert "Bakery Amsel" in shown[second["message_id"]]
    else:
        assert "Storgatan" in shown[card["message_id"]]
        assert second["message_id"] not in shown


async def test_a_card_that_waits_is_not_sent_for_another_client(gateway: Gateway, yasmin: Person) -> None:
    """The office sent the first client's data; it was exchanged before that went out."""
    knows_both(gateway)
    await gateway.sent(yasmin)
    await gateway.quiet()
    await gateway.desk.close()
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    await gateway.hears("task", 1042, TaskEdited(BOILER, 13))
    gateway.desk.clients[12] = ClientInfoAnswer(refusal="The task is for another client now.")
    await gateway.desk.open()
    failed = await gateway.told("DeliveryFailed")
    assert [(each["purpose"], each["reason"]) for each in failed] == [
        ("client_info", "The task is for another client now.")
    ]
    await gateway.quiet()
    said = str(await yasmin.messages())
    assert not any(secret in said for secret in (*SECRETS, *BAKERY_S))


async def test_a_card_of_a_version_before_is_known_by_whom_it_was_about(
    gateway: Gateway, yasmin: Person
) -> None:
    """It recorded nothing: exchanging or erasing takes it all the same."""
    knows_both(gateway)
    card = await gateway.in_progress(yasmin)
    await gateway.quiet()
    await gateway.service.pool.execute(
        "UPDATE deliveries SET client = NULL, client_version = NULL, task_version = NULL, shown = NULL"
    )
    await gateway.service.pool.execute("UPDATE cards SET version = 0, details_version = 0")
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    await yasmin.sees("has changed", "🕒 Fri 17 May 2030, 09:30 → Sun 19 May 2030, 07:00")
    await yasmin.sees("Client for task", "19 May", button="Completed")
    moved_out = replace(LINDQVIST, phone="+46 8 777 66 55")
    gateway.desk.clients[12] = ClientInfoAnswer(moved_out, client_id=12, version=5)
    await gateway.hears("client", 12, ClientContactChanged(("phone",)))
    await yasmin.sees("client's data has changed", "777 66 55")
    await yasmin.sees("Client for task", "777 66 55", button="Completed")
    await gateway.hears("task", 1042, TaskEdited(MOVED, 13))
    await gone(yasmin, card["message_id"])


async def test_a_change_that_did_not_arrive_is_told_to_the_office(gateway: Gateway, yasmin: Person) -> None:
    """Else it would believe that the technician comes at the new time."""
    await gateway.sent(yasmin)
    await gateway.quiet()
    await yasmin.blocks()
    await gateway.hears("task", 1042, TaskEdited(MOVED, 12))
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], failed["trouble"], failed["task"], failed["offer"]) == (
        "change",
        "blocked",
        1042,
        1,
    )


async def test_who_holds_no_open_offer_is_told_of_no_change(gateway: Gateway, yasmin: Person) -> None:
    """The work is done, or was taken away."""
    await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskCompleted(yasmin.id, 1), TaskEdited(MOVED, 12))
    await gateway.quiet()
    assert not any("has changed" in each["text"] for each in await yasmin.messages())


async def test_the_record_is_written_before_the_message_goes_out(gateway: Gateway, yasmin: Person) -> None:
    """Telegram never answers: what the message holds is known all the same."""
    knows_both(gateway)
    await gateway.sent(yasmin)
    await gateway.quiet()
    await gateway.phones.weather({"kind": "drop_after", "method": "sendMessage"})
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    await gateway.told("DeliveryUnknown")
    row = await gateway.service.pool.fetchrow(
        "SELECT client, client_version, task_version, shown->>'scheduled_at' AS at FROM deliveries "
        "WHERE purpose = 'client_info'"
    )
    assert row is not None
    assert (row["client"], row["client_version"], row["task_version"]) == (12, 3, 5)
    assert row["at"] == "2030-05-17T09:30:00Z"


async def test_arabic_reads_from_right_to_left(gateway: Gateway) -> None:
    """The arrow points to what is now."""
    samira = await gateway.joined("Samira", None, language="ar")
    await gateway.hears(
        "task", 1042, TaskCreated(1042, BOILER, 12), TaskAssigned(samira.id), TaskSent(samira.id, 1)
    )
    await samira.sees("#1042", button="✅")
    await gateway.hears("task", 1042, TaskEdited(replace(BOILER, area="Neustadt"), 12))

    async def turned() -> bool:
        """the change, from right to left"""
        return any("←" in each["text"] and "Neustadt" in each["text"] for each in await samira.messages())

    await eventually(turned)
