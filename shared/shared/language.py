"""The language of whoever is being answered: sentences by gettext, dates and numbers by Babel.

Sentences stand in the code in English and are translated where they are made:

    raise Refused(_("Task #%(number)s is completed already.", number=number))

The language is ambient: the wall sets it for a request, the bus for a question of another service, the
notifier for a socket and the bot for a technician, each by `speaking(tag)`. Each file `locales/<language>.po`
is one more language; `make words` puts new sentences into all of them. A literal percent sign is `%%`.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"

_tag: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """All that is said within is said in the language of this IETF tag, or in English where it isn't known."""
    before = _tag.set(tag)
    try:
        yield
    finally:
        _tag.reset(before)


def spoken() -> str:
    """The IETF tag that was asked for, such as `ar` or `de-AT`."""
    return _tag.get()


def language() -> str:
    """The language that sentences are really in, such as `ar`."""
    return known(spoken()) or ENGLISH


def known(tag: str) -> str | None:
    """The language that has sentences for this tag, or None."""
    base = tag.replace("_", "-").partition("-")[0].lower()
    return base if base in languages() else None


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Each language that has sentences → what its speakers call it."""
    found = [ENGLISH, *sorted(path.stem for path in LOCALES.glob("*.po"))]
    return {each: Locale(each).get_display_name(each) or each for each in found}


def direction() -> str:
    """`rtl` or `ltr`."""
    return Locale(language()).text_direction


def locale() -> Locale:
    """What dates, numbers and money are written by."""
    return _locale(spoken())


def _(message: str, /, **values: Any) -> str:
    """The sentence in the language of whoever is answered, with `%(name)s` filled in."""
    return translated(message) % values


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """One of the forms that the language has for this count, with `%(num)s` and `values` filled in."""
    return translated_count(one, many, count) % {"num": count, **values}


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Marks a constant for translation; `_(CONSTANT)` translates it where it is said."""
    return message


def translated(message: str) -> str:
    return _catalogue(language()).gettext(message) if message else ""


def translated_count(one: str, many: str, count: int) -> str:
    return _catalogue(language()).ngettext(one, many, count)


def word(name: str) -> str:
    """A word of the contract within a sentence: `in_progress` → "in progress"."""
    plain = str(name).replace("_", " ")
    return translated(WORDS.get(str(name), plain))


def words(name: str) -> str:
    """A word of the contract that stands alone: `in_progress` → "In progress"."""
    text = word(name)
    return text[:1].upper() + text[1:]


def moment(at: datetime, *, year: bool) -> str:
    """ "22 Nov, 14:05" or "22 Nov 2026, 14:05", on the clock of its own zone."""
    return format_datetime(at, translated(DAY_OF_A_YEAR if year else DAY), locale=locale())


@lru_cache(maxsize=32)
def _catalogue(name: str) -> NullTranslations:
    if name == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    with (LOCALES / f"{name}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=32)
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale(known(tag) or ENGLISH)


# Patterns as Unicode has them (UTS #35, date field symbols); a language has its own comma.
DAY = N_("d MMM, HH:mm")
DAY_OF_A_YEAR = N_("d MMM y, HH:mm")

WORDS = {
    # statuses of a task
    "new": N_("new"),
    "assigned": N_("assigned"),
    "sent": N_("sent"),
    "accepted": N_("accepted"),
    "in_progress": N_("in progress"),
    "completed": N_("completed"),
    "rejected": N_("rejected"),
    "cancelled": N_("cancelled"),
    "deleted": N_("deleted"),
    # of an invoice
    "pending": N_("pending"),
    "overdue": N_("overdue"),
    "paid": N_("paid"),
    "void": N_("void"),
    # of a delivery
    "queued": N_("queued"),
    "failed": N_("failed"),
    "unknown": N_("unknown"),
    # of a technician, an admin and a token
    "active": N_("active"),
    "blocked": N_("blocked"),
    "gone": N_("account gone"),
    "deactivated": N_("paused"),
    "reachable": N_("reachable"),
    "enabled": N_("enabled"),
    "disabled": N_("disabled"),
    "revoked": N_("revoked"),
    "withdrawn": N_("withdrawn"),
    "open": N_("open"),
    # priorities
    "low": N_("low"),
    "normal": N_("normal"),
    "high": N_("high"),
    "urgent": N_("urgent"),
    # roles
    "owner": N_("owner"),
    "dispatcher": N_("dispatcher"),
    "viewer": N_("viewer"),
    # fields of a client
    "name": N_("name"),
    "phone": N_("phone"),
    "email": N_("e-mail"),
    "address": N_("address"),
    "notes": N_("notes"),
}
"""Each word of the contract that people see."""
