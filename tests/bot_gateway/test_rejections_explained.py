"""A reason belongs to its rejection, in whatever order a technician rejects, replies and writes; and *Wrong button*."""

from datetime import timedelta

import pytest

from shared.contract.site import Site
from shared.contract.task import (
    Action,
    RejectionTakenBack,
    Tap,
    TapAnswer,
    TaskDetails,
    TaskRejected,
    Verdict,
)
from tests.bot_gateway.conftest import Gateway, Json
from tests.people import Person, buttons, eventually

BOILER, LIFT = TaskDetails("Leaking boiler"), TaskDetails("Lift stands <still>")
A, B = (1042, BOILER), (1043, LIFT)

HOW = "please reply to the question about it"
HINT = "I only understand"


async def rejects(gateway: Gateway, person: Person, task: tuple[int, TaskDetails]) -> Json:
    """Answers the question."""
    number, details = task
    info = await gateway.sent(person, number, details)
    await person.presses(info, "Reject")
    await gateway.hears("task", number, TaskRejected(person.id, 1))
    return await person.sees("Why not?", f"#{number}", button="Too far")


def given(gateway: Gateway) -> list[tuple[int, str]]:
    """Task and reason, in the order in which `tasks` heard of them."""
    return [(tap.task, tap.reason) for tap in gateway.desk.taps if tap.action is Action.EXPLAIN]


async def later(gateway: Gateway, minutes: float) -> None:
    """Winds the clock on, by winding back what was asked, delivered and pressed."""
    by = timedelta(minutes=minutes)
    pool = gateway.service.pool
    await pool.execute(
        "UPDATE reason_questions SET asked_at = asked_at - $1::interval, rejected_at = rejected_at - $1::interval",
        by,
    )
    await pool.execute(
        "UPDATE deliveries SET queued_at = queued_at - $1::interval, ended_at = ended_at - $1::interval", by
    )


async def test_the_question_names_its_task_and_offers_what_happens_most(
    gateway: Gateway, yasmin: Person
) -> None:
    """Number and title, nothing of the client; the buttons stand two in a row, to be read on a phone."""
    question = await rejects(gateway, yasmin, B)
    assert question["text"].startswith("❓ Why not?\nTask #1043: Lift stands <still>\n")
    assert "Lindqvist" not in question["text"]
    rows = [[button["text"] for button in row] for row in question["buttons"]]
    assert rows == [
        ["Too far", "No time"],
        ["Wrong trade", "Ill"],
        ["No part", "Other…"],
        ["Skip", "Wrong button"],
    ]


@pytest.mark.parametrize("reason", ["Too far", "No time", "Wrong trade", "Ill", "No part"])
async def test_a_quick_reason_is_one_press(gateway: Gateway, yasmin: Person, reason: str) -> None:
    """And the question then says which it was, of which task."""
    question = await rejects(gateway, yasmin, A)
    await yasmin.presses(question, reason)
    shown = await yasmin.sees("Task #1042: Leaking boiler", f"the office knows why: {reason}")
    assert (shown["message_id"], buttons(shown)) == (question["message_id"], {})
    assert given(gateway) == [(1042, reason)]


async def test_a_reply_belongs_to_the_question_that_it_replies_to(gateway: Gateway, yasmin: Person) -> None:
    """Reject A, reject B, reply to A's question; then B's is the only one, and plain text answers it."""
    first = await rejects(gateway, yasmin, A)
    second = await rejects(gateway, yasmin, B)
    await yasmin.says("My van broke down", reply_to=first["message_id"])
    await yasmin.sees("Task #1042: Leaking boiler", "the office knows why")
    closed = await yasmin.sees("#1042", "The office has your reason.")
    assert (closed["message_id"], buttons(closed)) == (first["message_id"], {})
    assert "Too far" in buttons(await yasmin.sees("Why not?", "#1043"))
    await yasmin.says("Locked out")
    closed = await yasmin.sees("#1043", "The office has your reason.")
    assert closed["message_id"] == second["message_id"]
    assert given(gateway) == [(1042, "My van broke down"), (1043, "Locked out")]


async def test_plain_text_is_no_reason_while_two_questions_are_open(gateway: Gateway, yasmin: Person) -> None:
    """The bot says how one is given; a quick reason of the older question still counts for the older."""
    first = await rejects(gateway, yasmin, A)
    await rejects(gateway, yasmin, B)
    await yasmin.says("No idea which")
    await yasmin.sees(HOW)
    assert given(gateway) == []
    await yasmin.presses(first, "Ill")
    await yasmin.sees("#1042", "the office knows why: Ill")
    await yasmin.says("Locked out")
    await yasmin.sees("#1043", "The office has your reason.")
    assert given(gateway) == [(1042, "Ill"), (1043, "Locked out")]


