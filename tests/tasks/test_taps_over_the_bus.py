"""What technicians press, as the bot-gateway asks for it over the real bus."""

import asyncio
from uuid import uuid4

import httpx

from shared.contract.task import Action, Verdict
from tests.tasks.conftest import (
    Office,
    new_task,
    said,
)
from tests.tasks.examples import YASMIN


async def test_the_same_tap_twice_is_one_event(office: Office, admin: httpx.AsyncClient) -> None:
    """A stored tap that is handled again after a crash gets its first answer."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    command = uuid4()
    first = await office.tap(number, Action.REJECT, command_id=command, reason="Too far")
    assert await office.tap(number, Action.REJECT, command_id=command, reason="Too far") == first
    assert await office.events(f"task.{number}") == [
        "TaskCreated",
        "TaskAssigned",
        "TaskSent",
        "TaskRejected",
        "RejectionExplained",
    ]


async def test_a_reason_turns_no_text_around(office: Office, admin: httpx.AsyncClient) -> None:
    """A technician's words are kept without what is invisible in them."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT)
    await office.tap(number, Action.EXPLAIN, reason="\u202etoo\x00 far\u2069, \nby car ")
    sql = "SELECT data->>'reason' FROM events WHERE type = 'RejectionExplained'"
    assert await office.service.pool.fetchval(sql) == "too far, \nby car"


async def test_ten_taps_at_once_are_one_acceptance(office: Office, admin: httpx.AsyncClient) -> None:
    """Whoever hammers the button accepts once."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    verdicts = [
        a.verdict for a in await asyncio.gather(*(office.tap(number, Action.ACCEPT) for _ in range(10)))
    ]
    assert sorted(verdicts) == [Verdict.ALREADY] * 9 + [Verdict.DONE]
