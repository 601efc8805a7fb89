"""What text may hold before it is stored, wherever it comes from: a form, JSON, or Telegram.

Control characters are refused: PostgreSQL can't keep NUL, and the others are invisible damage.
Characters that override the reading direction (Unicode UAX #9, sections 2.1 to 2.4) are taken
out, since they come along with copied phone numbers and can make a name look like another one.
Ordinary Arabic or Hebrew needs none of them.
"""

import re

from shared.language import N_, _
from shared.refusal import Refused, Why

CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff"
"""As ranges of a regular expression: without tabs and line ends, with halves of surrogate pairs, which are no text."""
DIRECTION = r"\u202a-\u202e\u2066-\u2069"

_CONTROL = re.compile(f"[{CONTROL}]")
_DIRECTION = re.compile(f"[{DIRECTION}]")

# The same two, as bytes on the wire: raw, escaped in JSON, percent-encoded in a form or query.
_RAW_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_RAW_DIRECTION = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_JSON_CONTROL = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:[bf]|u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF]))")
_JSON_DIRECTION = re.compile(rb"(?<!\\)((?:\\\\)*)\\u20(?:2[a-eA-E]|6[6-9])")
_FORM_CONTROL = re.compile(rb"%(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])")
_FORM_DIRECTION = re.compile(rb"%[eE]2%(?:80%[aA][a-eA-E]|81%[aA][6-9])")

CONTROL_SENTENCE = N_(
    "The text holds invisible control characters, such as NUL. Please remove them and send it again."
)


def has_control(text: str) -> bool:
    """True for what `clean` refuses."""
    return _CONTROL.search(text) is not None


def clean(text: str) -> str:
    """The text without direction overrides; Refused where it holds control characters."""
    if has_control(text):
        raise Refused(_(CONTROL_SENTENCE), Why.INVALID)
    return _DIRECTION.sub("", text)


def scrub(text: str) -> str:
    """The text without either: for names that arrive from Telegram, where nobody can be asked to correct them."""
    return _DIRECTION.sub("", _CONTROL.sub("", text))


def clean_body(body: bytes, content_type: str) -> bytes:
    """`clean` for a request's body before anything is decoded."""
    body = _RAW_DIRECTION.sub(b"", body)
    refused = [_RAW_CONTROL, _RAW_DIRECTION]
    if "urlencoded" in content_type:
        body = _FORM_DIRECTION.sub(b"", body)
        refused += [_FORM_CONTROL, _FORM_DIRECTION]
    elif b"\\" in body:
        # JSON, whatever it calls itself: that is how it would be read.
        body = _JSON_DIRECTION.sub(rb"\1", body)
        refused += [_JSON_CONTROL, _JSON_DIRECTION]
    # Only now: what is taken out can be so placed that what stood around it closes up to such a character.
    if any(pattern.search(body) for pattern in refused):
        raise Refused(_(CONTROL_SENTENCE), Why.INVALID)
    return body


def refuse_control_in_address(path: str, query: bytes) -> None:
    if has_control(path) or _FORM_CONTROL.search(query) or _RAW_CONTROL.search(query):
        raise Refused(_(CONTROL_SENTENCE), Why.INVALID)
