"""A client's data reaches the technician's phone alone, and is taken back when it is no longer needed."""

import asyncio

import pytest
from msgspec.structs import replace
from nats.aio.msg import Msg

from bot_gateway.telegram.courier import AWAY
from bot_gateway.telegram.ledger import Ledger
from bot_gateway.telegram.plan import Row
from shared.contract.client import ClientErased
from shared.contract.task import (
    CLIENT_INFO,
    ClientInfoAnswer,
    ClientInfoSent,
    OfferWithdrawn,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskDeleted,
    TaskSent,
)
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import LINDQVIST
from tests.people import Json, Person, buttons, eventually

SECRETS = ("8 123 45", "sigrid@", "Storgatan", "bites", "Lindqvist")


async def gone(person: Person, message: int) -> None:
    async def look() -> bool:
        return all(each["message_id"] != message for each in await person.messages())

    look.__doc__ = f"the end of message {message}"
    await eventually(look)


async def test_client_info_is_protected_and_kept_nowhere(
    gateway: Gateway, yasmin: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in a row, not in an event, not in a log line; only on the technician's phone."""
    card = await gateway.in_progress(yasmin)
    assert card["protect"]
    assert buttons(card) == {"🏁 Mark as Completed": "t:1042:1:complete"}
    for secret in SECRETS:
        assert secret in card["text"]
    # Telegram tells the bot what stands in a message whose button is pressed, and in one that is replied to.
    await yasmin.says("I am on my way", reply_to=card["message_id"])
    await yasmin.sees("I only understand")
    await yasmin.presses(card, "Completed")
    await gateway.quiet()
    tables = await gateway.service.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    for table in tables:
        dump = await gateway.service.pool.fetch(f'SELECT t::text FROM "{table["table_name"]}" t')
        for row in dump:
            assert not any(secret in row["t"] for secret in SECRETS), table["table_name"]
    for body in await gateway.kept():  # not even under the seal
        assert not any(secret in body for secret in SECRETS)
    told = capsys.readouterr()
    assert not any(secret in told.out + told.err for secret in SECRETS)


async def test_withdrawn_after_client_info_the_card_is_deleted(gateway: Gateway, yasmin: Person) -> None:
    """And the task's own message says that it is over."""
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, card["message_id"])
    await yasmin.sees("Task #1042 was withdrawn")
    await gateway.quiet()
    assert "DeliveryFailed" not in await gateway.events("delivery")


async def test_past_two_days_the_card_is_redacted(gateway: Gateway, yasmin: Person) -> None:
    """Telegram no longer deletes it, but it can be edited."""
    card = await gateway.in_progress(yasmin)
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/age", json={"hours": 49})
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    shown = await yasmin.sees("the client's data was removed")
    assert shown["message_id"] == card["message_id"]
    assert not any(secret in shown["text"] for secret in SECRETS)
    assert buttons(shown) == {}


async def test_an_erased_client_goes_from_the_chats_of_finished_tasks(
    gateway: Gateway, yasmin: Person
) -> None:
    """The card alone: the task's own message stays, as does what is of other clients."""
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskCompleted(yasmin.id, 1))
    await yasmin.sees("completed")
    await gateway.hears("client", 13, ClientErased())
    await gateway.quiet()
    assert card["message_id"] in {each["message_id"] for each in await yasmin.messages()}
    await gateway.hears("client", 12, ClientErased())
    await gone(yasmin, card["message_id"])
    await gateway.quiet()
    left = await yasmin.messages()
    assert any("Task #1042: completed" in each["text"] for each in left)
    assert not any(secret in str(left) for secret in SECRETS)
    assert "DeliveryFailed" not in await gateway.events("delivery")


async def test_past_two_days_an_erased_client_s_card_is_redacted(gateway: Gateway, yasmin: Person) -> None:
    """As for an offer that was withdrawn."""
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskCompleted(yasmin.id, 1))
    await gateway.quiet()
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/age", json={"hours": 49})
    await gateway.hears("client", 12, ClientErased())
    shown = await yasmin.sees("the client's data was removed")
    assert shown["message_id"] == card["message_id"]
    assert not any(secret in shown["text"] for secret in SECRETS)


async def test_a_card_that_cannot_be_taken_back_is_told(gateway: Gateway, yasmin: Person) -> None:
    """Past two days, and the technician has blocked the bot: the admin has to know."""
    await gateway.in_progress(yasmin)
    await gateway.quiet()
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/age", json={"hours": 49})
    await yasmin.blocks()
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    failed = await gateway.told("DeliveryFailed")
    assert {(each["purpose"], each["trouble"]) for each in failed} == {("retraction", "blocked")}


async def test_a_card_of_which_nobody_knows_is_told(gateway: Gateway, yasmin: Person) -> None:
    """The connection broke after it went out: it can't be taken back, because it has no known id."""
    await gateway.sent(yasmin)
    await gateway.phones.weather({"kind": "drop_after", "method": "sendMessage"})
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    [unknown] = await gateway.told("DeliveryUnknown")
    assert unknown["purpose"] == "client_info"
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], failed["task"]) == ("retraction", 1042)


