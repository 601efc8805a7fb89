"""The bot keeps quiet where nobody spoke to it, answers once where somebody did, and says whom to call."""

from itertools import count
from typing import Any

import pytest

from bot_gateway.telegram import messages
from bot_gateway.telegram.addressed import Said, said
from bot_gateway.telegram.received import read
from shared.contract.admin import Role
from shared.contract.site import Site
from shared.contract.task import TapAnswer, Verdict
from shared.language import speaking, translated
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import YASMIN
from tests.people import Person

BOT = "callout_practice_bot"
HER = {"id": YASMIN, "is_bot": False, "first_name": "Yasmin"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Works"}
CHANNEL = {"id": -1002, "type": "channel", "title": "News"}
numbers = count(900_001)


def heard(**fields: Any) -> Said | None:
    chat = {"id": YASMIN, "type": "private"}
    message = read(
        {"update_id": 1, "message": {"message_id": 7, "chat": chat, "from": HER, **fields}}
    ).message
    assert message
    return said(message, BOT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", Said("help")),
        ("/Help", Said("help")),
        ("/start from-a-link", Said("start")),
        ("/help!", Said("help")),
        (f"/help@{BOT}", Said("help", named=True)),
        ("/tasks@Callout_Practice_Bot now", Said("tasks", named=True)),
        ("/unknown", Said("unknown")),
        (f"/{'a' * 32}", Said("a" * 32)),
        # Another bot's.
        ("/start@otherbot", None),
        ("/help@other", None),
        (f"/help@{BOT}2", None),
        # Words like any other.
        ("/home/x", Said(text="/home/x")),
        ("/etc/hosts is broken", Said(text="/etc/hosts is broken")),
        ("/2 of 3 done", Said(text="/2 of 3 done")),
        ("/help/me", Said(text="/help/me")),
        ("/start-up fails", Said(text="/start-up fails")),
        ("/hílfe", Said(text="/hílfe")),
        ("/", Said(text="/")),
        ("/ help", Said(text="/ help")),
        ("//help", Said(text="//help")),
        (f"/{'a' * 33}", Said(text=f"/{'a' * 33}")),
        ("please /help", Said(text="please /help")),
        ("/help@", Said(text="/help@")),
    ],
)
def test_a_command_is_told_from_a_path_and_from_another_bots(text: str, expected: Said | None) -> None:
    """At the very beginning, letters, digits and underscores, with the bot's name or without."""
    assert heard(text=text) == expected


@pytest.mark.parametrize(
    "field",
    [
        "pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "boost_added",
        "video_chat_started", "video_chat_ended", "video_chat_scheduled", "write_access_allowed", "users_shared",
        "chat_shared", "proximity_alert_triggered", "forum_topic_created", "successful_payment",
        "giveaway_created", "connected_website", "new_chat_title", "new_chat_photo",
        "delete_chat_photo", "migrate_to_chat_id", "gift", "checklist_tasks_done",
        "something_that_telegram_adds_next_year",
    ],
)  # fmt: skip
def test_what_telegram_says_by_itself_is_no_message(field: str) -> None:
    """Pins, timers, backgrounds and their like."""
    assert heard(**{field: {"any": "thing"}}) is None


@pytest.mark.parametrize("field", ["photo", "voice", "document", "sticker", "location", "contact", "poll"])
def test_what_somebody_sends_is_a_message(field: str) -> None:
    """Also without a word."""
    assert heard(**{field: [{}]}) == Said()


@pytest.mark.parametrize(
    "fields",
    [
        {"via_bot": {"id": 5, "is_bot": True, "first_name": "Gifs"}},
        {"sender_chat": GROUP, "from": ANONYMOUS},
        {
            "sender_chat": CHANNEL,
            "is_automatic_forward": True,
            "from": {"id": 777000, "first_name": "Telegram"},
        },
        {"from": {"id": 8, "is_bot": True, "first_name": "Another bot"}},
        {"from": None},
    ],
    ids=["via a bot", "anonymous admin", "channel post in its group", "a bot", "nobody"],
)
def test_what_no_person_says_is_not_heard(fields: dict[str, Any]) -> None:
    """Not even a command of ours."""
    assert heard(text="/help", **fields) is None


