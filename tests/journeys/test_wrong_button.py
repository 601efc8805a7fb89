"""Reject was the wrong button: from the technician's phone to every page of the office, and back."""

from tests.journeys.test_workflow import joined, sent
from tests.people import buttons
from tests.running import Callout


async def test_the_wrong_button_is_taken_back_everywhere(callout: Callout) -> None:
    """The office is told, what waited for it does not wait any more, and the same offer is accepted after all."""
    office = callout.office
    async with office.screen() as screen:
        sami = await joined(callout)
        number, info = await sent(callout, sami)
        await sami.presses(info, "Reject")
        rejected = await screen.shows("task_rejected", f"#{number}")
        assert [action["label"] for action in rejected["actions"]] == ["Reassign"]
        question = await sami.sees(
            "Why not?", f"#{number}", "Boiler makes no hot water", button="Wrong button"
        )
        await sami.presses(question, "Wrong button")
        told = await screen.shows("task_rejection_taken_back", f"#{number}", "Sami Haddad")
        assert told["actions"] == []
        await office.sees_task(number, status="sent", offer=1)
        again = await sami.sees(f"Task #{number}", button="Accept")
        assert again["message_id"] == info["message_id"]
        assert buttons(await sami.sees("You took this back")) == {}
        waiting = (await office.http.get("/notifications?show=waiting")).text
        assert rejected["id"] not in waiting
        await sami.presses(again, "Accept")
        await office.sees_task(number, status="accepted")

    await office.knows_report(number)
    report = await office.get(f"/api/reports/tasks/{number}")
    assert [(each["response"], "taken_back_at" in each) for each in report["responses"]] == [
        ("rejected", True),
        ("accepted", False),
    ]
    history = [(each["from"], each["to"]) for each in report["status_history"]]
    assert history[-3:] == [("sent", "rejected"), ("rejected", "sent"), ("sent", "accepted")]
    found = await office.get(f"/api/technicians/{sami.id}")
    assert (found["accepted"], found["rejected"]) == (1, 0)


async def test_what_somebody_else_has_is_not_taken_back(callout: Callout) -> None:
    """Within the minute, and too late all the same: the office was quicker."""
    office = callout.office
    sami, lena = await joined(callout), await joined(callout, "Lena Vogt")
    number, info = await sent(callout, sami)
    await sami.presses(info, "Reject")
    question = await sami.sees("Why not?", f"#{number}", button="Wrong button")
    await office.post(f"/api/tasks/{number}/assignment", {"technician_id": lena.id})
    assert "The office has gone on" in await sami.presses(question, "Wrong button")
    task = await office.sees_task(number, status="assigned")
    assert task["technician"]["id"] == lena.id
    await sami.presses(question, "No part")
    await sami.sees(f"#{number}", "the office knows why: No part")
