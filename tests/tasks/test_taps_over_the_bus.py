"""What technicians press, as the bot-gateway asks for it over the real bus."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from shared.contract.task import Action, Verdict
from shared.contract.technician import TechnicianDeleted
from tests.tasks.conftest import (
    Office,
    new_task,
    said,
)
from tests.tasks.examples import BRUNO, PRESSED, YASMIN


def pressed(seconds: float) -> dict[str, Any]:
    """*Wrong button*, so many seconds after Reject."""
    return {"rejected_at": PRESSED, "at": PRESSED + timedelta(seconds=seconds)}


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


async def test_a_rejection_is_taken_back_and_the_offer_stands_again(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """The task is sent as it was, its rows forget the rejection and the reason, and the same offer can be accepted."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT, reason="Too far")
    answer = await office.tap(number, Action.TAKE_BACK, **pressed(59))
    assert (answer.verdict, answer.call_office) == (Verdict.DONE, False)
    assert (await office.tap(number, Action.TAKE_BACK, **pressed(59))).verdict is Verdict.ALREADY
    assert (await office.events(f"task.{number}"))[-2:] == ["RejectionExplained", "RejectionTakenBack"]
    task = await said(admin.get(f"/api/tasks/{number}"))
    assert (task["status"], task["offer"]) == ("sent", 1)
    row = await office.service.pool.fetchrow("SELECT rejected_at, reason FROM offers WHERE task = $1", number)
    assert row is not None
    assert tuple(row) == (None, None)
    assert (await office.tap(number, Action.ACCEPT)).verdict is Verdict.DONE
    refused = await office.tap(number, Action.TAKE_BACK, **pressed(59))
    assert (refused.verdict, refused.call_office) == (Verdict.REFUSED, True)


async def test_a_rejection_stays_after_a_minute_and_once_somebody_else_has_the_task(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """Both are said, and neither leaves an event."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT)
    late = await office.tap(number, Action.TAKE_BACK, **pressed(61))
    assert (late.verdict, late.call_office) == (Verdict.REFUSED, True)
    assert "one minute" in late.sentence
    await said(admin.post(f"/api/tasks/{number}/assignment", json={"technician_id": BRUNO}))
    gone = await office.tap(number, Action.TAKE_BACK, **pressed(5))
    assert "The office has gone on" in gone.sentence
    assert (await office.events(f"task.{number}"))[-1] == "TaskAssigned"


async def test_whoever_was_deleted_takes_nothing_back(office: Office, admin: httpx.AsyncClient) -> None:
    """A rejected task is not freed of them, so it would be held by nobody who is there."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.REJECT)
    await office.hears("technician", YASMIN, TechnicianDeleted())
    answer = await office.tap(number, Action.TAKE_BACK, **pressed(5))
    assert (answer.verdict, answer.sentence) == (Verdict.REFUSED, "This offer is no longer yours.")
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "rejected"


async def test_ten_taps_at_once_are_one_acceptance(office: Office, admin: httpx.AsyncClient) -> None:
    """Whoever hammers the button accepts once."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    verdicts = [
        a.verdict for a in await asyncio.gather(*(office.tap(number, Action.ACCEPT) for _ in range(10)))
    ]
    assert sorted(verdicts) == [Verdict.ALREADY] * 9 + [Verdict.DONE]
