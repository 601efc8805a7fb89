"""The bus goes away at the wrong moment: nobody is refused by what is no longer so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.journeys.test_workflow import INVOICE, joined
from tests.people import Json, eventually
from tests.running import Callout

pytestmark = pytest.mark.slow


@asynccontextmanager
async def without_bus(callout: Callout) -> AsyncIterator[None]:
    await callout.servers.kill_nats()
    try:
        yield
    finally:
        await callout.servers.start_nats()


def told_later(answer: httpx.Response, about: str) -> None:
    """It says what is on its way, and when to ask again."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"].isdigit()
    assert "is still on its way here" in answer.text
    assert about in answer.text


async def at_last(ask: Callable[[], Awaitable[httpx.Response]]) -> Json:
    """What is answered as soon as the news has come; until then it is always said that they are on their way."""

    async def look() -> Json | None:
        answer = await ask()
        look.__doc__ = f"an answer (the last was {answer.status_code} {answer.text})"
        if answer.status_code == 503:
            return None
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {"answered": True}

    found: Json = await eventually(look)
    return found


async def in_progress(callout: Callout) -> int:
    """A task of Sami's that everybody knows to be under way."""
    office = callout.office
    sami = await joined(callout)
    number = await office.task(technician_id=sami.id)
    await office.call("PUT", f"/api/tasks/{number}/status", {"status": "in_progress"})

    async def known() -> bool:
        """invoices to know that it is under way"""
        return "is in progress" in (await office.http.get(f"/invoices/new?task={number}")).text

    await eventually(known)
    return number


async def test_an_invoice_of_a_task_that_was_completed_while_the_bus_was_away(fresh: Callout) -> None:
    """Its page says completed; whoever then makes its invoice, by the API or in the form, is never told that it is in
    progress. The same request is carried out once the bus is back, as the first of its key."""
    office = fresh.office
    number = await in_progress(fresh)
    order, key = INVOICE | {"task_id": number}, {"Idempotency-Key": "bill-it"}
    typed = {"task_id": f"{number}", "currency": "EUR", "lines.0.description": "Two hours", "lines.0.quantity": "2",
             "lines.0.unit_price": "64.00"}  # fmt: skip
    async with without_bus(fresh):
        await office.call("PUT", f"/api/tasks/{number}/status", {"status": "completed"})
        version = (await office.sees_task(number, status="completed"))["version"]
        about = f"news of task #{number}"
        told_later(await office.http.post("/api/invoices", json=order, headers=key), about)
        answer = await office.http.post("/invoices", data=typed)
        told_later(answer, about)
        assert 'value="Two hours"' in answer.text
        for page in (
            answer.text,
            (await office.http.get(f"/invoices/new?task={number}")).text,
            (await office.http.post("/invoices/totals", data=typed)).text,
            (await office.http.get(f"/invoices/for-task/{number}?version={version}")).text,
        ):
            assert about in page
            assert "is in progress" not in page
            assert "once the task is completed" not in page
        unknown = await office.task()
        told_later(await office.http.post("/api/invoices", json=order | {"task_id": unknown}), f"#{unknown}")
    made = await at_last(lambda: office.http.post("/api/invoices", json=order, headers=key))
    assert (await office.post("/api/invoices", order, headers=key))["id"] == made["id"]
    shown = await office.http.get(f"/invoices/for-task/{number}?version={version}")
    assert f'href="/invoices/new?task={number}"' in shown.text
    assert await office.refused("POST", "/api/invoices", order | {"task_id": 999_999}) == (
        422, "There is no task #999999.",
    )  # fmt: skip


