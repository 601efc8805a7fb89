"""The name of an erased client goes from the technicians' chats with the invoices that it stands on."""

from decimal import Decimal
from uuid import uuid4

import asyncpg

from bot_gateway.projections import reactions
from shared.contract.client import ClientErased
from shared.contract.delivery import Purpose
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceLine, InvoiceSent
from shared.journal.migrations import migrate
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.test_client_cards_taken_back import gone
from tests.conftest import SettingsFor
from tests.people import Json, Person, eventually

ERASED, OTHER = 12, 13


def created(invoice: int, client: int, technician: int) -> InvoiceCreated:
    """For one hour of work on task #1042."""
    money = Decimal(120)
    lines = (InvoiceLine("Work", Decimal(1), money),)
    return InvoiceCreated(
        invoice, 1042, client, technician, "EUR", lines, Decimal(0), money, Decimal(0), money
    )


async def billed(gateway: Gateway, person: Person, invoice: int = 7, client: int = ERASED) -> Json:
    """An invoice whose PDF is in this person's chat."""
    await gateway.hears("invoice", invoice, created(invoice, client, person.id), InvoiceSent(1042, person.id))
    shown = await person.sees("Invoice #7: 120.00 EUR")
    await gateway.quiet()
    return shown


async def aged(gateway: Gateway, person: Person) -> None:
    await gateway.phones.http.post(f"/phone/people/{person.id}/age", json={"hours": 49})


async def content(gateway: Gateway, message: Json) -> str:
    return (await gateway.phones.http.get(message["document"]["url"])).text


async def test_an_erased_client_s_invoice_is_deleted(gateway: Gateway, yasmin: Person) -> None:
    """And nobody else's; no complaint comes of it."""
    document = await billed(gateway, yasmin)
    await gateway.hears("client", OTHER, ClientErased())
    await gateway.quiet()
    assert document["message_id"] in {each["message_id"] for each in await yasmin.messages()}
    await gateway.hears("client", ERASED, ClientErased())
    await gone(yasmin, document["message_id"])
    await gateway.quiet()
    assert await gateway.events("delivery") == ["DeliverySent"]


async def test_past_two_days_a_note_takes_the_place_of_the_invoice(gateway: Gateway, yasmin: Person) -> None:
    """Telegram no longer deletes it, but another file can stand in the message."""
    document = await billed(gateway, yasmin)
    await aged(gateway, yasmin)
    await gateway.hears("client", ERASED, ClientErased())
    note = await yasmin.sees("Invoice #7 was withdrawn")
    await gateway.quiet()
    assert (note["message_id"], note["document"]["name"]) == (document["message_id"], "invoice-7.txt")
    assert note["document"]["url"] != document["document"]["url"]
    assert "Invoice #7 was withdrawn" in await content(gateway, note)
    assert not any("120.00" in each["text"] for each in await yasmin.messages())
    assert await gateway.events("delivery") == ["DeliverySent"]


async def test_each_sending_of_each_invoice_is_taken_back(gateway: Gateway, yasmin: Person) -> None:
    """Sent twice, and deleted in the office since: what is in the chat counts."""
    documents = [await billed(gateway, yasmin)]
    await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id), InvoiceDeleted(1042))
    await gateway.quiet()
    documents.append((await yasmin.messages())[-1])
    bruno = await gateway.joined("Bruno Costa", None)
    his = await billed(gateway, bruno, 8)
    await gateway.hears("client", ERASED, ClientErased())
    for document in documents:
        await gone(yasmin, document["message_id"])
    await gone(bruno, his["message_id"])


async def test_an_invoice_that_waits_to_go_out_is_taken_back_behind_it(
    gateway: Gateway, yasmin: Person
) -> None:
    """Queued when the client is erased: in the chat's order it comes, and goes."""
    await gateway.phones.weather({"kind": "429", "method": "sendDocument", "retry_after": 1})
    await gateway.hears("invoice", 7, created(7, ERASED, yasmin.id), InvoiceSent(1042, yasmin.id))
    await gateway.hears("client", ERASED, ClientErased())
    await gateway.told("DeliverySent")
    await gateway.quiet()
    assert not any(each["document"] for each in await yasmin.messages())


