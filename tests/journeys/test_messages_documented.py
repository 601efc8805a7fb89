"""Whatever travels over the bus is as the AsyncAPI documents say: the workflow is played and held to them."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_args
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

import nats
from local.access import OPERATOR, ROLES
from local.stack import SERVICES
from shared.asyncapi import named
from shared.bus import STREAM, settled
from shared.contract import QUESTIONS, AnyEvent
from shared.contract.admin import AdminLoggedOut
from shared.contract.bot import BotRefused
from shared.contract.delivery import DeliveryUnknown, Purpose
from shared.contract.event import Event
from shared.contract.fold import EventNotApplied
from shared.web import USED
from tests.documents import Spoken, matches
from tests.journeys.test_workflow import HELP, accepted, completed, joined, sent
from tests.notifier.conftest import status
from tests.notifier.examples import recorded
from tests.notifier.pictures import png
from tests.people import PATIENCE, Json, Person, eventually
from tests.running import Callout, only

EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)

RARE: dict[str, AnyEvent] = {
    "bot.bot": BotRefused("callout_bot", "Telegram: Unauthorized"),
    "delivery.7": DeliveryUnknown(Purpose.TASK_INFO, 77, task=1042, offer=1),
    "admin.1": AdminLoggedOut("owner"),
    "fold.9": EventNotApplied("reporting", uuid4(), "TaskCreated", "task.1042", 1, "ValueError"),
}
"""What a day without mishaps doesn't bring: stream → event."""

EXPECTED = {event.__name__ for event in EVENTS} - {type(event).__name__ for event in RARE.values()}


