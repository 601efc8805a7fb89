"""What stands in a technician's chat follows the task: edited, made dead, or taken back."""

import asyncio

import asyncpg
import pytest
from msgspec.structs import replace

from bot_gateway.telegram.messages import LIMIT, units
from shared.contract.client import ClientErased
from shared.contract.invoice import DocumentAnswer, InvoiceSent
from shared.contract.task import (
    ClientInfoAnswer,
    ClientInfoSent,
    OfferWithdrawn,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
)
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BOILER
from tests.people import Person, buttons, eventually

SECRETS = ("8 123 45", "sigrid@", "Storgatan", "bites", "Lindqvist")


async def bodies(gateway: Gateway) -> list[asyncpg.Record]:
    """Stored updates as text: a column of bytes shows itself in hex."""
    return await gateway.service.pool.fetch("SELECT convert_from(body, 'UTF8') AS t FROM updates")


async def gone(person: Person, message: int) -> None:
    async def look() -> bool:
        return all(each["message_id"] != message for each in await person.messages())

    look.__doc__ = f"the end of message {message}"
    await eventually(look)


async def test_an_edit_of_the_task_shows_in_the_open_message(gateway: Gateway, yasmin: Person) -> None:
    """The same message, with its buttons."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskEdited(replace(BOILER, area="Neustadt"), 12))
    shown = await yasmin.sees("Neustadt", button="Accept")
    assert shown["message_id"] == info["message_id"]


async def test_a_withdrawn_offer_is_dead_and_says_so(gateway: Gateway, yasmin: Person) -> None:
    """The first technician's buttons go; the second one's message comes."""
    info = await gateway.sent(yasmin)
    bruno = await gateway.joined("Bruno Costa", None)
    await gateway.hears(
        "task", 1042, OfferWithdrawn(yasmin.id, 1), TaskAssigned(bruno.id), TaskSent(bruno.id, 2)
    )
    shown = await yasmin.sees("Task #1042 was withdrawn")
    assert shown["message_id"] == info["message_id"]
    assert buttons(shown) == {}
    assert "Water under" not in shown["text"]
    assert set(buttons(await bruno.sees("#1042", button="Accept")).values()) == {
        "t:1042:2:accept",
        "t:1042:2:reject",
    }


async def test_sent_again_the_older_message_is_dead(gateway: Gateway, yasmin: Person) -> None:
    """To the same technician: only the newer one can be answered."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskSent(yasmin.id, 2))
    old = await yasmin.sees("Task #1042 was sent again")
    assert (old["message_id"], buttons(old)) == (info["message_id"], {})
    new = await yasmin.sees("#1042", button="Accept")
    assert new["message_id"] > old["message_id"]


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
        dump += await bodies(gateway) if table["table_name"] == "updates" else []
        for row in dump:
            assert not any(secret in row["t"] for secret in SECRETS), table["table_name"]
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


async def test_a_status_set_by_hand_shows(gateway: Gateway, yasmin: Person) -> None:
    """Completed by an admin, and back: the card's button goes and comes."""
    await gateway.in_progress(yasmin)
    await gateway.hears("task", 1042, TaskStatusChanged(Status.IN_PROGRESS, Status.COMPLETED))
    await yasmin.sees("Task #1042: completed")
    await gateway.quiet()
    assert buttons(await yasmin.sees("Client for task")) == {}
    await gateway.hears("task", 1042, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS))
    await yasmin.sees("Client for task", button="Completed")
    await gateway.hears(
        "task", 1042, OfferWithdrawn(yasmin.id, 1), TaskStatusChanged(Status.IN_PROGRESS, Status.CANCELLED)
    )
    await yasmin.sees("Task #1042 was withdrawn")


