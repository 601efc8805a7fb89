"""What a spreadsheet would calculate, made text.

A spreadsheet takes a cell for a formula where the first thing in it that can be seen is `=`, `+`, `-` or `@`
(OWASP, "CSV Injection"). Where a cell begins is for its reader to say: one splits a line at commas, the next at
semicolons, tabs or bars, and a quotation mark that does not stand first in a cell holds nothing together. So each
place in a text where some reader may begin a cell is looked at, and gets an apostrophe where a sign follows.
"""

import re
import unicodedata

SIGNS = "=+-@−＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋﬩"
"""The four, the minus of typographers, and all that Unicode calls another form of one of these (NFKC)."""
SEPARATORS = ",;\t|\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Of cells, and of lines."""
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs that are drawn as nothing: of Hangul, and the empty pattern of Braille."""
NOTHING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"})
"""General categories of what shows nothing by itself: controls, marks of direction, spaces, what combines."""

_SIGN = re.compile(f"[{re.escape(SIGNS)}]")


def escape_cell(text: str) -> str:
    """The same text, with an apostrophe wherever a reader's cell would begin like a formula."""
    begins = [at for sign in _SIGN.finditer(text) if (at := _beginning(text, sign.start())) is not None]
    parts = [text[at:until] for at, until in zip([0, *begins], [*begins, len(text)], strict=True)]
    return "'".join(parts)


def _beginning(text: str, sign: int) -> int | None:
    """Where the cell begins in which nothing is seen before this sign; None where something is."""
    for at in range(sign, 0, -1):
        before = text[at - 1]
        if before in SEPARATORS:
            return at
        if before != '"' and not shows_nothing(before):
            return None
    return 0


def shows_nothing(character: str) -> bool:
    return character in FILLERS or unicodedata.category(character) in NOTHING
