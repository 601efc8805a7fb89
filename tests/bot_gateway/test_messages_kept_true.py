"""What stands in a technician's chat follows the task: edited, made dead, or taken back."""

import pytest
from msgspec.structs import replace

from bot_gateway.projections.reactions import REACTIONS, retract
from bot_gateway.telegram.messages import LIMIT, units
from shared.contract.event import Event
from shared.contract.invoice import DocumentAnswer, InvoiceSent
from shared.contract.task import (
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


@pytest.mark.parametrize("by", ["withdrawn", "cancelled", "deleted"])
async def test_who_had_accepted_is_rung_once_when_the_task_is_taken_away(
    gateway: Gateway, yasmin: Person, by: str
) -> None:
    """Telegram rings for a new message and for no edit; the newest one says that there is nothing to do."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await yasmin.sees("accepted")
    ends: dict[str, list[Event]] = {
        "withdrawn": [],
        "cancelled": [TaskStatusChanged(Status.ACCEPTED, Status.CANCELLED)],
        "deleted": [TaskDeleted()],
    }
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1), *ends[by])
    await gateway.quiet()
    older, newer = [each for each in await yasmin.messages() if "was withdrawn" in each["text"]]
    assert older["message_id"] == info["message_id"] < newer["message_id"]
    assert (buttons(older), buttons(newer)) == ({}, {})
    assert "Leaking boiler" in newer["text"]
    assert "Water under" not in newer["text"]


async def test_a_withdrawal_goes_out_also_while_the_tables_are_rebuilt(
    gateway: Gateway, yasmin: Person
) -> None:
    """Then the card says for a moment what was before."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await gateway.quiet()
    await gateway.phones.weather({"kind": "429", "times": 1000, "method": "sendMessage", "retry_after": 1})
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1))
    await gateway.service.pool.execute("UPDATE offers SET state = 'accepted', over = false")
    await gateway.phones.weather()
    await yasmin.sees("was withdrawn", after=info["message_id"])


async def test_nobody_is_rung_for_what_was_taken_away_long_ago(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a version that only edited, say; whatever becomes of the task now, also once the tables were rebuilt."""
    await gateway.sent(yasmin)
    with monkeypatch.context() as older:
        older.setitem(REACTIONS, OfferWithdrawn, retract)
        await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), OfferWithdrawn(yasmin.id, 1))
        await gateway.quiet()
    bruno = await gateway.joined("Bruno Costa", None)
    await gateway.service.rebuild()
    await gateway.hears("task", 1042, TaskAssigned(bruno.id), TaskSent(bruno.id, 2))
    await bruno.sees("#1042", button="Accept")
    await gateway.hears("task", 1042, OfferWithdrawn(bruno.id, 2), TaskDeleted())
    await bruno.sees("was withdrawn")
    await gateway.quiet()
    [edited] = [each for each in await yasmin.messages() if "#1042" in each["text"]]
    assert "was withdrawn" in edited["text"]


async def test_who_has_not_answered_is_not_rung_for_a_withdrawal(gateway: Gateway, yasmin: Person) -> None:
    """Nor who has rejected, or has finished, whatever becomes of the task afterwards."""
    await gateway.sent(yasmin)
    await gateway.hears("task", 1042, OfferWithdrawn(yasmin.id, 1), TaskSent(yasmin.id, 2))
    await gateway.quiet()
    await gateway.hears("task", 1042, TaskRejected(yasmin.id, 2), TaskSent(yasmin.id, 3))
    await gateway.quiet()
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 3), TaskCompleted(yasmin.id, 3), TaskDeleted())
    await gateway.quiet()
    offers = [each for each in await yasmin.messages() if "#1042" in each["text"]]
    assert len(offers) == 3


async def test_sent_again_the_older_message_is_dead(gateway: Gateway, yasmin: Person) -> None:
    """To the same technician: only the newer one can be answered."""
    info = await gateway.sent(yasmin)
    await gateway.hears("task", 1042, TaskSent(yasmin.id, 2))
    old = await yasmin.sees("Task #1042 was sent again")
    assert (old["message_id"], buttons(old)) == (info["message_id"], {})
    new = await yasmin.sees("#1042", button="Accept")
    assert new["message_id"] > old["message_id"]


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
