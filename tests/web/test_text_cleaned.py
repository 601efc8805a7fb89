"""What `shared.text` takes out and what it refuses."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from shared.refusal import Refused
from shared.text import clean, clean_body, has_control, scrub
from shared.web.paging import Page, limit_of, paged, seal


@given(st.text())
def test_no_body_brings_a_text_that_clean_would_not_let_through(text: str) -> None:
    """The check on the wire and the check on the text agree, for JSON with and without escapes."""
    for body in (json.encode(text), ascii_json(text)):
        try:
            passed = json.decode(clean_body(body, "application/json"), type=str)
        except Refused:
            assert has_control(text)
        else:
            assert not has_control(text)
            assert passed == clean(text)


def ascii_json(text: str) -> bytes:
    import json as standard

    return standard.dumps(text).encode()


def test_clean_refuses_what_scrub_takes_out() -> None:
    """A person can be asked to correct a text; a name from Telegram can't."""
    with pytest.raises(Refused):
        clean("Sa\x00mi")
    assert scrub("Sa\x00m\u202ei\n") == "Sami\n"


def test_a_page_says_where_the_next_begins() -> None:
    """The row too many is not shown, and the last page has no next."""
    assert paged([1, 2, 3], 2, lambda row: row) == Page([1, 2], seal(2))
    assert paged([1, 2], 2, lambda row: row) == Page([1, 2], None)
    assert paged([], 2, lambda row: row) == Page([], None)


@pytest.mark.parametrize("given", ["0", "201", "x", "0000000019999999999", "1" * 5000])
def test_a_limit_that_is_none_is_refused(given: str) -> None:
    """Also where only its beginning looks like a good one."""
    request: Any = SimpleNamespace(query_params={"limit": given})
    with pytest.raises(Refused):
        limit_of(request)
