"""Whether a picture can stand on a document: a PNG or JPEG of a sane size that the compiler takes.

What comes as the company's logo is anybody's bytes. A broken one costs the document its logo, never more.
"""

import struct
from functools import lru_cache

import typst

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
WIDEST = 4096
"""Pixels on a side: a picture of few bytes can unfold to more memory than there is."""

# The compiler's inputs are text, so that the bytes come as a list of numbers.
PAGE = b"#set page(width: 4cm, height: 4cm)\n#image(bytes(json(bytes(sys.inputs.logo))), width: 1cm)"

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of a frame, which tells the size (ITU T.81, table B.1)."""


@lru_cache(maxsize=8)
def printable(image: bytes) -> str | None:
    """`png` or `jpg` where it can be printed, and None where it can't."""
    kind = "png" if image.startswith(PNG) else "jpg" if image.startswith(JPEG) else None
    if kind is None:
        return None
    size = _png_size(image) if kind == "png" else _jpeg_size(image)
    if size is None or not all(1 <= side <= WIDEST for side in size):
        return None
    try:
        typst.compile(PAGE, sys_inputs={"logo": str(list(image))}, format="pdf", ignore_system_fonts=True)
    except typst.TypstError:
        return None
    return kind


def _png_size(image: bytes) -> tuple[int, int] | None:
    """From the header, which stands first (PNG, section 11.2.1)."""
    if image[12:16] != b"IHDR" or len(image) < 24:
        return None
    width, height = struct.unpack_from(">II", image, 16)
    return width, height


def _jpeg_size(image: bytes) -> tuple[int, int] | None:
    """From the first frame's header; the segments before it are passed over."""
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", image, at + 5)
            return width, height
        at += 2 + int.from_bytes(image[at + 2 : at + 4], "big")
    return None