async def test_technicians_who_came_and_came_back_while_the_bus_was_away(fresh: Callout) -> None:
    """Nobody is told that they are unknown, paused or deleted; each request has its effect once the news has come."""
    office = fresh.office
    sami = await joined(fresh)
    await office.call("PATCH", f"/api/technicians/{sami.id}", {"status": "deactivated"})
    await office.knows(sami, status="deactivated")
    number = await office.task()
    async with without_bus(fresh):
        await office.call("PATCH", f"/api/technicians/{sami.id}", {"status": "active"})
        lena = await fresh.phones.person("Lena Fischer")
        await lena.start()

        async def joined_there() -> bool:
            return (await office.http.get(f"/api/technicians/{lena.id}")).is_success

        await eventually(joined_there)
        for person in (sami, lena):
            body = {"technician_id": person.id}
            told_later(await office.http.post(f"/api/tasks/{number}/assignment", json=body), "technician")
            new = {"title": "Boiler leaks", "client": {"name": "Mrs. Okonkwo"}} | body
            told_later(await office.http.post("/api/tasks", json=new), "technician")
            typed = {"title": "Boiler leaks", "client": "Mrs. Okonkwo", "technician_id": f"{person.id}"}
            answer = await office.http.post("/tasks", data=typed)
            told_later(answer, "technician")
            assert 'value="Boiler leaks"' in answer.text
            answer = await office.http.post(f"/tasks/{number}/assignment", data=body)
            told_later(answer, "technician")
    for person in (lena, sami):
        body = {"technician_id": person.id}
        key = {"Idempotency-Key": f"give it to {person.id}"}
        path = f"/api/tasks/{number}/assignment"
        given = await at_last(lambda: office.http.post(path, json=body, headers=key))  # noqa: B023 - awaited here
        assert given["technician"]["id"] == person.id


async def test_what_rests_on_a_holder_who_came_back_while_the_bus_was_away(fresh: Callout) -> None:
    """Sending to a paused technician, sending client info, an invoice to somebody who had blocked the bot."""
    office = fresh.office
    sami = await joined(fresh)
    number = await office.task(technician_id=sami.id)
    ready = await office.task(technician_id=sami.id)
    await office.call("PUT", f"/api/tasks/{ready}/status", {"status": "accepted"})
    billed = await office.task(technician_id=sami.id)
    await office.call("PUT", f"/api/tasks/{billed}/status", {"status": "completed"})
    invoice = (await office.bills(billed, INVOICE))["id"]
    await office.call("PATCH", f"/api/technicians/{sami.id}", {"status": "deactivated"})
    await office.knows(sami, status="deactivated")
    paths = {
        "send": f"/api/tasks/{number}/dispatch",
        "client info": f"/api/tasks/{ready}/client-info",
        "invoice": f"/api/invoices/{invoice}/dispatch",
    }

    async def refused() -> bool:
        """invoices to know that Sami is paused"""
        return (await office.http.post(paths["invoice"])).status_code == 409

    await eventually(refused)
    async with without_bus(fresh):
        await office.call("PATCH", f"/api/technicians/{sami.id}", {"status": "active"})
        for path in paths.values():
            told_later(await office.http.post(path), "technician")
        told_later(await office.http.post(f"/tasks/{number}/dispatch"), "technician")
        told_later(await office.http.post(f"/invoices/{invoice}/dispatch"), "technician")
    for path in paths.values():
        await at_last(lambda: office.http.post(path))  # noqa: B023 - awaited here


async def test_the_report_of_a_task_that_was_created_while_the_bus_was_away(fresh: Callout) -> None:
    """It is not said to be missing; nor is there nothing to delete."""
    office = fresh.office
    async with without_bus(fresh):
        number = await office.task()
        for path in (f"/api/reports/tasks/{number}", f"/reports/{number}", f"/reports/{number}/document"):
            told_later(await office.http.get(path), f"news of task #{number}")
        told_later(await office.http.delete(f"/api/reports/tasks/{number}"), f"#{number}")
    report = await at_last(lambda: office.http.get(f"/api/reports/tasks/{number}"))
    assert report["task"]["id"] == number
    await at_last(lambda: office.http.delete(f"/api/reports/tasks/{number}"))
    assert (await office.refused("GET", "/api/reports/tasks/999999"))[0] == 404
