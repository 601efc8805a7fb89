"""What a technician presses is stored before it is confirmed, and handled once, whatever dies or breaks in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from faststream.nats import NatsRouter

from bot_gateway.telegram import courier, dialogue, effects, inbox
from bot_gateway.telegram.metrics import SET_ASIDE
from local.phone import BOT_ID
from shared.bus import Bus, answers
from shared.contract.task import (
    CLIENT_INFO,
    TAP,
    Action,
    ClientInfoAnswer,
    ClientInfoRequest,
    ClientInfoSent,
    Tap,
    TapAnswer,
    TaskAccepted,
)
from shared.language import _, speaking
from shared.sentences import kept_failing, stored
from shared.tracing import Span
from tests.bot_gateway.conftest import Gateway
from tests.people import Person, eventually


async def test_a_press_while_tasks_is_down_is_saved_and_confirmed(gateway: Gateway, yasmin: Person) -> None:
    """Answered at once, carried out once when tasks is back, and confirmed by a message; in order."""
    info = await gateway.sent(yasmin)
    await gateway.desk.close()
    assert "Saved" in await yasmin.presses(info, "Accept")
    assert "Saved" in await yasmin.taps(info, "t:1042:1:complete")
    await yasmin.says("/help")  # what needs no tasks is answered meanwhile
    await yasmin.sees("You get your tasks here")
    await gateway.desk.open()
    await yasmin.sees("You accepted the task.")
    await yasmin.sees("Well done.")
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT), (1042, 1, Action.COMPLETE)]


async def test_a_press_that_has_to_wait_stays_in_its_trace(
    gateway: Gateway, yasmin: Person, spans: list[Span]
) -> None:
    """However often it is taken again, and as far as the answer that it gets in the end."""
    info = await gateway.sent(yasmin)
    await gateway.desk.close()
    assert "Saved" in await yasmin.presses(info, "Accept")
    await gateway.desk.open()
    await yasmin.sees("You accepted the task.")
    update = await gateway.service.pool.fetchval("SELECT max(update_id) FROM updates WHERE promised")

    def taken() -> list[Span]:
        return [each for each in spans if each.attributes.get("update_id") == update]

    async def answered() -> bool:
        """the same update twice, and an answer in its trace"""
        trace_ids = {each.trace.trace_id for each in taken()[:1]}
        answers = [each for each in spans if each.name == "telegram sendMessage"]
        return len(taken()) > 1 and any(each.trace.trace_id in trace_ids for each in answers)

    await eventually(answered)
    first, *more = taken()
    assert all(again.after == first.trace for again in more)


async def test_killed_between_a_press_and_its_handling(gateway: Gateway, yasmin: Person) -> None:
    """The update was stored; after the restart it has its effect, once."""
    info = await gateway.sent(yasmin)
    await gateway.desk.close()
    await yasmin.presses(info, "Accept")
    await gateway.restart(kill=True)
    assert gateway.desk.done() == []
    await gateway.desk.open()
    await yasmin.sees("You accepted the task.")
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT)]


async def test_killed_when_it_had_just_said_saved(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press is answered once, and this one was: so the confirmation is a message all the same."""
    info = await gateway.sent(yasmin)
    await gateway.desk.close()
    promise = dialogue.Dialogue.promise

    async def no_further(speaking: dialogue.Dialogue, stored: effects.Stored) -> None:
        await promise(speaking, stored)
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(dialogue.Dialogue, "promise", no_further)
        assert "Saved" in await yasmin.presses(info, "Accept")
    await gateway.desk.open()
    await gateway.restart(kill=True)
    await yasmin.sees("You accepted the task.")
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT)]


