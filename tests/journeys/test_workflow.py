"""The whole workflow, in the shape of one process and of five, as its users were promised it."""

import asyncio
import time
from typing import Any

import httpx

from tests.people import PRIVATE, Json, Person, buttons, eventually
from tests.running import Callout

HELP = "shows your open tasks again"
"""What the bot says to /help, and to nothing else."""


async def joined(callout: Callout, name: str = "Sami Haddad") -> Person:
    """A technician who pressed Start and is in the list."""
    person = await callout.phones.person(name)
    await person.start()
    await callout.office.knows(person)
    return person


async def sent(callout: Callout, person: Person) -> tuple[int, Json]:
    """A task that was sent to this technician, and the message that came of it."""
    number = await callout.office.task(technician_id=person.id)
    await callout.office.post(f"/api/tasks/{number}/dispatch")
    return number, await person.sees(f"#{number}", button="Accept")


async def accepted(callout: Callout, person: Person) -> tuple[int, Json]:
    number, message = await sent(callout, person)
    await person.presses(message, "Accept")
    await callout.office.sees_task(number, status="accepted")
    return number, message


async def completed(callout: Callout, person: Person) -> int:
    number, _ = await accepted(callout, person)
    await callout.office.post(f"/api/tasks/{number}/client-info")
    card = await person.sees("Okonkwo", button="Completed")
    await person.presses(card, "Completed")
    await callout.office.sees_task(number, status="completed")
    return number


async def test_from_start_to_a_paid_invoice(callout: Callout) -> None:
    """Every step has its effect, its notification, its line in the audit log and its place in the report."""
    office = callout.office
    async with office.screen() as screen:
        sami = await callout.phones.person("Sami Haddad")
        await sami.start()
        added = await screen.shows("technician_added", "Sami Haddad")
        assert [action["label"] for action in added["actions"]] == ["Review / edit", "Keep as is"]

        number = await office.task(technician_id=sami.id)
        await screen.shows("task_created", f"#{number}")
        offer = await office.post(f"/api/tasks/{number}/dispatch")
        assert offer["offer"] == 1
        await screen.shows("task_sent", f"#{number}")
        info = await sami.sees(f"#{number}", "Boiler makes no hot water", "Harbour district", button="Accept")
        assert any("Reject" in name for name in buttons(info))
        assert not any(secret in info["text"] for secret in (*PRIVATE, "Okonkwo"))
        await office.sees_task(number, status="sent", delivery__task_info="sent")

        await sami.presses(info, "Accept")
        told = await screen.shows("task_accepted", f"#{number}", "Sami Haddad")
        assert [action["label"] for action in told["actions"]] == ["Send client info"]
        await office.sees_task(number, status="accepted")

        await office.post(f"/api/tasks/{number}/client-info")
        await screen.shows("client_info_sent", f"#{number}", "Mrs. Okonkwo")
        card = await sami.sees("Mrs. Okonkwo", *PRIVATE, button="Mark as Completed")
        assert card["protect"]
        await office.sees_task(number, status="in_progress", delivery__client_info="sent")

        await sami.presses(card, "Mark as Completed")
        told = await screen.shows("task_completed", f"#{number}")
        assert [action["label"] for action in told["actions"]] == ["Create invoice"]
        await office.sees_task(number, status="completed")

        invoice = await office.bills(number, INVOICE)
        assert (invoice["status"], invoice["total"]) == ("pending", "234.26")
        await screen.shows("invoice_created", f"#{invoice['id']}")
        await office.post(f"/api/invoices/{invoice['id']}/dispatch")
        await screen.shows("invoice_sent", f"#{invoice['id']}")
        document = await sami_document(sami)
        assert document["name"].endswith(".pdf")
        pdf = await callout.phones.http.get(document["url"])
        assert pdf.content.startswith(b"%PDF")
        await office.call("PUT", f"/api/invoices/{invoice['id']}/status", {"status": "paid"})
        await screen.shows("invoice_status_changed", f"#{invoice['id']}", "paid")
        assert (await office.get(f"/api/invoices/{invoice['id']}"))["status"] == "paid"

    await the_report_tells_it_all(office, number, sami, invoice["id"])
    await the_audit_log_has_every_step(office, number)


INVOICE: Json = {
    "currency": "EUR",
    "lines": [
        {"description": "Two hours of work", "quantity": "2.5", "unit_price": "64.00"},
        {"description": "Pressure sensor", "quantity": "1", "unit_price": "36.86"},
    ],
    "tax_percent": "19",
}
"""160.00 + 36.86 = 196.86; 19 % of it are 37.40, rounded half up from 37.4034."""