class Listener:
    """All that is asked, answered and told on the bus while the day is played."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[Msg] = []

    async def listen(self) -> None:
        inboxes = [f"_INBOX_{role}.>" for role in ROLES]
        for subject in ("commands.>", "queries.>", *inboxes, USED, "notifications.>"):
            await self.client.subscribe(subject, cb=self._note)
        await settled(self.client)

    async def _note(self, message: Msg) -> None:
        self.heard.append(message)

    def on(self, subject: str) -> list[Msg]:
        return [message for message in self.heard if message.subject == subject]


@pytest.fixture
async def listener(fresh: Callout) -> AsyncIterator[Listener]:
    client = await nats.connect(fresh.servers.nats_url(OPERATOR))
    found = Listener(client)
    await found.listen()
    yield found
    await client.close()


async def play(callout: Callout) -> None:
    """A day on which nearly everything happens."""
    office = callout.office
    await admins_and_settings(callout)
    sami = await joined(callout)
    number = await completed(callout, sami)
    await paid_and_sent(callout, number, sami)
    await office.knows_report(number)
    await office.call("DELETE", f"/api/reports/tasks/{number}")

    lena = await joined(callout, "Lena Fischer")
    refused, message = await sent(callout, lena)
    await lena.presses(message, "Reject")
    await lena.presses(await lena.sees(button="Wrong button"), "Wrong button")
    again = await lena.sees(f"#{refused}", button="Reject")
    await lena.presses(again, "Reject")
    await lena.presses(await lena.sees(button="Too far"), "Too far")
    await office.sees_task(refused, status="rejected")
    taken, _ = await accepted(callout, lena)
    await office.post(f"/api/tasks/{taken}/assignment", {"technician_id": sami.id})
    await office.call("PATCH", f"/api/tasks/{taken}", {"title": "Boiler leaks"})
    await office.call("PUT", f"/api/tasks/{taken}/status", {"status": "cancelled"})
    await office.call("DELETE", f"/api/tasks/{taken}")
    await refused_by_what_others_told(callout, refused)
    await changed_and_gone(callout, lena)


async def refused_by_what_others_told(callout: Callout, number: int) -> None:
    lines = [{"description": "Valve", "quantity": "1", "unit_price": "19.99"}]
    wanted = {"task_id": number, "lines": lines, "currency": "EUR"}
    assert (await callout.office.refused("POST", "/api/invoices", wanted))[0] == 409
    yesterday = f"{datetime.now(UTC).date() - timedelta(days=1)}"
    billed = (await callout.office.get("/api/tasks?status=completed"))["items"][0]
    late = wanted | {"task_id": billed["id"], "due_on": yesterday}
    assert (await callout.office.refused("POST", "/api/invoices", late))[0] == 422
    nobody = {"technician_id": 1}
    assert (await callout.office.refused("POST", f"/api/tasks/{number}/assignment", nobody))[0] == 422


async def admins_and_settings(callout: Callout) -> None:
    office = callout.office
    added = await office.post("/api/admins", {"login": "anna", "name": "Anna Weber"})
    async with httpx.AsyncClient(base_url=callout.url, headers={"Origin": callout.url}) as browser:
        await browser.post("/login", data={"login": "anna", "password": added["password"]})
        await eventually(partial(status, partial(browser.get, "/"), 200))
        await browser.post("/logout")
    await office.call("PATCH", "/api/admins/anna", {"role": "viewer", "enabled": False})
    await office.call("PATCH", "/api/admins/anna", {"enabled": True})
    await office.post("/api/admins/anna/password")
    await office.post("/api/tokens", {"name": "erp"})
    await office.call("DELETE", "/api/tokens/erp")
    site = await office.get("/api/site")
    await office.call("PUT", "/api/site", {**site, "company": "Harbour Heating", "tax_id": "DE 123"})
    await office.call("PUT", "/api/site/logo", {"image": base64.b64encode(png()).decode()})
    await office.call("DELETE", "/api/site/logo")


async def paid_and_sent(callout: Callout, number: int, technician: Person) -> None:
    office = callout.office
    lines = [{"description": "Valve", "quantity": "1.5", "unit_price": "19.99"}]
    wanted = {"lines": lines, "tax_percent": "7.5", "due_on": "2999-12-31"}
    invoice = (await office.bills(number, wanted))["id"]
    await office.post(f"/api/invoices/{invoice}/dispatch")
    await technician.sees(f"Invoice #{invoice}")
    await office.call("PUT", f"/api/invoices/{invoice}/status", {"status": "paid"})
    await office.call("DELETE", f"/api/invoices/{invoice}")


async def changed_and_gone(callout: Callout, lena: Person) -> None:
    office = callout.office
    client = (await office.post("/api/clients", {"name": "Mr. Brandt", "phone": "+49 30 1234567"}))["id"]
    await office.call("PATCH", f"/api/clients/{client}", {"name": "Mr. Brandt sen.", "phone": ""})
    await office.call("DELETE", f"/api/clients/{client}")

    await office.call("PATCH", f"/api/technicians/{lena.id}", {"name": "Lena", "status": "deactivated"})
    await office.knows(lena, status="deactivated")
    await office.call("PATCH", f"/api/technicians/{lena.id}", {"status": "active"})
    await office.knows(lena)
    number = await office.task(technician_id=lena.id)
    await lena.http.patch(f"/phone/people/{lena.id}", json={"name": "Lena Fischer-Wolff"})
    await lena.says("/help")
    await lena.sees(HELP)
    await lena.blocks()
    await office.post(f"/api/tasks/{number}/dispatch")
    await office.sees_task(number, delivery__task_info="failed")
    await lena.unblocks()
    await lena.start()
    await office.knows(lena)
    newcomer = await joined(callout, "Omar Said")
    await office.post(f"/api/technicians/{newcomer.id}/review")
    number = await office.task(technician_id=newcomer.id)
    await newcomer.deletes_account()
    await office.post(f"/api/tasks/{number}/dispatch")
    await office.sees_task(number, delivery__task_info="failed")
    await office.call("DELETE", f"/api/technicians/{newcomer.id}")
    await office.call("DELETE", "/api/telegram/token")


@only("one process")
async def test_all_that_travels_is_as_it_is_documented(fresh: Callout, listener: Listener) -> None:
    """Every event on the stream and in the journals, every question and answer, every frame on a dashboard's socket:
    by the documents as they are served, which name each of its fields."""
    spoken = {name: Spoken(await fresh.office.get(f"/api/{name}/asyncapi.json")) for name in SERVICES}
    async with fresh.office.screen() as screen:
        await play(fresh)

        async def all_published() -> list[Msg]:
            """every kind of event, and every event of the journals on the stream"""
            kept = len(await journals(fresh))
            found = await published(listener.client)
            names = {msgspec.json.decode(message.data)["type"] for message in found}
            all_published.__doc__ = f"{EXPECTED - names}, and {kept} events on the stream; {len(found)} are"
            return found if names >= EXPECTED and len(found) >= kept else []

        on_stream = await eventually(all_published)
        kept = await journals(fresh)
        assert screen.frames

    happened = [msgspec.json.decode(message.data) for message in on_stream]
    for message, event in zip(on_stream, happened, strict=True):
        assert matches(sender(spoken, event["type"]).sent()[event["type"]], message.subject)
    rare = [msgspec.to_builtins(recorded(stream, "token:tests", event)) for stream, event in RARE.items()]
    for event in (*kept, *happened, *rare):
        sender(spoken, event["type"]).check(event["type"], event)
    assert {event["type"] for event in (*happened, *rare)} == {event.__name__ for event in EVENTS}

    async def all_answered() -> bool:
        """an answer to every question"""
        asked = [question for subject in QUESTIONS for question in listener.on(subject)]
        return all(listener.on(question.reply) for question in asked)

    await eventually(all_answered)
    for subject in QUESTIONS:
        asked, answered = named(subject)
        asking = next(each for each in spoken.values() if asked in each.sent())
        questions = listener.on(subject)
        assert questions, subject
        for question in questions:
            asking.check(asked, msgspec.json.decode(question.data))
            (answer,) = listener.on(question.reply)
            asking.check(answered, msgspec.json.decode(answer.data))

    notifier = spoken["notifier"]
    for frame in screen.frames:
        notifier.check("Notification", frame)
    for name, subject in (("SessionUsed", USED), ("NotificationsArrived", "notifications.arrived")):
        assert listener.on(subject)
        for message in listener.on(subject):
            notifier.check(name, message.data.decode())


@only("one process")
async def test_a_service_reads_what_it_says_it_receives(fresh: Callout, listener: Listener) -> None:
    """The subjects of its consumer on the stream are those of its document."""
    for name in SERVICES:
        spoken = Spoken(await fresh.office.get(f"/api/{name}/asyncapi.json"))
        received = {address for address in spoken.sent("receive").values() if address.startswith("events.")}
        consumer = await listener.client.jetstream().consumer_info(STREAM, name)
        read = set(consumer.config.filter_subjects or [consumer.config.filter_subject])
        assert {f"events.{address.split('.')[1]}.>" for address in received} == read


def sender(spoken: dict[str, Spoken], event: str) -> Spoken:
    return next(each for each in spoken.values() if event in each.sent())


async def published(client: Client) -> list[Msg]:
    """All that is on the stream."""
    js = client.jetstream()
    left = (await js.stream_info(STREAM)).state.messages
    subscription = await js.subscribe("events.>", stream=STREAM, ordered_consumer=True)
    found = [await subscription.next_msg(PATIENCE) for _ in range(left)]
    await subscription.unsubscribe()
    return found


async def journals(callout: Callout) -> list[Json]:
    """Every row of all five, as the envelope that is published of it."""
    connection = await asyncpg.connect(callout.servers.postgres_dsn("postgres"))
    try:
        found: list[Any] = []
        for role in ROLES:
            found += await connection.fetch(
                f"""SELECT id, stream, version, type, schema, at, actor, data::text, command_id, causation_id
                FROM {role}.events"""
            )
    finally:
        await connection.close()
    return [msgspec.to_builtins({**row, "data": msgspec.json.decode(row["data"])}) for row in found]