async def test_killed_after_tasks_has_acted(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handled again under the same command id: one effect, one answer."""
    info = await gateway.sent(yasmin)
    broken: list[Any] = []

    async def break_once(*given: Any) -> None:
        if not broken:
            broken.append(given)
            raise RuntimeError("killed here")
        await effects.write(*given)

    monkeypatch.setattr(dialogue, "write", break_once)
    await yasmin.presses(info, "Reject")
    await yasmin.sees("Why not?")
    assert len(gateway.desk.taps) == 2
    assert gateway.desk.done() == [(1042, 1, Action.REJECT)]
    assert sum("Why not?" in message["text"] for message in await yasmin.messages()) == 1


async def test_an_update_that_breaks_is_set_aside_and_later_ones_flow(
    gateway: Gateway, yasmin: Person
) -> None:
    """What no version of us could parse, before a press of the same chat."""
    poison = {"update_id": 1, "message": {"chat": {"id": yasmin.id}, "message_id": "the boiler leaks"}}
    await gateway.service.pool.execute(
        "INSERT INTO updates (bot_id, update_id, chat_id, body) VALUES ($1, 1, $2, $3)",
        BOT_ID,
        yasmin.id,
        json.dumps(poison).encode(),
    )
    await yasmin.says("/help")
    await yasmin.sees("You get your tasks here")
    aside = await gateway.service.pool.fetchrow(
        "SELECT trouble, set_aside_at FROM updates WHERE update_id = 1 AND bot_id = $1", BOT_ID
    )
    assert aside is not None
    assert aside["set_aside_at"] is not None
    assert aside["trouble"].startswith("Unreadable: ")
    assert "$.message.message_id" in aside["trouble"]
    assert "boiler" not in aside["trouble"]


@asynccontextmanager
async def broken_tasks(gateway: Gateway) -> AsyncIterator[None]:
    """It is there, and breaks at whatever concerns task 1042."""

    async def tap(pressed: Tap) -> TapAnswer:
        if pressed.task == 1042:
            raise ValueError("a fault of ours")
        return gateway.desk.verdict(pressed)

    async def client_info(_: ClientInfoRequest) -> ClientInfoAnswer:
        raise ValueError("a fault of ours")

    router = NatsRouter()
    answers(router, TAP, Tap, tap, queue="tasks")
    answers(router, CLIENT_INFO, ClientInfoRequest, client_info, queue="tasks")
    await gateway.desk.close()
    broken = Bus("tasks", gateway.settings.nats)
    broken.broker.include_router(router)
    await broken.start()
    await broken.serve()
    try:
        yield
    finally:
        await broken.stop()


async def test_a_press_that_breaks_tasks_is_set_aside_and_later_ones_flow(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The technician is told, instead of "saved" for ever; what broke is kept with its error."""
    monkeypatch.setattr(inbox, "FAULTS", 2)
    info, other = await gateway.sent(yasmin), await gateway.sent(yasmin, 1043)
    counted = SET_ASIDE._value.get()
    async with broken_tasks(gateway):
        assert "on our side" in await yasmin.presses(info, "Accept")
        assert await yasmin.presses(other, "Accept") == "You accepted the task."
    assert SET_ASIDE._value.get() == counted + 1
    [aside] = await gateway.service.pool.fetch(
        "SELECT faults, trouble FROM updates WHERE set_aside_at IS NOT NULL"
    )
    assert aside["faults"] == 2
    assert aside["trouble"].startswith("AnswerBroke")


async def test_client_info_whose_answer_breaks_has_failed_in_the_end(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries the admin is told, instead of "queued" for ever."""
    monkeypatch.setattr(courier, "TRIES", 2)
    await gateway.sent(yasmin)
    async with broken_tasks(gateway):
        await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1), ClientInfoSent(yasmin.id, 1, 12))
        [failed] = await gateway.told("DeliveryFailed")
    assert failed["reason"] == kept_failing(courier.BROKE)
    with speaking("ar"):
        assert _(courier.BROKE) in stored(failed["reason"])
        assert "kept failing" not in stored(failed["reason"])


async def test_the_same_update_twice_is_one(gateway: Gateway, yasmin: Person) -> None:
    """Telegram gives again what was not confirmed."""
    pool = gateway.service.pool
    await gateway.quiet()
    before = await pool.fetchval("SELECT count(*) FROM updates")
    copied = """
        INSERT INTO updates (bot_id, update_id, chat_id, body) SELECT bot_id, update_id, chat_id, body FROM updates
        ON CONFLICT (bot_id, update_id) DO NOTHING
    """
    await pool.execute(copied)
    assert await pool.fetchval("SELECT count(*) FROM updates") == before
