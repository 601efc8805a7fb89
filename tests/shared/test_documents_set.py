"""What people typed, as it stands in a PDF: legible, and inert."""

from shared.document import typed

ARABIC = "صيانة وحدة التكييف المركزية"


def test_a_text_keeps_its_own_order() -> None:
    """Whichever way the document is read, its first letter says how it goes."""
    assert typed(ARABIC) == {"text": ARABIC, "rtl": True}
    assert typed(f"12 {ARABIC} pump") == {"text": f"12 {ARABIC} pump", "rtl": True}
    assert typed("Pump") == {"text": "Pump", "rtl": False}


def test_marks_that_turn_text_around_are_left_out() -> None:
    """A name can't look like another one."""
    assert typed("\u202ecba\u202c\u2066x\u2069\u200f\x07") == {"text": "cbax", "rtl": False}


def test_a_word_without_end_is_broken() -> None:
    """It must not run over the next column; short words stay whole, and can be copied."""
    assert typed("W" * 30)["text"] == "W" * 30
    broken = str(typed("W" * 300)["text"])
    assert max(map(len, broken.split("\u200b"))) == 10
    assert broken.replace("\u200b", "") == "W" * 300
