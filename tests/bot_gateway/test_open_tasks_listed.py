"""/tasks: all open tasks in one message, and the card of each at a press, in place of the copy before."""

from datetime import UTC, datetime

from msgspec.structs import replace

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskEdited,
    TaskSent,
)
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BOILER
from tests.bot_gateway.test_client_cards_taken_back import SECRETS, gone
from tests.people import Json, Person, buttons, eventually

DOOR = replace(BOILER, title="Squeaking door", scheduled_at=datetime(2030, 5, 16, 8, 0, tzinfo=UTC))


async def about(person: Person, *words: str) -> list[Json]:
    return [each for each in await person.messages() if all(word in each["text"] for word in words)]


async def test_the_open_tasks_come_in_one_message_in_order_of_time(gateway: Gateway, yasmin: Person) -> None:
    """With a button each; what has no time comes last, and nothing of a client is in it."""
    await gateway.sent(yasmin, 1042)
    await gateway.sent(yasmin, 1043, DOOR)
    await gateway.sent(yasmin, 1041, replace(BOILER, title="Loose railing", scheduled_at=None))
    await gateway.in_progress(yasmin, 1044)
    await yasmin.says("/tasks")
    shown = await yasmin.sees("Your open tasks")
    at = [shown["text"].index(f"#{number}") for number in (1043, 1042, 1044, 1041)]
    assert at == sorted(at)
    assert list(buttons(shown).values()) == ["s:1043:1", "s:1042:1", "s:1044:1", "s:1041:1"]
    assert "Thu 16 May 2030, 08:00" in shown["text"]
    assert not any(secret in shown["text"] for secret in SECRETS)


async def test_without_open_tasks_it_says_so(gateway: Gateway, yasmin: Person) -> None:
    """And needs no button."""
    await yasmin.says("/tasks")
    assert buttons(await yasmin.sees("no open tasks")) == {}


async def test_the_summary_follows_what_changes_and_is_replaced_by_the_next(
    gateway: Gateway, yasmin: Person
) -> None:
    """A time that was moved, a task that is gone: the message in the chat says it as it is."""
    await gateway.sent(yasmin, 1042)
    await gateway.sent(yasmin, 1043, DOOR)
    await yasmin.says("/tasks")
    first = await yasmin.sees("Your open tasks", "16 May")
    moved = replace(DOOR, scheduled_at=datetime(2030, 5, 18, 8, 0, tzinfo=UTC))
    await gateway.hears("task", 1043, TaskEdited(moved, 12))
    assert (await yasmin.sees("Your open tasks", "18 May"))["message_id"] == first["message_id"]
    await gateway.hears("task", 1043, OfferWithdrawn(yasmin.id, 1))

    async def one_left() -> bool:
        """a summary of the one task that is left"""
        return list(buttons(await yasmin.sees("Your open tasks")).values()) == ["s:1042:1"]

    await eventually(one_left)
    await yasmin.says("/tasks")
    await yasmin.sees("Your open tasks", after=first["message_id"])
    await gone(yasmin, first["message_id"])


