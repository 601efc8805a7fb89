"""What a new password may be. One that is in use stays good, whatever it is."""

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from notifier.passwords import LONGEST
from shared.contract.site import Site
from shared.language import _
from shared.refusal import Refused, Why
from shared.web import Identity

SHORTEST = 10
EASY = 1_000_000
"""So many guesses are made in hours, however slowly; zxcvbn's scale calls what takes fewer "very guessable"."""
LOOKED_AT = 72  # characters that zxcvbn is given, as many as it takes
COMMON = 3000  # of the most common passwords; with decoration they are as common
OWN = 4  # letters of their own that a password has beside a name
SHORTEST_NAME = 3

_LEET = str.maketrans("013457@$!|+", "oleastasiit")


async def check(password: str, who: Identity, site: Site) -> None:
    """Refuses what others would try first. In a thread: it looks through whole dictionaries."""
    await asyncio.to_thread(refuse_weak, password, who.login, who.name, site.company)


def refuse_weak(password: str, login: str, name: str, company: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise _refused(_("A password has %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST))
    names = set(_names((login, name, company, "callout")))
    if any(_is_named(shape, names) for shape in shapes(password)):
        raise _refused(
            _(
                "This password is little more than your login, your name or the company's. "
                "Please choose another one; a few unrelated words are good."
            )
        )
    if any(_unit(shape) in _common() for shape in shapes(password)) or _guesses(password, names) < EASY:
        raise _refused(
            _(
                "This password is one of those that are tried first. "
                "Please choose another one; a few unrelated words are good."
            )
        )


def shapes(password: str) -> set[str]:
    """Its letters alone, as they are, and as they are meant where figures stand for letters."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    inner = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    return {_letters(plain), _letters(plain.translate(_LEET)), _letters(inner.translate(_LEET))}


def _names(given: Iterable[str]) -> Iterable[str]:
    """Each name whole, and each of its words."""
    for each in given:
        plain = unicodedata.normalize("NFKC", each).casefold()
        for part in (plain, *re.split(r"[\W\d_]+", plain)):
            if len(found := _letters(part)) >= SHORTEST_NAME:
                yield found


def _is_named(letters: str, names: set[str]) -> bool:
    rest = letters
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, "")
    return rest != letters and len(rest) < OWN


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def _unit(text: str) -> str:
    """What it repeats: "lovelove" is as common as "love"."""
    return text[: (text + text).find(text, 1)] if text else ""


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # where nobody changes a password, nobody needs it

    return frozenset(
        word for word in FREQUENCY_LISTS["passwords"][:COMMON] if word.isalpha() and len(word) > 3
    )


def _guesses(password: str, names: set[str]) -> float:
    from zxcvbn import zxcvbn

    return float(zxcvbn(password[:LOOKED_AT], user_inputs=sorted(names))["guesses"])


def _refused(sentence: str) -> Refused:
    return Refused(sentence, Why.INVALID, {"new": sentence})
