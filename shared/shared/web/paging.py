"""Lists by key: a page says where the next one begins, so the last is as quick as the first."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import litestar
import msgspec
from litestar.params import QueryParameter
from msgspec import Struct

from shared.language import _
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why

DEFAULT = 50
MOST = 200
YEARS = range(1900, 9000)

T = TypeVar("T")
K = TypeVar("K")


After = Annotated[str | None, QueryParameter(description="`next` of the page before")]
Limit = Annotated[
    int | None,
    QueryParameter(
        description=f"{DEFAULT} where nothing is said", schema_extra={"minimum": 1, "maximum": MOST}
    ),
]
"""How a list describes what `after_of` and `limit_of` read."""
DAY = {"pattern": r"^(\d{4}-\d\d-\d\d)?$", "examples": ["2026-12-01"]}
"""As `schema_extra` of a parameter that is a day, or nothing."""


class Page(Struct, Generic[T], frozen=True):
    """What a list answers: `next` goes into `?after=`; null on the last page."""

    items: list[T]
    next: str | None = None


def limit_of(request: litestar.Request[Any, Any, Any], usual: int = DEFAULT) -> int:
    """`?limit=`, from 1 to 200; the usual number where nothing is said."""
    given = request.query_params.get("limit", "")
    if not given:
        return usual
    if len(given) > 9 or not given.isdecimal() or not 1 <= int(given) <= MOST:
        sentence = _("The limit is a number from 1 to %(most)s.", most=MOST)
        raise Refused(sentence, Why.INVALID, {"limit": sentence})
    return int(given)


def after_of(request: litestar.Request[Any, Any, Any], kind: type[K]) -> K | None:
    """The key in `?after=`, as `kind` (such as `int` or `tuple[datetime, UUID]`); None for the first page."""
    given = request.query_params.get("after", "")
    if not given:
        return None
    try:
        padded = given.encode() + b"=" * (-len(given) % 4)
        key = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
        for part in key if isinstance(key, tuple) else (key,):
            _require_stored(part)
        return key
    except (binascii.Error, ValueError, msgspec.MsgspecError, UnicodeError) as error:
        raise Refused(_("That page is not known. Please begin at the first."), Why.INVALID) from error


def _require_stored(part: Any) -> None:
    """Whoever writes a key by hand finds none; what PostgreSQL could not even compare with is a ValueError."""
    match part:
        case int() if abs(part) > BIGGEST:
            raise ValueError("larger than any number")
        case datetime() if part.tzinfo is None or part.year not in YEARS:
            raise ValueError("no moment of time")
        case str() if "\0" in part:
            raise ValueError("no text")


def paged(rows: Sequence[T], limit: int, key: Callable[[T], Any]) -> Page[T]:
    """A page of `limit + 1` rows that were asked for; the one too many only shows that there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit and items
    return Page(items, seal(key(items[-1])) if more else None)


def seal(key: Any) -> str:
    """A key → the opaque text of `next`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")