async def test_a_press_brings_the_card_in_place_of_the_copy_before(gateway: Gateway, yasmin: Person) -> None:
    """Its buttons work, and it follows the task as the first message does."""
    info = await gateway.sent(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    older = await yasmin.sees("Task #1042", button="Accept", after=summary["message_id"])
    await yasmin.presses(summary, "#1042")
    copy = await yasmin.sees("Task #1042", button="Accept", after=older["message_id"])
    await gone(yasmin, older["message_id"])
    assert copy["protect"]
    await yasmin.presses(copy, "Accept")
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await gateway.quiet()
    shown = {message["message_id"]: message for message in await yasmin.messages()}
    for number in (info["message_id"], copy["message_id"]):
        assert "accepted" in shown[number]["text"]
        assert buttons(shown[number]) == {}


async def test_under_way_the_card_holds_the_client_s_data_that_the_office_has_sent(
    gateway: Gateway, yasmin: Person
) -> None:
    """Protected, and gone with the offer as the first card is: every copy."""
    card = await gateway.in_progress(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    copy = await yasmin.sees("Client for task #1042", button="Completed", after=summary["message_id"])
    assert copy["protect"]
    rows = await gateway.service.pool.fetch("SELECT purpose, client FROM deliveries WHERE client IS NOT NULL")
    assert sorted(tuple(row) for row in rows if row["purpose"] != "task_info") == [
        ("client_info", 12),
        ("reply", 12),
    ]
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, card["message_id"])
    await gone(yasmin, copy["message_id"])
    await gateway.quiet()
    said = str(await yasmin.messages())
    assert not any(secret in said for secret in SECRETS)


async def test_accepted_a_card_holds_nothing_of_the_client(gateway: Gateway, yasmin: Person) -> None:
    """The office alone sends that."""
    await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    copy = await yasmin.sees("Task #1042: accepted", after=summary["message_id"])
    assert not any(secret in copy["text"] for secret in SECRETS)


async def test_every_copy_dies_with_its_offer(gateway: Gateway, yasmin: Person) -> None:
    """Also one that a version before left in the chat beside others: none keeps a button."""
    await gateway.sent(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await yasmin.presses(summary, "#1042")
    first = await yasmin.sees("Task #1042", button="Accept", after=summary["message_id"])
    await gateway.quiet()
    # As older versions did, which replaced none.
    await gateway.service.pool.execute(
        "UPDATE deliveries SET task = NULL WHERE purpose = 'reply' AND method = 'send'"
    )
    await yasmin.presses(summary, "#1042")
    await yasmin.sees("Task #1042", button="Accept", after=first["message_id"])
    await gateway.quiet()
    await gateway.service.pool.execute(
        "UPDATE deliveries SET task = 1042 WHERE purpose = 'reply' AND offer = 1 AND method = 'send'"
    )
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gateway.quiet()
    about_it = await about(yasmin, "Task #1042")
    assert len(about_it) == 3
    assert all("was withdrawn" in each["text"] and buttons(each) == {} for each in about_it)


async def test_a_press_for_a_task_that_is_over_says_so(gateway: Gateway, yasmin: Person) -> None:
    """Nor does anybody see another's."""
    await gateway.sent(yasmin)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    bruno = await gateway.joined("Bruno Costa", None)
    assert "no longer open" in await bruno.taps(await bruno.sees("Welcome"), "s:1042:1")
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gateway.quiet()
    assert "no longer open" in await yasmin.taps(summary, "s:1042:1")
    await gateway.quiet()
    assert len(await about(bruno, "#1042")) == 0


async def test_what_is_new_goes_before_what_is_a_repeat(gateway: Gateway, yasmin: Person) -> None:
    """Six copies wait for their second; a new offer and a withdrawal do not stand behind them."""
    for number in range(1042, 1048):
        await gateway.sent(yasmin, number)
    await yasmin.says("/tasks")
    summary = await yasmin.sees("Your open tasks")
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "sendMessage", "retry_after": 2, "times": 1})
    for number in range(1042, 1048):
        await yasmin.leaves_tap(summary, f"s:{number}:1")

    async def all_wait() -> bool:
        """six copies in the queue"""
        sql = (
            "SELECT count(*) FROM deliveries WHERE purpose = 'reply' AND task IS NOT NULL AND method = 'send'"
        )
        return bool(await gateway.service.pool.fetchval(sql) == 6)

    await eventually(all_wait)
    await gateway.hears(
        "task", 1050, TaskCreated(1050, DOOR, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )
    await gateway.quiet()
    newest = [each for each in await yasmin.messages() if each["message_id"] > summary["message_id"]]
    place = next(n for n, each in enumerate(newest) if "#1050" in each["text"])
    assert place <= 1, [each["text"].splitlines()[0] for each in newest]


async def test_client_info_that_is_sent_again_counts_too(gateway: Gateway, yasmin: Person) -> None:
    """Two cards of one offer: both die with it."""
    first = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, ClientInfoSent(yasmin.id, 1, 12))
    second = await yasmin.sees("Client for task", after=first["message_id"])
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, first["message_id"])
    await gone(yasmin, second["message_id"])
