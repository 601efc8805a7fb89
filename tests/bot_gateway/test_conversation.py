"""What the bot answers: presses, reasons, commands, strangers, groups, and forged data."""

import asyncio

import pytest

from shared.contract.admin import Role
from shared.contract.task import Action, TapAnswer, TaskRejected, Verdict
from shared.tracing import Span
from tests.bot_gateway.conftest import Gateway
from tests.people import Person, buttons, eventually


async def rejected(gateway: Gateway, yasmin: Person) -> None:
    info = await gateway.sent(yasmin)
    assert await yasmin.presses(info, "Reject") == "You rejected the task."
    await gateway.hears("task", 1042, TaskRejected(yasmin.id, 1))


async def test_a_rejection_counts_at_the_tap_and_its_reason_follows(gateway: Gateway, yasmin: Person) -> None:
    """One of the quick choices."""
    await rejected(gateway, yasmin)
    question = await yasmin.sees("Why not?", button="Too far")
    await yasmin.presses(question, "Too far")
    shown = await yasmin.sees("Task #1042", "the office knows why: Too far")
    assert (shown["message_id"], buttons(shown)) == (question["message_id"], {})
    last = gateway.desk.taps[-1]
    assert (last.action, last.task, last.offer, last.reason) == (Action.EXPLAIN, 1042, 1, "Too far")


async def test_a_reason_can_be_written(gateway: Gateway, yasmin: Person) -> None:
    """After *Other*, which opens the answering field."""
    await rejected(gateway, yasmin)
    await yasmin.presses(await yasmin.sees("Why not?"), "Other")
    asked = await yasmin.sees("Please write the reason")
    assert asked["force_reply"]
    await yasmin.says("My van <broke> down", reply_to=asked["message_id"])
    await yasmin.sees("the office knows why")
    assert gateway.desk.taps[-1].reason == "My van <broke> down"
    await yasmin.says("and one more thing")
    await yasmin.sees("I only understand")
    assert len(gateway.desk.taps) == 2


@pytest.mark.parametrize("other", [True, False])
async def test_a_written_reason_closes_the_question(gateway: Gateway, yasmin: Person, other: bool) -> None:
    """After *Other* or without it: the question loses its buttons."""
    await rejected(gateway, yasmin)
    question = await yasmin.sees("Why not?", button="Too far")
    if other:
        await yasmin.presses(question, "Other")
        await yasmin.sees("Please write the reason")
    await yasmin.says("My van broke down")
    closed = await yasmin.sees("The office has your reason.")
    assert (closed["message_id"], buttons(closed)) == (question["message_id"], {})


@pytest.mark.parametrize(
    ("late", "shown"), [("Too far", "The office has your reason."), ("Skip", "That is fine.")]
)
async def test_a_late_choice_states_nothing_that_was_not_recorded(
    gateway: Gateway, yasmin: Person, late: str, shown: str
) -> None:
    """The reason was written while the buttons were still there."""
    gateway.desk.verdict = lambda tap: TapAnswer(
        Verdict.ALREADY if tap.reason == "Too far" else Verdict.DONE, "You already gave a reason."
    )
    info = await gateway.sent(yasmin)
    await yasmin.presses(info, "Reject")
    question = await yasmin.sees("Why not?", button=late)
    await yasmin.says("My van broke down")
    await yasmin.sees("The office has your reason.")
    data = buttons(question)[late]
    told = await yasmin.taps(question, data)
    assert told == (
        "You already gave a reason." if late == "Too far" else "That is fine. Nothing more is needed here."
    )
    closed = await yasmin.sees(shown)
    assert (closed["message_id"], buttons(closed)) == (question["message_id"], {})
    assert not any(
        "Too far" in each["text"] or "No reason" in each["text"] for each in await yasmin.messages()
    )


async def test_a_reason_can_just_be_written(gateway: Gateway, yasmin: Person) -> None:
    """The next text after a rejection is its reason, without any button."""
    await rejected(gateway, yasmin)
    await yasmin.sees("Why not?")
    await yasmin.says("Sick today")
    await yasmin.sees("the office knows why")
    assert gateway.desk.taps[-1].reason == "Sick today"


async def test_no_reason_is_fine(gateway: Gateway, yasmin: Person) -> None:
    """*Skip* asks tasks for nothing."""
    await rejected(gateway, yasmin)
    await yasmin.presses(await yasmin.sees("Why not?"), "Skip")
    await yasmin.sees("No reason given")
    await yasmin.says("hello")
    await yasmin.sees("I only understand")
    assert [tap.action for tap in gateway.desk.taps] == [Action.REJECT]