async def test_a_question_is_open_for_ten_minutes_to_plain_text(gateway: Gateway, yasmin: Person) -> None:
    """After that the newer one is the only one, then none is; a reply and a button count however late."""
    first = await rejects(gateway, yasmin, A)
    await later(gateway, 9.9)
    second = await rejects(gateway, yasmin, B)
    await later(gateway, 0.2)
    await yasmin.says("Locked out")
    await yasmin.sees("#1043", "The office has your reason.")
    await yasmin.says("Forty kilometres")
    await yasmin.sees(HOW)
    await later(gateway, 300)
    await yasmin.says("Forty kilometres", reply_to=first["message_id"])
    await yasmin.sees("#1042", "The office has your reason.")
    assert given(gateway) == [(1043, "Locked out"), (1042, "Forty kilometres")]
    assert second["message_id"] > first["message_id"]


async def test_other_opens_the_answering_field_for_its_own_task(gateway: Gateway, yasmin: Person) -> None:
    """Both are asked for at once, and answered in the other order; the field names its task."""
    first = await rejects(gateway, yasmin, A)
    second = await rejects(gateway, yasmin, B)
    await yasmin.presses(first, "Other")
    for_a = await yasmin.sees("Please write the reason", "#1042: Leaking boiler")
    await yasmin.presses(second, "Other")
    for_b = await yasmin.sees("Please write the reason", "#1043: Lift")
    assert for_a["force_reply"]
    assert for_b["force_reply"]
    await yasmin.says("Forty kilometres", reply_to=for_a["message_id"])
    await yasmin.sees("#1042", "The office has your reason.")
    await yasmin.says("Locked out", reply_to=for_b["message_id"])
    await yasmin.sees("#1043", "The office has your reason.")
    assert given(gateway) == [(1042, "Forty kilometres"), (1043, "Locked out")]


async def test_other_asks_anew(gateway: Gateway, yasmin: Person) -> None:
    """An old question is open to plain text again once its *Other…* was pressed."""
    question = await rejects(gateway, yasmin, A)
    await later(gateway, 60)
    await yasmin.presses(question, "Other")
    await yasmin.sees("Please write the reason")
    await yasmin.says("Forty kilometres")
    await yasmin.sees("#1042", "The office has your reason.")
    assert given(gateway) == [(1042, "Forty kilometres")]


@pytest.mark.parametrize("skipped", [False, True])
async def test_a_reply_to_the_rejected_task_is_its_reason(
    gateway: Gateway, yasmin: Person, skipped: bool
) -> None:
    """Its own message will do, also after *Skip* and while another question is open."""
    question = await rejects(gateway, yasmin, A)
    info = await yasmin.sees("Task #1042: rejected")
    await rejects(gateway, yasmin, B)
    if skipped:
        await yasmin.presses(question, "Skip")
        await yasmin.sees("#1042", "No reason given")
    await yasmin.says("Forty kilometres", reply_to=info["message_id"])
    await yasmin.sees("#1042", "the office knows why")
    assert given(gateway) == [(1042, "Forty kilometres")]


async def test_a_reply_to_anything_else_is_no_reason(gateway: Gateway, yasmin: Person) -> None:
    """Not even while one question is open: to the answer of /help, to a task that is not rejected, to oneself."""
    open_offer = await gateway.sent(yasmin, 1050)
    await rejects(gateway, yasmin, A)
    await yasmin.says("/help")
    answer = await yasmin.sees("You get your tasks here")
    for other in (answer["message_id"], open_offer["message_id"], 1):
        before = (await yasmin.messages())[-1]["message_id"]
        await yasmin.says("see you", reply_to=other)
        await yasmin.sees(HOW, after=before)
    assert given(gateway) == []
    await yasmin.says("Ill since Monday")  # /help in between has closed nothing
    await yasmin.sees("#1042", "The office has your reason.")
    assert given(gateway) == [(1042, "Ill since Monday")]


async def test_an_edited_message_is_no_answer(gateway: Gateway, yasmin: Person) -> None:
    """What was written stays what it was, and the next text is a text."""
    await rejects(gateway, yasmin, A)
    said = {
        "message_id": 77,
        "chat": {"id": yasmin.id, "type": "private"},
        "from": {"id": yasmin.id, "is_bot": False, "first_name": "Yasmin"},
        "text": "an older text, now longer",
    }
    shown = len(await yasmin.messages())
    await gateway.brings(900_001, edited_message=said)
    assert len(await yasmin.messages()) == shown
    assert given(gateway) == []


async def test_a_path_is_a_reason_like_any_text(gateway: Gateway, yasmin: Person) -> None:
    """It begins with a slash, and is no command."""
    await rejects(gateway, yasmin, A)
    await yasmin.says("/2 of 3 done")
    await yasmin.sees("#1042", "The office has your reason.")
    assert given(gateway) == [(1042, "/2 of 3 done")]


async def test_a_forged_press_tells_nothing_of_somebody_elses_task(gateway: Gateway, yasmin: Person) -> None:
    """Not even its title, which stands in the question about it."""
    await rejects(gateway, yasmin, A)
    bruno = await gateway.joined("Bruno Costa", None)
    welcome = await bruno.sees("Welcome")
    for choice in ("other", "skip", "far", "wrong"):
        await bruno.taps(welcome, f"r:1042:1:{choice}")
    await bruno.says("and now?")
    await gateway.quiet()
    assert not any("Leaking" in one["text"] for one in await bruno.messages())


