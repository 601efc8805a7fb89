"""Which rejection a text is the reason of, whatever was rejected, asked, answered or written in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bot_gateway.views import Offer, Question

PLAIN_WITHIN = timedelta(minutes=10)
"""How long after a question a text that replies to nothing can be meant for it."""

BEFORE = timedelta(minutes=1)
"""How long before it, since it is asked a moment after Reject was pressed; what was kept for days is not meant."""

ASKED_LATELY = timedelta(days=1)
"""How long it is likely that a text was meant for a question."""


class Answered(Struct, frozen=True):
    """The message that a text replies to. about  the offer that it is of, if it is of one
    rejected  the technician has rejected that one
    """

    about: Offer | None = None
    rejected: bool = False


def explained(at: datetime, asked: Sequence[Question], answered: Answered | None) -> Offer | None:
    """A reply counts for what it replies to; any other text answers the only question of the last minutes.

    at     when the text was stored
    asked  the questions that nobody has answered
    """
    if answered is not None:
        open_ = any(question.about == answered.about for question in asked)
        return answered.about if open_ or answered.rejected else None
    fresh = [question.about for question in asked if -BEFORE < at - question.asked_at < PLAIN_WITHIN]
    return fresh[0] if len(fresh) == 1 else None


def waits(at: datetime, asked: Sequence[Question]) -> bool:
    """Whether somebody who writes what is no reason should hear how one is given."""
    return any(at - question.asked_at < ASKED_LATELY for question in asked)
