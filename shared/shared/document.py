"""Documents as PDF, set by Typst.

A layout reads its values by `json(bytes(sys.inputs.values))`. What people typed reaches it so, as values and
never as source, so that nothing in it can be Typst code; the compiler sees no file but the layout.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar

import msgspec
import typst

from shared.language import _
from shared.refusal import Refused, Why

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = 2
"""Documents. One takes a core while it is made, and some tens of megabytes."""
WAITING = 20
PATIENCE = 15.0
"""Seconds until a document is there: the bot-gateway waits 20 for an invoice's."""

MEDIA_TYPE = "application/pdf"
PICTURE = "image/svg+xml"
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Marks that turn the order of what follows them around, and what can't be printed."""
LONG_WORD = re.compile("[!-~\u00a1-\u024f\u0370-\u052f]{31,}")
"""Where letters stand apart (Latin, Greek, Cyrillic), a break within a word spoils no shape."""


class Press:
    """Two documents are made at a time in a process, and a few wait for it; more are sent away, to come again."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="press")
        self._room = at_once + waiting
        self._patience = patience
        self._taken: set[Future[Any]] = set()

    async def make(self, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        """The work, done beside the event loop. Raises Refused (503) where it can't be in time.

        Whoever goes away while it waits is not waited for; what was begun ends, and has its place until then.
        """
        if len(self._taken) >= self._room:
            raise _busy()
        context = copy_context()
        doing = self._threads.submit(lambda: context.run(work, *given, **named))
        self._taken.add(doing)
        doing.add_done_callback(self._taken.discard)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.wrap_future(doing)
        except TimeoutError:
            raise _busy() from None


press = Press()


def _busy() -> Refused:
    return Refused(
        _("Too many documents are being made just now. Please try again in a moment."), Why.UNAVAILABLE
    )


def compiled(layout: bytes, values: Mapping[str, Any], made_at: datetime, *, tagged: bool = True) -> bytes:
    """The PDF; the same values give the same bytes. It takes tenths of a second: have it made by `press`.

    made_at  what the file says of when it was made
    tagged   with what people need who hear a document read; it makes a long one several times larger
    """
    pdf = typst.compile(
        layout,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs=_inputs(values),
        timestamp=int(made_at.timestamp()),
        pdf_tags=tagged,
    )
    assert isinstance(pdf, bytes)
    return pdf


def pictured(layout: bytes, values: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The same pages, each as an SVG with its letters as shapes. It takes as long."""
    made: Any = typst.compile(layout, font_paths=_fonts(), format="svg", sys_inputs=_inputs(values))
    return tuple(made) if isinstance(made, list) else (made,)  # one page comes as bytes, several as a list


def typed(text: str) -> dict[str, str | bool]:
    """What somebody typed, legible and inert: nothing that turns neighbours around, no word wider than its column."""
    plain = CONTROLS.sub("", text).strip()
    strong = next((way for way in map(unicodedata.bidirectional, plain) if way in {"L", "R", "AL"}), "L")
    return {"text": LONG_WORD.sub(_breakable, plain), "rtl": strong != "L"}


def said(sentence: str, *, rtl: bool) -> dict[str, str | bool]:
    """A sentence of Callout's own, which keeps what people typed apart by isolates (Unicode UAX #9) already."""
    return {"text": LONG_WORD.sub(_breakable, sentence), "rtl": rtl}


def attachment(filename: str) -> dict[str, str]:
    """Headers of a PDF as an HTTP answer: kept as a file, since a page's policy would hold for a viewer in it too."""
    return {"content-disposition": f'attachment; filename="{filename}"'}


def _inputs(values: Mapping[str, Any]) -> dict[str, str]:
    return {"values": msgspec.json.encode(values).decode()}


def _breakable(word: re.Match[str]) -> str:
    return "\u200b".join(word[0][at : at + 10] for at in range(0, len(word[0]), 10))


@cache
def _fonts() -> typst.Fonts:
    """Noto Sans for the scripts of most names, and emoji; what it lacks is taken from the system's fonts."""
    noto = find_spec("manimgx_fonts")
    return typst.Fonts(font_paths=list(noto.submodule_search_locations or []) if noto else [])
