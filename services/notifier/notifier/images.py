"""What kind of image a file really is, and how large: read from its bytes, whatever it is called."""

import zlib
from struct import unpack_from

from msgspec import Struct

from shared.contract.site import LogoType

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""SOF markers (ITU T.81, table B.1): they tell the dimensions."""
_SCAN, _END = 0xDA, b"\xff\xd9"


class Measured(Struct, frozen=True):
    """width and height in pixels"""

    media_type: LogoType
    width: int
    height: int


def measured(image: bytes) -> Measured | None:
    """None for what is neither PNG nor JPEG, broken off, or without a size."""
    found = None
    if image.startswith(PNG) and (size := _png(image)):
        found = Measured("image/png", *size)
    elif image.startswith(JPEG) and (size := _jpeg(image)):
        found = Measured("image/jpeg", *size)
    return found if found and found.width and found.height else None


def _png(image: bytes) -> tuple[int, int] | None:
    """Every chunk's length and checksum is right, from IHDR to IEND (RFC 2083, section 3)."""
    at, size = len(PNG), None
    while at + 12 <= len(image):
        (length,), kind = unpack_from(">I", image, at), image[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(image) or zlib.crc32(image[at + 4 : end]) != unpack_from(">I", image, end)[0]:
            return None
        if kind == b"IHDR" and length == 13:
            size = unpack_from(">II", image, at + 8)
        elif size is None:
            return None
        elif kind == b"IEND":
            return size[0], size[1]
        at = end + 4
    return None


def _jpeg(image: bytes) -> tuple[int, int] | None:
    """The segments up to the scan, one of which is a frame; and the end of the image is there."""
    if not image.rstrip(b"\x00").endswith(_END):
        return None
    at, size = 2, None
    while at + 4 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        (length,) = unpack_from(">H", image, at + 2)
        if marker in _FRAMES and at + 9 <= len(image):
            height, width = unpack_from(">HH", image, at + 5)
            size = (width, height)
        elif marker == _SCAN:
            return size
        at += 2 + length
    return None