async def test_a_refused_press_is_answered_and_the_message_drawn_again(
    gateway: Gateway, yasmin: Person
) -> None:
    """An old copy on a phone that was offline."""
    info = await gateway.sent(yasmin)
    await gateway.quiet()
    gateway.desk.verdict = lambda tap: TapAnswer(Verdict.REFUSED, "This offer is no longer yours.")
    assert await yasmin.presses(info, "Accept") == "This offer is no longer yours."
    await gateway.quiet()
    edits = await gateway.calls("editMessageText")
    assert edits
    assert buttons(await yasmin.sees("#1042"))


async def test_a_message_that_is_as_it_should_be_is_no_error(
    gateway: Gateway, yasmin: Person, spans: list[Span]
) -> None:
    """Drawn again after a refusal, it says the same; Telegram calls that an error."""
    info = await gateway.sent(yasmin)
    await gateway.quiet()
    gateway.desk.verdict = lambda tap: TapAnswer(Verdict.REFUSED, "This offer is no longer yours.")
    await yasmin.presses(info, "Accept")
    await gateway.quiet()
    assert [call["code"] for call in await gateway.calls("editMessageText")] == [400]
    assert [each.error for each in spans if each.name == "telegram editMessageText"] == [""]


@pytest.mark.parametrize("forged", ["t:1042:1:explain", "t:0:1:accept", "admin", "t:1042:1:accept;x", "🙂"])
async def test_a_forged_press_is_answered_and_goes_nowhere(
    gateway: Gateway, yasmin: Person, forged: str
) -> None:
    """No request, no event."""
    info = await gateway.sent(yasmin)
    before = await gateway.events("task") + await gateway.events("technician")
    assert await yasmin.taps(info, forged) == "This button does not work."
    assert gateway.desk.taps == []
    assert await gateway.events("task") + await gateway.events("technician") == before


async def test_a_well_formed_press_of_another_is_for_tasks_to_refuse(
    gateway: Gateway, yasmin: Person
) -> None:
    """It names the presser, never whom the data could claim."""
    bruno = await gateway.joined("Bruno Costa", None)
    gateway.desk.verdict = lambda tap: TapAnswer(Verdict.REFUSED, "This offer is no longer yours.")
    welcome = await bruno.sees("Welcome")
    assert await bruno.taps(welcome, "t:1042:1:accept") == "This offer is no longer yours."
    assert gateway.desk.taps[-1].technician == bruno.id


async def test_a_stranger_is_asked_to_press_start(gateway: Gateway) -> None:
    """Commands and presses of people who are not registered change nothing."""
    person = await gateway.joined("Bruno Costa", None)
    await gateway.call("DELETE", f"/api/technicians/{person.id}", status=204)
    await person.says("/tasks")
    await person.sees("no longer on the team's list")
    assert "no longer" in await person.taps(await person.sees("Welcome"), "t:1042:1:accept")
    assert gateway.desk.taps == []
    await person.start()

    async def again() -> bool:
        """a second registration"""
        return (await gateway.events("technician")).count("TechnicianRegistered") == 2

    await eventually(again)
    assert (await gateway.call("GET", f"/api/technicians/{person.id}"))["reviewed"] is False


async def test_a_paused_technician_gets_a_clear_answer(gateway: Gateway, yasmin: Person) -> None:
    """Also to a press under a message that is still there."""
    info = await gateway.sent(yasmin)
    await gateway.call(
        "PATCH", f"/api/technicians/{yasmin.id}", {"status": "deactivated"}, role=Role.DISPATCHER
    )
    assert "paused" in await yasmin.presses(info, "Accept")
    await yasmin.says("/help")
    await yasmin.sees("paused your access")
    assert gateway.desk.taps == []


async def test_in_a_group_the_bot_explains_itself_and_does_nothing_else(
    gateway: Gateway, yasmin: Person
) -> None:
    """When it comes, and when it is spoken to."""
    await yasmin.says("/start", group=True)

    async def explained() -> int:
        """two explanations in the group"""
        answer = await gateway.phones.http.get(
            f"/phone/people/{yasmin.id}/messages", params={"group": "true"}
        )
        return [m["text"] for m in answer.json() if m["from"] == "bot"].count(
            "I work in private chats only. Please write to me here: https://t.me/callout_practice_bot"
        )

    await eventually(explained)
    await asyncio.sleep(0.3)
    assert await gateway.events("technician") == ["TechnicianRegistered"]
    assert await explained() in (1, 2)


async def test_other_messages_get_a_hint(gateway: Gateway, yasmin: Person) -> None:
    """Nobody is left without an answer."""
    await yasmin.says("hello?")
    await yasmin.sees("I only understand the buttons")
    await yasmin.says("/unknown")

    async def hints() -> bool:
        """a second hint"""
        return sum("I only understand" in message["text"] for message in await yasmin.messages()) == 2

    await eventually(hints)
