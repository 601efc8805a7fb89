"""Which rejection a text is the reason of: the rule, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from bot_gateway.telegram.reasons import Answered, explained, waits
from bot_gateway.views import Offer, Question

NOW = datetime(2030, 5, 17, 9, 30, tzinfo=UTC)
A: Offer = (1042, 1)
B: Offer = (1043, 2)


def asked(about: Offer, minutes: float) -> Question:
    """Asked so many minutes ago."""
    return Question(*about, NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("questions", "answered", "expected"),
    [
        # Plain text answers the only question of the last ten minutes.
        ([], None, None),
        ([asked(A, 1)], None, A),
        ([asked(A, 9.99)], None, A),
        ([asked(A, 10)], None, None),
        ([asked(A, -0.01)], None, A),  # written before the question was seen
        ([asked(A, -60 * 24)], None, None),  # an old update, taken again since
        ([asked(B, 1), asked(A, 2)], None, None),
        ([asked(B, 1), asked(A, 11)], None, B),
        ([asked(B, 12), asked(A, 11)], None, None),
        # A reply counts for what it replies to, however many are open, and however old.
        ([asked(B, 1), asked(A, 2)], Answered(A), A),
        ([asked(B, 1), asked(A, 2)], Answered(B), B),
        ([asked(A, 600)], Answered(A), A),
        ([asked(B, 1)], Answered(A, rejected=True), A),  # nobody asks any more: it was skipped
        ([], Answered(A, rejected=True), A),
        # A reply to anything else is no reason, not even of the only question.
        ([asked(A, 1)], Answered(), None),
        ([asked(A, 1)], Answered(B), None),
    ],
)
def test_what_a_text_belongs_to(
    questions: list[Question], answered: Answered | None, expected: Offer | None
) -> None:
    """One rule, whatever was rejected, answered or replied to in between."""
    assert explained(NOW, questions, answered) == expected


@pytest.mark.parametrize(("minutes", "told"), [(1, True), (60 * 23, True), (60 * 25, False)])
def test_who_was_asked_lately_hears_how_a_reason_is_given(minutes: float, told: bool) -> None:
    """Whoever writes something else a day later is answered as anybody is."""
    assert waits(NOW, [asked(A, minutes)]) is told
    assert not waits(NOW, [])
