"""Saying no, with a sentence that tells the reader what to do."""

from collections.abc import Iterable
from enum import Enum


class Why(Enum):
    """The kinds of refusal, with the HTTP status that each one is."""

    INVALID = 422  # the input can't be used as it is
    MISSING = 404  # there is no such thing
    NOT_NOW = 409  # the rules don't allow it in this state, or somebody was faster
    FORBIDDEN = 403  # this role may not
    UNKNOWN_CALLER = 401  # who is asking?
    TOO_MANY = 429  # wait, then ask again
    TOO_LARGE = 413
    UNAVAILABLE = 503  # a part that is needed does not answer; nothing was changed


PASSING = (Why.TOO_MANY, Why.UNAVAILABLE)
RETRY_AFTER = 5  # seconds


class Refused(Exception):
    """Nothing was changed. `str()` is a sentence for the person who asked.

    fields       field name → sentence, for a form that shows each beside its field
    rests_on     streams of other services, as `task.1042`: it is so as far as their events are known here, and is made
                 sure of before anybody is told (`shared.journal.freshness`)
    retry_after  seconds until asking again makes sense, where the kind is one that passes
    """

    def __init__(
        self,
        sentence: str,
        why: Why = Why.NOT_NOW,
        fields: dict[str, str] | None = None,
        *,
        rests_on: Iterable[str] = (),
        retry_after: int = RETRY_AFTER,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.why = why
        self.fields = fields or {}
        self.rests_on = frozenset(rests_on)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Those of an answer that refuses."""
        return {"Retry-After": str(self.retry_after)} if self.why in PASSING else {}