async def test_the_bot_is_quiet_where_nobody_spoke_to_it(gateway: Gateway, yasmin: Person) -> None:
    """In the private chat of a technician: not one message goes out."""
    private = {"id": yasmin.id, "type": "private"}
    her = {**HER, "id": yasmin.id}
    before = len(await gateway.calls("sendMessage"))
    for fields in (
        {"text": "/start@otherbot"},
        {"text": "/help@other"},
        {"pinned_message": {"message_id": 3, "chat": private, "text": "Storgatan 1"}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
        {"chat_background_set": {"type": {"type": "fill"}}},
        {"text": "@gif cats", "via_bot": {"id": 5, "is_bot": True, "first_name": "Gifs"}},
    ):
        await gateway.brings(next(numbers), message={"message_id": 7, "chat": private, "from": her, **fields})
    post = {"message_id": 8, "chat": CHANNEL, "text": "/help"}
    await gateway.brings(next(numbers), channel_post=post)
    await gateway.brings(next(numbers), message={**post, "sender_chat": CHANNEL})
    assert len(await gateway.calls("sendMessage")) == before
    await yasmin.says(f"/help@{BOT}")
    await yasmin.sees("You get your tasks here")


async def test_an_album_is_answered_once(gateway: Gateway, yasmin: Person) -> None:
    """Its parts come as messages of their own; the next album has an answer of its own."""
    private, her = {"id": yasmin.id, "type": "private"}, {**HER, "id": yasmin.id}
    for album in ("13001", "13001", "13001", "13002", "13002"):
        photo = {"photo": [{"file_id": "x"}], "media_group_id": album}
        await gateway.brings(next(numbers), message={"message_id": 9, "chat": private, "from": her, **photo})
    hints = [one for one in await yasmin.messages() if "I only understand" in one["text"]]
    assert len(hints) == 2


IN_A_GROUP: list[tuple[dict[str, Any], bool]] = [
    ({"text": "/help"}, True),
    ({"text": f"/anything@{BOT}"}, True),
    ({"text": "/anything"}, False),
    ({"text": "/help@otherbot"}, False),
    ({"text": "/home/x"}, False),
    ({"text": "I only reply"}, False),
    ({"text": "/help", "from": ANONYMOUS, "sender_chat": GROUP}, False),
    ({"new_chat_title": "Works, new"}, False),
    ({"photo": [{}], "caption": "/help"}, False),
]
MEMBERSHIPS: list[tuple[dict[str, Any], str, str, bool]] = [
    (GROUP, "left", "member", True),
    (GROUP, "kicked", "administrator", True),
    (GROUP, "member", "administrator", False),
    (GROUP, "member", "kicked", False),
    (CHANNEL, "left", "administrator", False),
]


async def test_in_a_group_it_explains_itself_when_it_comes_or_is_spoken_to(gateway: Gateway) -> None:
    """And in a channel never."""

    async def explained() -> int:
        sql = "SELECT count(*) FROM deliveries WHERE chat_id = $1 AND payload->>'text' = $2"
        told = await gateway.service.pool.fetchval(sql, GROUP["id"], messages.group(BOT))
        assert told == await gateway.service.pool.fetchval("SELECT count(*) FROM deliveries")
        return int(told)

    for fields, answered in IN_A_GROUP:
        before = await explained()
        message = {"chat": GROUP, "from": HER, "message_id": 5, **fields}
        await gateway.brings(next(numbers), message=message)
        assert await explained() - before == answered, fields
    for chat, old, new, answered in MEMBERSHIPS:
        before = await explained()
        statuses = {"old_chat_member": {"status": old}, "new_chat_member": {"status": new}}
        await gateway.brings(next(numbers), my_chat_member={"chat": chat, "from": HER, **statuses})
        assert await explained() - before == answered, (chat, old, new)


# ── The office's number ──────────────────────────────────────────────────────

PHONE = "+49 30 1234567"


async def test_whoever_is_to_call_the_office_reads_its_number(gateway: Gateway, yasmin: Person) -> None:
    """On a line of its own, where a touch calls it: after a text, a press that is refused, a pause, in the help."""
    info = await gateway.sent(yasmin)
    await gateway.settles(Site(office_phone=PHONE))
    await yasmin.says("hello?")
    assert (await yasmin.sees("please call them"))["text"].splitlines()[-1] == f"📞 {PHONE}"
    await yasmin.says("/help")
    assert (await yasmin.sees("You get your tasks here"))["text"].splitlines()[-1] == f"📞 {PHONE}"
    refusal = "You accepted task #1042. Call the office if you cannot do it."
    gateway.desk.verdict = lambda _: TapAnswer(Verdict.REFUSED, refusal, call_office=True)
    assert await yasmin.presses(info, "Reject") == f"{refusal}\n📞 {PHONE}"
    assert (await yasmin.sees(refusal))["text"].splitlines() == [refusal, f"📞 {PHONE}"]
    gateway.desk.verdict = lambda _: TapAnswer(Verdict.REFUSED, "This offer is no longer yours.")
    assert await yasmin.presses(info, "Reject") == "This offer is no longer yours."
    await gateway.call(
        "PATCH", f"/api/technicians/{yasmin.id}", {"status": "deactivated"}, role=Role.DISPATCHER
    )
    assert (await yasmin.presses(info, "Accept")).splitlines()[-1] == f"📞 {PHONE}"
    await yasmin.says("/tasks")
    assert (await yasmin.sees("paused your access"))["text"].splitlines()[-1] == f"📞 {PHONE}"


async def test_without_a_number_the_sentences_stay_as_they_are(gateway: Gateway, yasmin: Person) -> None:
    """And a refused press is a notice alone."""
    info = await gateway.sent(yasmin)
    gateway.desk.verdict = lambda _: TapAnswer(Verdict.REFUSED, "Call the office.", call_office=True)
    assert await yasmin.presses(info, "Reject") == "Call the office."
    await yasmin.says("hello?")
    told = await yasmin.sees("I only understand")
    assert told["text"].endswith("please call them.")
    assert not any("Call the office" in one["text"] for one in await yasmin.messages())


async def test_an_arabic_reader_gets_the_number_untorn(gateway: Gateway) -> None:
    """It runs from left to right within a line that runs from right to left."""
    sami = await gateway.joined("Sami", None, language="ar")
    await gateway.settles(Site(office_phone=PHONE))
    await sami.says("مرحبا")
    told = await sami.sees(PHONE)
    line = told["text"].splitlines()[-1]
    assert line == f"{messages.RIGHT_TO_LEFT}{messages.FIRST_STRONG}📞 {PHONE}{messages.POP}"


def test_every_sentence_that_sends_to_the_office_has_its_number() -> None:
    """In any language: who adds one has to come by here."""
    sentences = {
        value
        for name, value in vars(messages).items()
        if name.isupper() and isinstance(value, str) and "call" in value.lower().split()
    }
    assert sentences == messages.CALL
    with speaking("ar"):
        for sentence in sentences:
            assert translated(sentence) != sentence
            notice = messages.notice(translated(sentence), PHONE)
            assert messages.units(notice) <= messages.ANSWER_LIMIT
            assert PHONE in notice
