"""What people can do with their phones, and what they can't."""

import pytest

from .conftest import Practice


async def test_new_people_have_long_ids_of_their_own(practice: Practice) -> None:
    """Above 32 bits, as Telegram's new accounts, unless a number is wished for."""
    ids = [await practice.add(f"Person {n}") for n in range(20)]
    assert len(set(ids)) == 20
    assert min(ids) > 2**32
    assert await practice.add("Omar", id=4_300_000_007) == 4_300_000_007
    people = (await practice.http.get("/phone/people")).json()
    assert [one["id"] for one in people][-1] == 4_300_000_007
    assert people[-1]["standing"] == "new"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 129}, 422),
        ({"name": "Omar", "username": "no"}, 422),
        ({"name": "Omar", "username": "with blank"}, 422),
        ({"name": "Omar", "username": "MAYA_H"}, 409),
        ({"name": "Omar", "language": "English"}, 422),
        ({"name": "Omar", "id": 0}, 422),
        ({"name": "Omar", "id": 4242424242}, 422),
        ({"name": "Omar", "nickname": "o"}, 400),
    ],
)
async def test_a_person_who_cannot_be(practice: Practice, body: dict[str, object], code: int) -> None:
    """Refused with a sentence, and nobody is added."""
    await practice.add(username="maya_h")
    answer = await practice.http.post("/phone/people", json=body)
    assert (answer.status_code, bool(answer.json()["detail"])) == (code, True)
    assert len((await practice.http.get("/phone/people")).json()) == 1


@pytest.mark.parametrize(
    ("before", "action", "body"),
    [
        (None, "messages", {"text": "hi"}),
        (None, "taps", {"message_id": 1, "data": "x"}),
        ("block", "messages", {"text": "hi"}),
        ("block", "taps", {"message_id": 1, "data": "x"}),
        ("deactivate", "start", {}),
        ("deactivate", "messages", {"text": "hi"}),
        ("deactivate", "unblock", {}),
    ],
)
async def test_what_a_phone_would_not_let_one_do(
    practice: Practice, before: str | None, action: str, body: dict[str, object]
) -> None:
    """Without Start, behind a block, or without an account nothing reaches the bot."""
    maya = await (practice.started() if before else practice.add())
    if before:
        await practice.do(maya, before)
    await practice.confirm_all()
    answer = await practice.http.post(f"/phone/people/{maya}/{action}", json=body)
    assert answer.status_code == 409
    assert await practice.bot.get_updates() == []


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4097])
async def test_nothing_and_too_much_are_not_sent(practice: Practice, text: str) -> None:
    """A person's messages have limits as well."""
    maya = await practice.started()
    answer = await practice.http.post(f"/phone/people/{maya}/messages", json={"text": text})
    assert answer.status_code == 422


async def test_start_can_carry_a_payload(practice: Practice) -> None:
    """Bots, deep linking: t.me/bot?start=… comes as "/start …"."""
    maya = await practice.add()
    await practice.do(maya, "start", payload="team-7")
    (update,) = await practice.bot.get_updates()
    assert update.message is not None
    assert update.message.text == "/start team-7"


async def test_nobody_is_nobody(practice: Practice) -> None:
    """404 with a sentence."""
    answer = await practice.http.get("/phone/people/77/messages")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such person on this phone.")


async def test_odd_names_are_inert_on_the_page(practice: Practice) -> None:
    """Names and texts are somebody's typing: never markup."""
    maya = await practice.started("<script>alert(1)</script> \u202eevil")
    await practice.do(maya, "messages", text="<img src=x onerror=alert(1)>")
    await practice.bot.send_message(maya, "<b>&lt;script&gt;</b>", parse_mode="HTML")
    html = (await practice.http.get("/", params={"person": maya})).text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "<b>&lt;script&gt;</b>" in html


async def test_control_characters_do_not_survive(practice: Practice) -> None:
    """NUL and its like are blanks to Telegram, in both directions."""
    maya = await practice.started()
    await practice.do(maya, "messages", text="a\x00b")
    await practice.raw("sendMessage", chat_id=maya, text="c\x00d")
    assert [one["text"] for one in await practice.messages(maya)][1:] == ["a b", "c d"]