async def sami_document(sami: Person) -> Json:
    async def look() -> Json | None:
        return next((message["document"] for message in await sami.messages() if message["document"]), None)

    look.__doc__ = "the invoice as a document"
    found: Json = await eventually(look)
    return found


async def the_report_tells_it_all(office: Any, number: int, sami: Person, invoice: int) -> None:
    async def complete() -> Json | None:
        """the report with a paid invoice"""
        answer = await office.http.get(f"/api/reports/tasks/{number}")
        if answer.is_success and [one["status"] for one in answer.json()["invoices"]] == ["paid"]:
            report: Json = answer.json()
            return report
        return None

    report = await eventually(complete)
    assert report["task"]["title"] == "Boiler makes no hot water"
    assert [(one["response"], one["offer"]) for one in report["responses"]] == [
        ("accepted", 1),
        ("completed", 1),
    ]
    steps = [(one["from"], one["to"]) for one in report["status_history"]]
    assert [to for _, to in steps] == ["new", "assigned", "sent", "accepted", "in_progress", "completed"]
    assert [before for before, _ in steps[1:]] == [to for _, to in steps[:-1]]
    assert report["invoices"][0]["id"] == invoice
    assert not any(secret in str(report) for secret in PRIVATE)


async def the_audit_log_has_every_step(office: Any, number: int) -> None:
    audit = (await office.get(f"/api/audit?task={number}&limit=200"))["items"]
    sentences = " | ".join(line["sentence"] for line in reversed(audit))
    for words in ("created", "sent", "accepted", "client info", "completed"):
        assert words in sentences, sentences
    assert not any(secret in str(audit) for secret in PRIVATE)


async def test_start_pressed_ten_times_at_once_makes_one_technician(callout: Callout) -> None:
    """And one notification."""
    async with callout.office.screen() as screen:
        lena = await callout.phones.person("Lena Fischer", f"lena_{time.monotonic_ns()}")
        await asyncio.gather(*(lena.start() for _ in range(10)))
        await screen.shows("technician_added", "Lena Fischer")
        await lena.says("/help")
        await lena.sees(HELP)  # her chat is handled in order, so all ten are
        listed = (await callout.office.get("/api/technicians?limit=200"))["items"]
        [first] = [one for one in listed if one["telegram_id"] == lena.id]
        assert (first["name"], first["username"]) == ("Lena Fischer", lena.username)
        assert first["profile_link"] == f"https://t.me/{lena.username}"
        assert screen.count("technician_added", "Lena Fischer") == 1


async def test_a_rejected_task_goes_to_another_technician(callout: Callout) -> None:
    """The admins hear of it at once; the first one's buttons are dead and say so."""
    office = callout.office
    sami, lena = await joined(callout), await joined(callout, "Lena Fischer")
    async with office.screen() as screen:
        number, message = await sent(callout, sami)
        data = buttons(message)
        await sami.presses(message, "Reject")
        told = await screen.shows("task_rejected", f"#{number}", "Sami Haddad")
        assert [action["label"] for action in told["actions"]] == ["Reassign"]
        await office.sees_task(number, status="rejected")

        await office.post(f"/api/tasks/{number}/assignment", {"technician_id": lena.id})
        assert (await office.post(f"/api/tasks/{number}/dispatch"))["offer"] == 2
        second = await lena.sees(f"#{number}", button="Accept")
        popped = await sami.taps(message, next(d for name, d in data.items() if "Accept" in name))
        assert "no longer" in popped
        await office.sees_task(number, status="sent", technician__id=lena.id)
        await lena.presses(second, "Accept")
        await office.sees_task(number, status="accepted", technician__id=lena.id)
        await screen.shows("task_accepted", f"#{number}", "Lena Fischer")
        assert screen.count("task_accepted", f"#{number}") == 1


async def test_an_offer_taken_back_is_dead_and_says_so(callout: Callout) -> None:
    """Assigned to another technician while the first has not answered."""
    sami, lena = await joined(callout), await joined(callout, "Lena Fischer")
    number, message = await sent(callout, sami)
    await callout.office.post(f"/api/tasks/{number}/assignment", {"technician_id": lena.id})

    async def without_buttons() -> bool:
        """the message without its buttons"""
        return not any(
            buttons(one) for one in await sami.messages() if one["message_id"] == message["message_id"]
        )

    await eventually(without_buttons)
    for button in buttons(message).values():
        assert "no longer" in await sami.taps(message, button)
    await callout.office.sees_task(number, status="assigned", technician__id=lena.id)