async def test_an_invoice_that_cannot_be_taken_back_is_told(gateway: Gateway, yasmin: Person) -> None:
    """Past two days, and the technician has blocked the bot: the admin has to know."""
    await billed(gateway, yasmin)
    await aged(gateway, yasmin)
    await yasmin.blocks()
    await gateway.hears("client", ERASED, ClientErased())
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], failed["trouble"]) == ("retraction", "blocked")
    assert (failed["task"], failed["invoice"]) == (1042, 7)


async def test_an_invoice_of_which_nobody_knows_is_told(gateway: Gateway, yasmin: Person) -> None:
    """The connection broke after it went out, so that it has no known id."""
    await gateway.phones.weather({"kind": "drop_after", "method": "sendDocument"})
    await gateway.hears("invoice", 7, created(7, ERASED, yasmin.id), InvoiceSent(1042, yasmin.id))
    await gateway.told("DeliveryUnknown")
    await gateway.hears("client", ERASED, ClientErased())
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["purpose"], "may still be in the chat" in failed["reason"]) == ("retraction", True)


async def test_after_a_rebuild_it_is_still_known_whose_invoice_it_is(
    gateway: Gateway, yasmin: Person
) -> None:
    """The rows come again from the bus."""
    document = await billed(gateway, yasmin)
    await gateway.service.rebuild()

    async def known() -> bool:
        """the row of the invoice"""
        return bool(await gateway.service.pool.fetchval("SELECT client FROM billed WHERE invoice = 7"))

    await eventually(known)
    await gateway.hears("client", ERASED, ClientErased())
    await gone(yasmin, document["message_id"])


async def test_invoices_of_before_are_known_by_the_client_info_of_their_task(
    settings_for: SettingsFor,
) -> None:
    """An installation that is brought up to date: the latest client whom the task was about."""
    pool = await asyncpg.create_pool(settings_for("bot_gateway").postgres, min_size=1, max_size=2)
    newer = "bot_gateway/0003_invoices_taken_back.sql"
    await pool.execute(
        "CREATE TABLE migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
    )
    await pool.execute("INSERT INTO migrations (name) VALUES ($1)", newer)
    await migrate(pool, "bot_gateway")
    await pool.execute("INSERT INTO informed (client, task, offer) VALUES (11, 1042, 1), (12, 1042, 2)")
    async with pool.acquire() as connection:
        for invoice, task in ((7, 1042), (8, 1043)):
            await reactions.queue(
                connection, uuid4(), 77, Purpose.INVOICE, method="document", task=task, invoice=invoice
            )
    await pool.execute("DELETE FROM migrations WHERE name = $1", newer)
    await migrate(pool, "bot_gateway")
    rows = await pool.fetch("SELECT invoice, client FROM billed")
    await pool.close()
    assert [tuple(row) for row in rows] == [(7, ERASED)]


async def test_an_invoice_of_before_that_is_sent_after_is_known_too(gateway: Gateway, yasmin: Person) -> None:
    """It was made while an older version took it in, and waited to be sent."""
    pool = gateway.service.pool
    await gateway.hears("invoice", 7, created(7, ERASED, yasmin.id))
    await pool.execute("DELETE FROM billed")
    await pool.execute(
        "INSERT INTO informed (client, task, offer) VALUES (11, 1042, 1), ($1, 1042, 2)", ERASED
    )
    await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id))
    document = await yasmin.sees("Invoice #7: 120.00 EUR")
    await gateway.quiet()
    await gateway.hears("client", ERASED, ClientErased())
    await gone(yasmin, document["message_id"])


async def test_the_note_is_in_the_technician_s_language(gateway: Gateway) -> None:
    """As everything else that they read."""
    rami = await gateway.joined("رامي", None, language="ar")
    await billed(gateway, rami)
    await aged(gateway, rami)
    await gateway.hears("client", ERASED, ClientErased())
    note = await rami.sees("🚫")
    assert "Invoice" not in note["text"]
    assert "Invoice" not in await content(gateway, note)
