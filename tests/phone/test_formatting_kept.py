"""HTML → text and entities → HTML: Telegram's formatting, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.phone.entities import Entity, found_in, parse_html, to_html
from local.phone.rules import Refusal, utf16_length


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<b>a</b> <strong>b</strong>", "<b>a</b> <b>b</b>"),
        ("<i>a</i><em>b</em>", "<i>a</i><i>b</i>"),
        ("<u>a</u><ins>b</ins><s>c</s><del>d</del>", "<u>a</u><u>b</u><s>c</s><s>d</s>"),
        ("<b>a<i>b</i></b>", "<b>a<i>b</i></b>"),
        ("<tg-spoiler>a</tg-spoiler>", '<span class="spoiler">a</span>'),
        ('<span class="tg-spoiler">a</span>', '<span class="spoiler">a</span>'),
        ("<code>x &lt; y</code>", "<code>x &lt; y</code>"),
        ('<pre><code class="language-python">x</code></pre>', "<pre>x</pre>"),
        ("<blockquote expandable>a\nb</blockquote>", "<blockquote>a\nb</blockquote>"),
        ("&amp; &quot; &#128512; &nbsp;", "&amp; &quot; 😀 &amp;nbsp;"),
        ("<B>loud</B>", "<b>loud</b>"),
        ("😀<b>after</b>", "😀<b>after</b>"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href='tel:+49'>x</a>", "x"),
    ],
)
def test_what_telegram_reads_and_shows(source: str, html: str) -> None:
    """Each tag of Bot API, "HTML style"; links that Telegram would not make are plain words."""
    assert to_html(*parse_html(source)) == html


def test_a_link_is_safe_to_show() -> None:
    """Its address is escaped, and the page it opens can't reach back."""
    html = to_html(*parse_html('<a href="https://example.com/?a=1&amp;b=&quot;">map</a>'))
    assert html == (
        '<a href="https://example.com/?a=1&amp;b=&quot;" target="_blank" rel="noopener noreferrer">map</a>'
    )


def test_offsets_are_in_utf16() -> None:
    """An emoji counts two (Bot API, MessageEntity)."""
    assert parse_html("😀<b>é</b>")[1] == [Entity("bold", 2, 1)]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("see https://example.com/a?b=1.", "url", "https://example.com/a?b=1"),
        ("call +49 171 1234567 now", "phone_number", "+49 171 1234567"),
        ("to maya@example.com!", "email", "maya@example.com"),
        ("/start now", "bot_command", "/start"),
        ("/start@callout_practice_bot", "bot_command", "/start@callout_practice_bot"),
        ("ask @maya_h", "mention", "@maya_h"),
    ],
)
def test_what_telegram_finds_by_itself(text: str, kind: str, found: str) -> None:
    """Addresses, numbers and commands become clickable without markup."""
    (entity,) = found_in(text, [])
    assert (entity.type, text[entity.offset : entity.end]) == (kind, found)


def test_overlapping_entities_still_nest() -> None:
    """A bot may send entities itself, and they may cross; HTML may not."""
    assert to_html("abcd", [Entity("bold", 0, 3), Entity("italic", 1, 3)]) == "<b>a<i>bc</i></b><i>d</i>"


@given(st.text())
def test_escaped_text_comes_through_as_it_was(text: str) -> None:
    """Whoever escapes <, > and & loses nothing."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse_html(escaped) == (text, [])


@given(st.text(alphabet="<>/ab=\"' &;#x1i\0ä😀\n"))
def test_no_source_can_smuggle_markup(source: str) -> None:
    """Whatever is sent, either it is refused or only known tags are shown, properly nested."""
    try:
        text, entities = parse_html(source)
    except Refusal:
        return
    assert all(0 <= one.offset and one.end <= utf16_length(text) for one in entities)
    html = to_html(text, entities)
    assert set(re.findall(r"</?(\w+)", html)) <= {"a", "b", "i"}
    assert "<" not in re.sub(
        r"</?[abi]( href=\"[^\"<>]*\" target=\"_blank\" rel=\"noopener noreferrer\")?>", "", html
    )