async def test_client_info_before_acceptance_can_be_sent_by_no_route(callout: Callout) -> None:
    """Refused in every status before, with a sentence."""
    sami = await joined(callout)
    office = callout.office
    number = await office.task()
    for prepare in ("", "assignment", "dispatch"):
        if prepare:
            await office.post(f"/api/tasks/{number}/{prepare}", {"technician_id": sami.id})
        status, sentence = await office.refused("POST", f"/api/tasks/{number}/client-info")
        assert status == 409
        assert sentence
    message = await sami.sees(f"#{number}", button="Reject")
    await sami.presses(message, "Reject")
    await office.sees_task(number, status="rejected")
    assert (await office.refused("POST", f"/api/tasks/{number}/client-info"))[0] == 409
    assert not any("Okonkwo" in one["text"] for one in await sami.messages())


async def test_taken_over_after_client_info_the_first_card_disappears(callout: Callout) -> None:
    """Another technician gets the task, so the first one's client data is deleted from the chat."""
    sami, lena = await joined(callout), await joined(callout, "Lena Fischer")
    number, _ = await accepted(callout, sami)
    await callout.office.post(f"/api/tasks/{number}/client-info")
    await sami.sees("Okonkwo")
    await callout.office.post(f"/api/tasks/{number}/assignment", {"technician_id": lena.id})

    async def gone() -> bool:
        """the client card's deletion"""
        return not any("Okonkwo" in one["text"] for one in await sami.messages())

    await eventually(gone)


async def test_what_was_sent_follows_the_office_and_another_client_takes_it_back(callout: Callout) -> None:
    """A new time and number reach the card, and ring; of another client nothing is there until the office sends it."""
    office, sami = callout.office, await joined(callout)
    number, _ = await accepted(callout, sami)
    await office.post(f"/api/tasks/{number}/client-info")
    card = await sami.sees("Okonkwo", button="Completed")
    moved = {"scheduled_at": "2026-12-03T07:00:00+00:00"}
    await office.call("PATCH", f"/api/tasks/{number}", moved)
    await sami.sees(f"Task #{number} has changed", "09:30 → ", "07:00", after=card["message_id"])
    await office.sees_task(number, delivery__change="sent")
    client = (await office.get(f"/api/tasks/{number}"))["client"]["id"]
    await office.call("PATCH", f"/api/clients/{client}", {"phone": "+44 20 7946 0999"})
    note = await sami.sees("client's data has changed", "7946 0999", after=card["message_id"])
    assert note["protect"]
    edited = await sami.sees("12 Quay Street", "7946 0999", "07:00", button="Completed")
    assert edited["message_id"] == card["message_id"]

    hotel = (await office.post("/api/clients", {"name": "Hotel Astoria", "phone": "+44 20 7946 0777"}))["id"]
    await office.call("PATCH", f"/api/tasks/{number}", {"client_id": hotel})
    await sami.sees("another client now", after=note["message_id"])
    await office.sees_task(number, status="in_progress", delivery__client_info=None)

    async def taken_back() -> bool:
        """the end of all that held the first client's data"""
        return not any("7946" in each["text"] for each in await sami.messages())

    await eventually(taken_back)
    await office.post(f"/api/tasks/{number}/client-info")
    await sami.sees("Hotel Astoria", "7946 0777", button="Completed")
    await office.sees_task(number, delivery__client_info="sent")


async def test_a_completed_task_can_be_sent_again(callout: Callout) -> None:
    """To the same technician, as a new offer."""
    sami = await joined(callout)
    number = await completed(callout, sami)
    assert (await callout.office.post(f"/api/tasks/{number}/dispatch"))["offer"] == 2
    await callout.office.sees_task(number, status="sent", offer=2)


async def test_a_status_can_be_set_by_hand(callout: Callout) -> None:
    """Into what makes sense; the rest is refused with a sentence and changes nothing."""
    sami = await joined(callout)
    office = callout.office
    async with office.screen() as screen:
        number = await office.task()
        status, sentence = await office.refused("PUT", f"/api/tasks/{number}/status", {"status": "completed"})
        assert status == 409
        assert "technician" in sentence
        await office.post(f"/api/tasks/{number}/assignment", {"technician_id": sami.id})
        await office.call("PUT", f"/api/tasks/{number}/status", {"status": "completed"})
        await office.sees_task(number, status="completed")
        await screen.shows("task_status_changed", f"#{number}")
        assert (await office.refused("PUT", f"/api/tasks/{number}/status", {"status": "finished"}))[0] == 422