async def test_an_offer_that_is_over_before_it_went_out_is_never_sent(
    gateway: Gateway, yasmin: Person
) -> None:
    """The row waits while Telegram is away; when it is back there is nothing to say."""
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "method": "sendMessage", "retry_after": 1})
    await gateway.hears(
        "task", 1042, TaskCreated(1042, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gateway.quiet()
    assert not any("#1042" in message["text"] for message in await yasmin.messages())
    statuses = await gateway.service.pool.fetch("SELECT status FROM deliveries WHERE task = 1042")
    assert {row["status"] for row in statuses} == {"dropped"}


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


async def test_a_long_task_comes_in_parts_with_the_buttons_on_the_last(
    gateway: Gateway, yasmin: Person
) -> None:
    """Each within Telegram's limit; edited and withdrawn as one."""
    words = " ".join(f"word{n}" for n in range(1200))
    await gateway.sent(yasmin, details=replace(BOILER, description=words))
    parts = (await yasmin.messages())[1:]
    assert len(parts) == 3
    assert [bool(buttons(part)) for part in parts] == [False, False, True]
    assert all(units(part["text"]) <= LIMIT for part in parts)
    assert parts[-1]["text"].endswith("word1199")
    assert parts[-1]["text"].startswith("Task #1042, continued")

    await gateway.hears("task", 1042, TaskEdited(replace(BOILER, description=words + " and more"), 12))
    await yasmin.sees("and more", button="Accept")
    await gateway.hears("task", 1042, TaskEdited(replace(BOILER, description=words * 3), 12))
    await yasmin.sees("…", button="Accept")
    assert len(await yasmin.messages()) == 4
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await yasmin.sees("was withdrawn")
    await gateway.quiet()
    assert len(await yasmin.messages()) == 2
    assert not any("word" in message["text"] for message in await yasmin.messages())


async def test_people_cannot_break_out_of_their_text(gateway: Gateway, yasmin: Person) -> None:
    """Markup in a title is text on the phone."""
    evil = "<script>alert(1)</script> <b>&amp;"
    await gateway.sent(yasmin, details=replace(BOILER, title=evil))
    assert evil in (await yasmin.sees("#1042"))["text"]


async def test_an_invoice_comes_as_a_document(gateway: Gateway, yasmin: Person) -> None:
    """Asked for at the moment of sending; told by an event that names it."""
    await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id))
    [sent] = await gateway.told("DeliverySent")
    assert (sent["purpose"], sent["invoice"], sent["task"]) == ("invoice", 7, 1042)
    message = await yasmin.sees("Invoice #7: 120.00 EUR")
    assert message["document"]["name"] == "invoice-7.pdf"
    assert message["document"]["size"] == len(b"%PDF-1.7 invoice")


async def test_an_invoice_without_a_document_is_told(gateway: Gateway, yasmin: Person) -> None:
    """Deleted meanwhile, for instance."""
    gateway.desk.document = DocumentAnswer(refusal="There is no such invoice.")
    await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id))
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], failed["reason"]) == ("invoice", "There is no such invoice.")


async def test_rejected_the_message_says_so(gateway: Gateway, yasmin: Person) -> None:
    """Its buttons are gone."""
    await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskRejected(yasmin.id, 1))
    assert buttons(await yasmin.sees("Task #1042: rejected")) == {}


async def test_a_rebuild_gives_the_same_rows_and_sends_nothing(gateway: Gateway, yasmin: Person) -> None:
    """Tables are filled again from what happened; what it set off does not happen again."""
    await gateway.in_progress(yasmin)
    await gateway.quiet()
    pool = gateway.service.pool

    async def rows() -> list[list[tuple[object, ...]]]:
        tables = ("technicians", "bot", "cards", "offers", "deliveries")
        return [
            [tuple(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]
            for table in tables
        ]

    before, told = await rows(), len(await yasmin.messages())
    await gateway.service.rebuild()

    async def same() -> bool:
        """the same rows"""
        return await rows() == before

    await eventually(same)
    await gateway.quiet()
    assert len(await yasmin.messages()) == told
