"""What technicians read: an allowlist of fields, escaped, in parts that Telegram takes."""

import re
from html import unescape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_gateway.domain import LIVE, OfferState
from bot_gateway.telegram import messages
from bot_gateway.telegram.messages import LIMIT, client_info, cut, parts, task_info, units, visible
from shared.contract.task import ClientInfo, TaskDetails
from tests.bot_gateway.examples import BOILER, LINDQVIST

ALLOWED = {"title", "description", "area", "priority", "scheduled_at"}


def test_task_info_reads_well() -> None:
    """Number, title, area, time on the site's clock, priority, description; and what people wrote is escaped."""
    [text] = task_info(1042, BOILER, OfferState.OPEN, "Europe/Berlin")
    assert text == (
        "🆕 <b>Task #1042</b>\n\n"
        "<b>Leaking boiler</b>\n"
        "📍 Altstadt\n"
        "🕒 Fri 17 May 2030, 11:30\n"
        "🔴 Urgent\n\n"
        "Water under the boiler. &lt;b&gt;Not&lt;/b&gt; the tap &amp; not the pipe."
    )


def test_task_info_knows_no_other_field() -> None:
    """The allowlist: whoever adds a field to what is sent before acceptance has to come by here."""
    assert {field.name for field in msgspec.structs.fields(TaskDetails)} == ALLOWED


def test_client_info_reads_well() -> None:
    """What it is for comes first. The phone number stands alone and bare, so that a touch calls it."""
    [text] = client_info(1042, BOILER, LINDQVIST, "Europe/Stockholm")
    assert text == (
        "👤 <b>Client for task #1042</b>\n"
        "Leaking boiler\n"
        "🕒 Fri 17 May 2030, 11:30\n\n"
        "<b>Sigrid Lindqvist</b>\n"
        "📞 +46 8 123 45 67\n"
        "📍 Storgatan 1, Stockholm\n"
        "✉️ sigrid@example.se\n\n"
        "The dog &lt;bites&gt;."
    )


@pytest.mark.parametrize("state", list(OfferState))
def test_every_state_has_its_words(state: OfferState) -> None:
    """What is over says so and shows nothing to work from."""
    [text] = task_info(1042, BOILER, state, "UTC")
    assert "#1042" in text
    assert "Leaking boiler" in text
    assert ("Water under" in text) is (state in LIVE | {OfferState.COMPLETED, OfferState.REJECTED})


TEXTS = st.text(
    alphabet=st.sampled_from("ab <>&\"'\n 😀ش漢") | st.characters(exclude_categories=["Cs", "Cc"]),
    max_size=12_000,
)


@given(body=TEXTS, title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400))
def test_every_part_fits_and_nothing_is_lost(body: str, title: str) -> None:
    """Telegram counts UTF-16 units after the entities are parsed; no word of the description is missing."""
    found = task_info(1042, TaskDetails(title, body), OfferState.OPEN, "UTC")
    assert all(0 < units(visible(part)) <= LIMIT for part in found)
    told = "".join(visible(part).removeprefix("Task #1042, continued") for part in found)
    assert "".join(body.split()) in "".join(told.split())
    for part in found:  # nothing but our own tags is markup
        assert set(re.sub(r"</?b>|&(?:lt|gt|amp);", "", part)).isdisjoint("<>&")


@given(body=TEXTS, most=st.integers(1, 3))
def test_an_edit_needs_no_more_messages_than_there_are(body: str, most: int) -> None:
    """Telegram can't make one message two."""
    found = parts("<b>head</b>", body, "<b>more</b>", most)
    assert len(found) <= most
    assert all(units(visible(part)) <= LIMIT for part in found)


def test_a_long_text_breaks_between_words() -> None:
    """No word is torn where there is a space to break at."""
    found = parts("<b>head</b>", "word " * 3000, "<b>more</b>")
    assert len(found) == 4
    assert all(part.endswith("word") for part in found)


def test_no_character_is_torn() -> None:
    """A surrogate pair counts two and stays together, without a space anywhere."""
    found = parts("<b>head</b>", "😀" * 5000, "<b>more</b>")
    assert "".join(visible(part) for part in found).count("😀") == 5000


@given(st.text(max_size=600), st.integers(2, 300))
def test_cut_keeps_the_limit(text: str, limit: int) -> None:
    """Answers to a press have 200 characters, captions 1024."""
    assert units(cut(text, limit)) <= limit


def test_people_can_put_no_markup_into_any_message() -> None:
    """A name, a company, a client: each is escaped."""
    evil = "<a href='tg://x'>x</a>&"
    told = [
        messages.welcome(evil, evil),
        messages.welcome_back(evil),
        messages.plain(evil),
        *client_info(1, TaskDetails(title=evil), ClientInfo(evil, evil, evil, evil, evil), "UTC"),
        *task_info(1, TaskDetails(evil, evil, evil), OfferState.OPEN, "UTC"),
    ]
    for text in told:
        assert "<a" not in text
        assert "<a" in unescape(text)


def test_every_sentence_is_html_that_telegram_takes() -> None:
    """No stray tag in what this module says by itself."""
    for name, text in vars(messages).items():
        if name.isupper() and isinstance(text, str):
            assert set(re.sub(r"</?b>", "", text)).isdisjoint("<>&"), name
