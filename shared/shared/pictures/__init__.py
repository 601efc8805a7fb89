"""Pictures that somebody uploaded, or that came in an event: whoever shows or prints one has its pixels alone.

A file of 95 KB can unfold to a gigabyte, hide a second picture, or break the library that reads it. So no service
decodes one itself: a process with limits does (`decoder.py`), and writes the pixels into a new file.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NewType, get_args

import structlog
from msgspec import Struct

from shared.contract.site import LogoType
from shared.language import _
from shared.refusal import Refused, Why

log = structlog.get_logger()

WIDEST = 4000
"""Pixels on a side that a picture may declare."""
LARGEST = 100 * 1024
"""Bytes, of what is decoded and of what comes of it."""
SECONDS = 10.0  # that decoding may take, on a machine that does much else
AGAIN = 60.0  # seconds until what is stored is tried again
WAITING = 8
"""So many wait until it is their turn, as there is one process at a time."""

DECODER = Path(__file__).with_name("decoder.py")


Pixels = NewType("Pixels", bytes)
"""A file that was written here, of pixels alone: a PNG or JPEG of at most 1600 pixels on a side, and 100 KB."""


class Picture(Struct, frozen=True):
    image: Pixels
    media_type: LogoType


class Flaw(Enum):
    """Why a picture can't be taken."""

    BROKEN = "broken"  # no PNG or JPEG, or not all of one
    WIDE = "wide"  # it declares more than WIDEST pixels on a side
    HEAVY = "heavy"  # it takes more memory or time than there is for it
    LARGE = "large"  # it is a file of more than LARGEST bytes

    @property
    def sentence(self) -> str:
        match self:
            case Flaw.BROKEN:
                return _("This is no whole PNG or JPEG image. Please choose another file.")
            case Flaw.WIDE:
                return _("The logo has at most %(most)s pixels in each direction.", most=WIDEST)
            case Flaw.HEAVY:
                return _(
                    "This image takes too much memory or time to read. Please save it smaller, as a PNG."
                )
            case Flaw.LARGE:
                return _("The logo has at most %(most)s KB.", most=LARGEST // 1024)


_turn = asyncio.Semaphore(1)
_waiting = 0


async def redrawn(image: bytes) -> Picture | Flaw:
    """The picture's pixels as a new file; or what is wrong with it.

    Raises Refused (503) where too many wait for this, or no process can be started.
    """
    global _waiting  # noqa: PLW0603 - of this process, as the processes that it starts are
    if len(image) > LARGEST:
        return Flaw.LARGE
    if _waiting >= WAITING:
        raise _not_now()
    _waiting += 1
    try:
        async with _turn:
            answer = await _decoded(image)
    finally:
        _waiting -= 1
    head, _nothing, body = answer.partition(b"\n")
    for media_type in get_args(LogoType):
        if head.decode("ascii", "replace") == media_type:
            return Picture(Pixels(body), media_type)
    flaw = next((each for each in Flaw if head == f"refused {each.value}".encode()), Flaw.HEAVY)
    log.info("picture refused", why=flaw.value, size=len(image), reason=body.decode(errors="replace"))
    return flaw


async def patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Draws anew what is stored, and tries again where there is no process for it now: nothing else waits for that."""
    while True:
        try:
            return await work()
        except Refused as refused:
            if refused.why is not Why.UNAVAILABLE:
                raise
            log.warning("pictures not drawn anew yet", sentence=refused.sentence)
        await asyncio.sleep(AGAIN)


async def _decoded(image: bytes) -> bytes:
    """What the process answers; nothing where it was ended at one of its limits. It is told no secret."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(DECODER), str(WIDEST), str(LARGEST),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={}, cwd="/",
        )  # fmt: skip
    except OSError as error:
        log.warning("pictures can't be decoded", reason=str(error))
        raise _not_now() from error
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _asked(process, image)
            return answer if await process.wait() == 0 else b""
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _asked(process: asyncio.subprocess.Process, image: bytes) -> bytes:
    """No more of an answer than there can be to say."""
    assert process.stdin
    assert process.stdout
    with suppress(ConnectionError):  # it has ended already
        process.stdin.write(image)
        await process.stdin.drain()
    process.stdin.close()
    answer = b""
    while len(answer) <= 2 * LARGEST and (more := await process.stdout.read(LARGEST)):
        answer += more
    return answer


def _not_now() -> Refused:
    return Refused(_("Images can't be read just now. Please try again in a moment."), Why.UNAVAILABLE)