async def test_a_deleted_task_takes_everything_back(gateway: Gateway, yasmin: Person) -> None:
    """The card goes and the message says that it is over."""
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1), TaskDeleted())
    await gone(yasmin, card["message_id"])
    await yasmin.sees("Task #1042 was withdrawn")


async def test_client_info_that_tasks_refuses_is_a_failed_delivery(gateway: Gateway, yasmin: Person) -> None:
    """The admin reads the reason that tasks gave."""
    await gateway.sent(yasmin)
    gateway.desk.client = ClientInfoAnswer(None, "This client was erased.")
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], failed["trouble"], failed["reason"]) == (
        "client_info",
        "refused",
        "This client was erased.",
    )


async def test_client_info_waits_for_tasks(gateway: Gateway, yasmin: Person) -> None:
    """While tasks is down nothing fails, and /help is answered meanwhile."""
    await gateway.sent(yasmin)
    await gateway.quiet()
    await gateway.desk.close()
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    await asyncio.sleep(0.3)
    await yasmin.says("/help")
    await yasmin.sees("You get your tasks here")
    await gateway.desk.open()
    await yasmin.sees("Client for task #1042")


async def test_completed_the_buttons_go_and_the_card_stays(gateway: Gateway, yasmin: Person) -> None:
    """Until the task is sent to somebody else: then the client's data goes too, and the history stays."""
    card = await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskCompleted(yasmin.id, 1))
    await yasmin.sees("Task #1042: completed")

    async def without_button() -> bool:
        """the card without its button"""
        return buttons(await yasmin.sees("Client for task")) == {}

    await eventually(without_button)
    bruno = await gateway.joined("Bruno Costa", None)
    await gateway.hears("task", 1042, TaskAssigned(bruno.id), TaskSent(bruno.id, 2))
    await gone(yasmin, card["message_id"])
    await yasmin.sees("Task #1042: completed")


async def half_sent(gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch, *storms: Json) -> Json:
    """A card in two parts, of which the first is in the chat when the storms break out, or else a block."""
    part = Ledger.part

    async def then(ledger: Ledger, row: Row, made: list[int]) -> None:
        await part(ledger, row, made)
        await (gateway.phones.weather(*storms) if storms else yasmin.blocks())

    long = replace(LINDQVIST, address="Storgatan 1, " * 30, notes="The dog bites. " * 260)
    gateway.desk.client = ClientInfoAnswer(long)
    await gateway.sent(yasmin)
    await gateway.quiet()
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "part", then)
        await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
        await gateway.told("DeliveryFailed", "DeliveryUnknown")
    return await yasmin.sees("Storgatan")


async def test_half_a_card_is_taken_back_too(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The technician blocked the bot in between, so it failed; its first part is in the chat all the same."""
    first = await half_sent(gateway, yasmin, monkeypatch)
    await yasmin.unblocks()
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, first["message_id"])


async def test_of_a_card_that_is_partly_unknown_the_known_part_goes(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the admin is told of the other, which may be in the chat."""
    first = await half_sent(gateway, yasmin, monkeypatch, {"kind": "drop", "method": "sendMessage"})
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gone(yasmin, first["message_id"])
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], "may still be in the chat" in failed["reason"]) == ("retraction", True)


async def test_a_card_that_could_not_be_taken_back_is_tried_again_when_the_client_is_erased(
    gateway: Gateway, yasmin: Person
) -> None:
    """The technician had blocked the bot when the offer ended, and is back."""
    card = await gateway.in_progress(yasmin)
    await gateway.quiet()
    await yasmin.blocks()
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/age", json={"hours": 49})
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gateway.quiet()
    assert {each["purpose"] for each in await gateway.told("DeliveryFailed")} == {"retraction"}
    await yasmin.unblocks()
    await gateway.hears("client", 12, ClientErased())
    shown = await yasmin.sees("the client's data was removed")
    assert shown["message_id"] == card["message_id"]


async def test_what_was_given_up_is_not_sent_after_all(gateway: Gateway, yasmin: Person) -> None:
    """The bot is removed while tasks is asked for the data, which was told; it stays so with the next bot."""
    await gateway.sent(yasmin)
    await gateway.quiet()
    await gateway.desk.close()
    asked: asyncio.Queue[Msg] = asyncio.Queue()
    tasks = await gateway.desk.bus.client.subscribe(CLIENT_INFO, cb=asked.put)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
    question = await asyncio.wait_for(asked.get(), 10)
    await gateway.call("DELETE", "/api/telegram/token", status=204)
    assert [each["trouble"] for each in await gateway.told("DeliveryFailed")] == ["no_bot"]
    await gateway.connect()
    await tasks.unsubscribe()
    await gateway.desk.bus.client.publish(question.reply, headers={"Callout-Outcome": "away"})
    await gateway.desk.open()
    await asyncio.sleep(AWAY + 1)
    await gateway.quiet()
    assert not any("Client for task" in message["text"] for message in await yasmin.messages())
    assert await gateway.events("delivery") == ["DeliverySent", "DeliveryFailed"]
