"""Telegram's bad days, to order: the next calls of a method fail in the way that was asked for."""

from typing import Final, Literal

from msgspec import Struct

from .rules import Refusal, too_many

Kind = Literal["429", "500", "502", "504", "401", "drop", "drop_after", "hang"]

KINDS: Final[dict[Kind, str]] = {
    "429": "Too many requests (429)",
    "500": "Internal server error (500)",
    "502": "Bad gateway (502)",
    "504": "A proxy's error page (504)",
    "401": "Token revoked (401)",
    "drop": "Connection lost, not sent",
    "drop_after": "Sent, then connection lost",
    "hang": "Sent, but no answer comes",
}
ANY: Final = "*"  # every method but getUpdates, which would swallow all of it within a moment


class Storm(Struct):
    """`times` calls of `method` fail. `retry_after` is for 429; `seconds` says how long a call hangs."""

    kind: Kind
    method: str = ANY
    times: int = 1
    retry_after: int = 5
    seconds: float = 300

    def hits(self, method: str) -> bool:
        return method.lower() == self.method.lower() or (
            self.method == ANY and method.lower() != "getupdates"
        )

    @property
    def description(self) -> str:
        return KINDS[self.kind]


class Weather(Struct):
    storms: list[Storm] = []

    def strike(self, method: str) -> Storm | None:
        """The storm that this call meets; it has one blow fewer afterwards."""
        for storm in self.storms:
            if storm.times > 0 and storm.hits(method):
                storm.times -= 1
                self.storms = [one for one in self.storms if one.times > 0]
                return storm
        return None


def refusal(storm: Storm) -> Refusal | None:
    """The refusal of a storm that answers at all; the method is not carried out then."""
    match storm.kind:
        case "429":
            return too_many(storm.retry_after)
        case "500":
            return Refusal(500, "Internal Server Error")
        case "502":
            return Refusal(502, "Bad Gateway")
        case "401":
            return Refusal(401, "Unauthorized")
        case _:
            return None
