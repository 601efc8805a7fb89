"""Asking and answering across services."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from faststream.nats import NatsRouter

from local.servers import Servers
from shared.bus import Bus, answers
from shared.contract.task import TAP, Action, Tap, TapAnswer, Verdict
from shared.refusal import Refused, Why

PRESSED = Tap(UUID(int=7), 1042, 1, 7001, Action.ACCEPT)


@pytest.fixture
async def asking(clean: Servers) -> AsyncIterator[Bus]:
    bus = Bus("bot-gateway", clean.nats_url)
    await bus.start()
    yield bus
    await bus.stop()


async def test_a_question_is_answered_with_a_struct(asking: Bus, clean: Servers) -> None:
    """As a tap is carried from the bot-gateway to tasks."""

    async def tap(pressed: Tap) -> TapAnswer:
        assert pressed == PRESSED
        return TapAnswer(Verdict.DONE, "You accepted task #1042.")

    router = NatsRouter()
    answers(router, TAP, Tap, tap, queue="tasks")
    answering = Bus("tasks", clean.nats_url)
    answering.broker.include_router(router)
    await answering.start()
    await answering.serve()
    assert await asking.request(TAP, PRESSED, TapAnswer) == TapAnswer(
        Verdict.DONE, "You accepted task #1042."
    )
    await answering.stop()


async def test_without_an_answer_it_is_refused_with_a_sentence(asking: Bus) -> None:
    """Nobody serves `tasks` at the moment."""
    with pytest.raises(Refused, match="does not answer") as refused:
        await asking.request(TAP, PRESSED, TapAnswer)
    assert refused.value.why is Why.UNAVAILABLE