async def test_everything_can_be_deleted_with_a_trace(callout: Callout) -> None:
    """Technician, task, report, invoice: each deletion is notified and logged."""
    office = callout.office
    sami = await joined(callout)
    number = await completed(callout, sami)
    invoice = (await office.bills(number, INVOICE))["id"]
    await office.knows_report(number)
    async with office.screen() as screen:
        await office.call("DELETE", f"/api/invoices/{invoice}")
        await screen.shows("invoice_deleted", f"#{invoice}")
        await office.call("DELETE", f"/api/reports/tasks/{number}")
        await screen.shows("report_deleted", f"#{number}")
        await office.call("DELETE", f"/api/tasks/{number}")
        await screen.shows("task_deleted", f"#{number}")
        await office.call("DELETE", f"/api/technicians/{sami.id}")
        await screen.shows("technician_deleted", "Sami Haddad")
    for path in (f"/api/invoices/{invoice}", f"/api/reports/tasks/{number}", f"/api/tasks/{number}"):
        assert (await office.refused("GET", path))[0] == 404

    async def logged() -> bool:
        """four deletions in the audit log"""
        lines = (await office.get("/api/audit?limit=200"))["items"]
        return sum("deleted" in line["sentence"] for line in lines) >= 4

    await eventually(logged)


async def test_deleting_a_technician_withdraws_the_offer_and_frees_the_task(callout: Callout) -> None:
    """The task can be assigned again; the old buttons answer that they are dead."""
    sami = await joined(callout)
    number, message = await sent(callout, sami)
    await callout.office.call("DELETE", f"/api/technicians/{sami.id}")
    await callout.office.sees_task(number, status="new", technician=None)
    data = next(iter(buttons(message).values()))
    assert await sami.taps(message, data)
    await callout.office.sees_task(number, status="new")
    lena = await joined(callout, "Lena Fischer")
    await callout.office.post(f"/api/tasks/{number}/assignment", {"technician_id": lena.id})


async def test_nothing_answers_without_a_session_or_token(callout: Callout) -> None:
    """But the login page, health and static files; metrics and readiness say nothing private."""
    async with httpx.AsyncClient() as stranger:
        for service, paths in {
            "tasks": ["/tasks", "/api/tasks", "/clients", "/api/tasks/1001"],
            "bot-gateway": ["/technicians", "/api/technicians", "/settings/telegram"],
            "invoices": ["/invoices", "/api/invoices", "/invoices/for-task/1001"],
            "notifier": ["/admins", "/settings", "/notifications", "/api/notifications"],
            "reporting": ["/", "/reports", "/audit", "/api/audit", "/audit.csv"],
        }.items():
            for path in paths:
                answer = await stranger.get(callout.addresses[service] + path)
                where = answer.headers.get("location", "")
                assert answer.status_code == 401 or (
                    answer.status_code == 303 and where.startswith("/login")
                ), path
        assert (await stranger.get(callout.url + "/login")).status_code == 200
        assert (await stranger.get(callout.url + "/health")).status_code == 200


async def test_the_same_request_twice_has_one_effect(callout: Callout) -> None:
    """With the same Idempotency-Key the first answer comes again."""
    key = {"Idempotency-Key": "form-7781"}
    first = await callout.office.post(
        "/api/tasks", {"title": "Leak", "client": {"name": "Mr. Ode"}}, headers=key
    )
    again = await callout.office.post(
        "/api/tasks", {"title": "Leak", "client": {"name": "Mr. Ode"}}, headers=key
    )
    assert first["id"] == again["id"]
    listed = (await callout.office.get("/api/tasks?q=Leak"))["items"]
    assert [task["id"] for task in listed] == [first["id"]]


async def test_a_forged_tap_changes_nothing(callout: Callout) -> None:
    """Another's offer, an unknown task, rubbish: each is answered, none has an effect."""
    sami, lena = await joined(callout), await joined(callout, "Lena Fischer")
    number, message = await sent(callout, sami)
    accept = next(data for name, data in buttons(message).items() if "Accept" in name)
    hers = (await lena.messages())[-1]
    for data in (accept, accept.replace(str(number), "9999999"), "rubbish", "t:1:1:explode", "t:" + "9" * 60):
        assert await lena.taps(hers, data)
    task = await callout.office.sees_task(number, status="sent")
    assert task["technician"]["id"] == sami.id