async def test_what_a_version_before_asked_is_still_answered(gateway: Gateway, yasmin: Person) -> None:
    """Its row, its question and its answering field, which say less."""
    question = await rejects(gateway, yasmin, A)
    await yasmin.presses(question, "Other")
    field = await yasmin.sees("Please write the reason")
    await gateway.quiet()
    pool = gateway.service.pool
    await pool.execute(
        "INSERT INTO awaited_reasons SELECT technician, task, offer, asked_at FROM reason_questions"
    )
    await pool.execute("DELETE FROM reason_questions")
    await pool.execute("UPDATE deliveries SET payload = payload - 'about' WHERE purpose = 'reply'")
    await yasmin.says("Forty kilometres", reply_to=field["message_id"])
    await yasmin.sees("#1042", "the office knows why")
    await yasmin.says("and more")
    await yasmin.sees(HINT)
    assert given(gateway) == [(1042, "Forty kilometres")]


# ── Wrong button ─────────────────────────────────────────────────────────────


async def test_the_wrong_button_is_taken_back(gateway: Gateway, yasmin: Person) -> None:
    """The question says so, the task has its buttons again, and both work; the next question is a new one."""
    question = await rejects(gateway, yasmin, A)
    rejected = await yasmin.sees("Task #1042: rejected")
    assert buttons(rejected) == {}
    assert await yasmin.presses(question, "Wrong button") == "Well taken back."
    closed = await yasmin.sees("#1042", "You took this back.")
    assert (closed["message_id"], buttons(closed)) == (question["message_id"], {})
    await gateway.hears("task", 1042, RejectionTakenBack(yasmin.id, 1))
    again = await yasmin.sees("Task #1042", button="Accept")
    assert again["message_id"] == rejected["message_id"]
    await yasmin.says("no reason any more")
    await yasmin.sees(HINT)
    await yasmin.presses(again, "Reject")
    anew = await yasmin.sees("Why not?", "#1042", button="Too far")
    assert anew["message_id"] > question["message_id"]
    await yasmin.says("Forty kilometres")
    await yasmin.sees("The office has your reason.")
    assert [tap.action for tap in gateway.desk.taps] == [
        Action.REJECT,
        Action.TAKE_BACK,
        Action.REJECT,
        Action.EXPLAIN,
    ]


async def test_the_minute_goes_by_when_the_presses_were_stored(gateway: Gateway, yasmin: Person) -> None:
    """Not by when a queue got to them: `tasks` was away for an hour."""
    question = await rejects(gateway, yasmin, A)
    await gateway.desk.close()
    assert "Saved" in await yasmin.presses(question, "Wrong button")
    pool = gateway.service.pool
    await pool.execute("UPDATE reason_questions SET rejected_at = rejected_at - interval '1 hour'")
    await pool.execute("UPDATE updates SET arrived_at = arrived_at - interval '1 hour'")
    await gateway.desk.open()
    await yasmin.sees("Well taken back.")
    tap = next(tap for tap in gateway.desk.taps if tap.action is Action.TAKE_BACK)
    assert tap.at
    assert tap.rejected_at
    assert timedelta(0) < tap.at - tap.rejected_at < timedelta(seconds=30)


async def test_a_rejection_that_stays_is_told_with_the_offices_number(
    gateway: Gateway, yasmin: Person
) -> None:
    """In the notice, and once more as a message, in which a touch calls it; the reason can still be given."""
    await gateway.settles(Site(office_phone="+49 30 1234567"))
    question = await rejects(gateway, yasmin, A)
    late = "That is over. Please call the office."

    def verdict(tap: Tap) -> TapAnswer:
        if tap.action is Action.TAKE_BACK:
            return TapAnswer(Verdict.REFUSED, late, call_office=True)
        return TapAnswer(Verdict.DONE, "Thank you.")

    gateway.desk.verdict = verdict
    assert await yasmin.presses(question, "Wrong button") == f"{late}\n📞 +49 30 1234567"
    told = await yasmin.sees(late)
    assert told["text"].splitlines() == [late, "📞 +49 30 1234567"]
    await yasmin.says("Forty kilometres")
    await yasmin.sees("#1042", "The office has your reason.")
    assert given(gateway) == [(1042, "Forty kilometres")]


async def test_a_rejection_that_was_taken_back_is_not_counted(gateway: Gateway, yasmin: Person) -> None:
    """The technician's page counts answers; this was none. Nor does it say how soon they answer."""
    question = await rejects(gateway, yasmin, A)
    path = f"/api/technicians/{yasmin.id}"
    assert (await gateway.call("GET", path))["rejected"] == 1
    await yasmin.presses(question, "Wrong button")
    await gateway.hears("task", 1042, RejectionTakenBack(yasmin.id, 1))
    found = await gateway.call("GET", path)
    assert (found["rejected"], found["acceptance_rate"], found["answers_within"]) == (0, None, None)

    async def rebuilt() -> bool:
        """the same after a rebuild"""
        return bool((await gateway.call("GET", path))["rejected"] == 0)

    await eventually(rebuilt)
