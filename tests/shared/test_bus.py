"""Asking and answering across services."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from faststream.nats import NatsRouter
from structlog.testing import capture_logs

from local.servers import Servers
from shared.bus import AnswerBroke, Bus, answers
from shared.contract.task import TAP, Action, ClientInfoRequest, Tap, TapAnswer, Verdict
from shared.refusal import Refused, Why
from tests.people import PATIENCE, eventually

PRESSED = Tap(UUID(int=7), 1042, 1, 7001, Action.ACCEPT)


@pytest.fixture
async def asking(clean: Servers) -> AsyncIterator[Bus]:
    bus = Bus("bot-gateway", clean.nats_url())
    await bus.start()
    yield bus
    await bus.stop()


@asynccontextmanager
async def tasks_answering(nats_url: str, tap: Callable[[Tap], Awaitable[Any]]) -> AsyncIterator[None]:
    router = NatsRouter()
    answers(router, TAP, Tap, tap, queue="tasks")
    answering = Bus("tasks", nats_url)
    answering.broker.include_router(router)
    await answering.start()
    await answering.serve()
    try:
        yield
    finally:
        await answering.stop()


async def test_a_question_is_answered_with_a_struct(asking: Bus, clean: Servers) -> None:
    """As a tap is carried from the bot-gateway to tasks."""

    async def tap(pressed: Tap) -> TapAnswer:
        assert pressed == PRESSED
        return TapAnswer(Verdict.DONE, "You accepted task #1042.")

    async with tasks_answering(clean.nats_url(), tap):
        answer = await asking.request(TAP, PRESSED, TapAnswer)
    assert answer == TapAnswer(Verdict.DONE, "You accepted task #1042.")


async def test_without_an_answer_it_is_refused_with_a_sentence(asking: Bus) -> None:
    """Nobody serves `tasks` at the moment."""
    with pytest.raises(Refused, match="does not answer") as refused:
        await asking.request(TAP, PRESSED, TapAnswer)
    assert refused.value.why is Why.UNAVAILABLE


async def test_an_answer_that_breaks_is_told_from_absence(asking: Bus, clean: Servers) -> None:
    """At once, with the trace in the log of whoever should have answered; nothing of it travels."""

    async def broken(_: Tap) -> TapAnswer:
        raise ValueError("the client's telephone number")

    with capture_logs() as logged:
        async with tasks_answering(clean.nats_url(), broken):
            with pytest.raises(AnswerBroke) as broke:
                await asking.request(TAP, PRESSED, TapAnswer)
    assert "telephone" not in str(broke.value)
    told = [(line["event"], line["exc_info"]) for line in logged if line["log_level"] == "error"]
    assert told == [("answer broke", True)]


async def test_a_question_that_cannot_be_read_is_broken_too(asking: Bus, clean: Servers) -> None:
    """Asked by another version of us: waiting does not help."""

    async def never(_: Tap) -> TapAnswer:
        raise AssertionError

    async with tasks_answering(clean.nats_url(), never):
        with pytest.raises(AnswerBroke):
            await asking.request(TAP, ClientInfoRequest(1042, 1, 7001), TapAnswer)


async def test_an_event_that_is_brought_as_a_question_is_none(asking: Bus, clean: Servers) -> None:
    """A reader of the stream names the subject to which its events are brought, and may ask nothing there itself."""
    await asking.provision()
    pressed: list[Tap] = []

    async def tap(each: Tap) -> TapAnswer:
        pressed.append(each)
        return TapAnswer(Verdict.DONE, "You accepted task #1042.")

    invoices = Bus("invoices", clean.nats_url("invoices"))
    await invoices.start()
    await invoices.ensure_consumer("invoices", ["events.invoice.>"])
    await invoices.js.publish("events.invoice.1.created", msgspec.json.encode(PRESSED))
    with capture_logs() as logged:
        async with tasks_answering(clean.nats_url("tasks"), tap):
            await invoices.client.publish("$JS.API.CONSUMER.MSG.NEXT.EVENTS.invoices", b"1", reply=TAP)

            async def noticed() -> bool:
                """the line in the log"""
                return "an event was brought as a question" in [line["event"] for line in logged]

            await eventually(noticed)
    await invoices.stop()
    assert not pressed


async def test_a_session_that_is_brought_as_a_question_is_none(asking: Bus, clean: Servers) -> None:
    """The notifier keeps what it likes among the sessions, and presses no button by it."""
    pressed: list[Tap] = []

    async def tap(each: Tap) -> TapAnswer:
        pressed.append(each)
        return TapAnswer(Verdict.DONE, "You accepted task #1042.")

    notifier = Bus("notifier", clean.nats_url("notifier"))
    await notifier.start()
    bucket = await notifier.js.create_key_value(bucket="sessions", direct=True)
    await bucket.put("abc", msgspec.json.encode(PRESSED))
    with capture_logs() as logged:
        async with tasks_answering(clean.nats_url("tasks"), tap):
            wanted = b'{"last_by_subj": "$KV.sessions.abc"}'
            await notifier.client.publish("$JS.API.DIRECT.GET.KV_sessions", wanted, reply=TAP)

            async def noticed() -> bool:
                """the line in the log"""
                return "an event was brought as a question" in [line["event"] for line in logged]

            await eventually(noticed)
    await notifier.stop()
    assert not pressed


@pytest.mark.parametrize(
    "trouble",
    [
        asyncpg.ConnectionDoesNotExistError("away"),
        OSError("connection refused"),
        Refused("Others are changing this.", Why.UNAVAILABLE),
    ],
)
async def test_a_database_that_is_away_counts_as_absence(
    asking: Bus, clean: Servers, trouble: Exception
) -> None:
    """It passes, so the question is worth asking again; and nobody waits for a timeout to learn so."""

    async def away(_: Tap) -> TapAnswer:
        raise trouble

    for_ever = 10 * PATIENCE  # seconds that a question without an answer would wait
    async with tasks_answering(clean.nats_url(), away), asyncio.timeout(PATIENCE):
        with pytest.raises(Refused, match="does not answer") as refused:
            await asking.request(TAP, PRESSED, TapAnswer, timeout=for_ever)
    assert refused.value.why is Why.UNAVAILABLE
