"""Decodes one picture and writes its pixels anew: `decoder.py WIDEST LARGEST`, from standard input to standard output.

A process of its own, since a picture is anybody's bytes and the libraries that read one are large. It begins with no
more memory, time and rights than this takes, opens nothing, and ends with its answer: a line with the media type and
the new file, or the line `refused WHY`.

WIDEST   pixels on a side that a picture may declare
LARGEST  bytes of the new file
"""

import io
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress

from PIL import (  # noqa: F401 - all that Pillow would load when it first needs it, as nothing can be opened then
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
)

MEMORY = 256 * 2**20
"""Bytes of addresses: a picture of 4000 × 4000 pixels takes 64 MB, and twice that while it is made smaller."""
SECONDS = 5
NOBODY = 65534

SIDES = (1600, 1200, 900, 640, 480, 320, 240, 160, 100)
"""Pixels of the longer side that are tried, until the file is small enough. A logo is printed 80 mm wide at most."""
QUALITIES = (90, 80)

TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ENDS = {True: b"IEND\xae\x42\x60\x82", False: b"\xff\xd9"}
"""What a whole PNG has in it, and a JPEG: Pillow reads one without, too."""
ORIENTATION = 0x0112
"""The tag of Exif that says how a camera was held, and what undoes it (Exif 2.32, section 4.6.4)."""


def main() -> None:
    widest, largest = map(int, sys.argv[1:])
    confine()
    try:
        media_type, image = redrawn(sys.stdin.buffer.read(), widest, largest)
    except MemoryError:
        answer = b"refused heavy\n"
    except TooWide:
        answer = b"refused wide\n"
    except Exception as error:  # a broken file breaks these libraries in every way there is
        answer = f"refused broken\n{error!r}".encode(errors="replace")[:500]
    else:
        answer = f"{media_type}\n".encode() + image
    sys.stdout.buffer.write(answer)


class TooWide(Exception):
    """It declares more pixels than are taken."""


def confine() -> None:
    """From here on, nothing can be opened, written or started, and neither memory nor time is without an end."""
    Image.preinit()
    for codec in ("ascii", "latin-1", "utf-8", "utf-16"):
        "".encode(codec)  # loaded now
    if os.geteuid() == 0:
        with suppress(OSError):  # root of a container may have no right to become another
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    limits = {
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 3,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = MEMORY
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


def redrawn(image: bytes, widest: int, largest: int) -> tuple[str, bytes]:
    """The media type and the file: of the first frame, upright, without colour profile, comments or anything else."""
    Image.MAX_IMAGE_PIXELS = None  # declared sizes are looked at here, before anything is decoded
    opened = Image.open(io.BytesIO(image), formats=("PNG", "JPEG"))
    if max(opened.size) > widest:
        raise TooWide
    opened.draft(None, (SIDES[0], SIDES[0]))  # a JPEG can be decoded smaller
    opened.load()
    if ENDS[opened.format == "PNG"] not in image:
        raise ValueError("it breaks off")
    turn = TURNED.get(opened.getexif().get(ORIENTATION, 1))
    pixels = _smaller(_plain(opened), SIDES[0])
    if turn is not None:
        pixels = pixels.transpose(turn)
    for media_type, file in _files(pixels):
        if len(file) <= largest:
            return media_type, file
    raise MemoryError("even the smallest one is too large")


def _plain(opened: Image.Image) -> Image.Image:
    """Eight bits a channel: grey or colours, with transparency or without."""
    clear = opened.has_transparency_data
    if opened.mode.startswith("I"):  # grey of 16 bits, which Pillow cuts off at 255 by itself
        return opened.convert("I").point(lambda value: value / 257).convert("L")
    grey = opened.mode in ("1", "L", "LA")
    mode = ("LA" if grey and opened.mode == "LA" else "RGBA") if clear else "L" if grey else "RGB"
    return opened if opened.mode == mode else opened.convert(mode)


def _smaller(pixels: Image.Image, side: int) -> Image.Image:
    scale = side / max(pixels.size)
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
    return pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _files(pixels: Image.Image) -> Iterator[tuple[str, bytes]]:
    """The picture as ever smaller files, and so ever less of it."""
    clear = pixels.mode in ("LA", "RGBA")
    for side in SIDES:
        if side < max(pixels.size) or side == SIDES[0]:
            now = _smaller(pixels, side)
            now = Image.frombytes(
                now.mode, now.size, now.tobytes()
            )  # the pixels, and nothing that came with them
            yield "image/png", _saved(now, "PNG")
            if clear:
                yield "image/png", _saved(now.convert("RGBA").quantize(256), "PNG")
            for quality in QUALITIES if not clear else ():
                yield "image/jpeg", _saved(now, "JPEG", quality=quality)


def _saved(pixels: Image.Image, kind: str, **how: int) -> bytes:
    file = io.BytesIO()
    pixels.save(file, kind, **how)
    return file.getvalue()


if __name__ == "__main__":
    main()
