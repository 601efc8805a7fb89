"""What a secret says of itself: that its session began a moment ago, signed, so that nobody else can claim it.

A service that has not heard of a session refuses it at once, unless the secret shows that the news may still be on its
way. The key is random, belongs to the bucket, and is read with it; whoever has it can make a service wait, no more.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from time import time

import msgspec
from msgspec import Struct

MAC = 12  # bytes of it that are kept


class Marker(Struct, frozen=True):
    """The bucket's last entry. Of an older version it is empty, and then nothing is signed."""

    key: str = ""


def marker(value: bytes | None) -> Marker:
    try:
        return msgspec.json.decode(value or b"{}", type=Marker)
    except msgspec.DecodeError:
        return Marker()


def minted(key: str, prefix: str = "") -> str:
    """A new random secret, with the second in which it was made: `<random>.<hex>.<mac>`; without a key `<random>`."""
    random = prefix + secrets.token_urlsafe(32)
    said = f"{random}.{int(time()):x}"
    return f"{said}.{_mac(key, said)}" if key else random


def began(secret: str, key: str) -> int | None:
    """The second in which this secret was made, in Unix time; None where it does not say, or is not believed."""
    said, _, mac = secret.rpartition(".")
    _random, _, moment = said.partition(".")
    if not key or not secret.isascii() or not hmac.compare_digest(mac, _mac(key, said)):
        return None
    return int(moment, 16)


def _mac(key: str, said: str) -> str:
    digest = hmac.digest(key.encode(), said.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest[:MAC]).decode()
