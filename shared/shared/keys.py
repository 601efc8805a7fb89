"""The keys for data at rest: one for each purpose, made of the installation's secret, and given to who uses it.

`make secrets` (deploy/fill_secrets.py) makes a file of each for the containers, in the same way: a service that is
broken into opens what it could open anyway. Where all run in one process, they are made of the secret itself.
"""

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

USED: Mapping[str, tuple[str, ...]] = {
    "bot-gateway": ("bot-token", "telegram-webhook", "updates"),
    "tasks": ("clients", "drafts"),
}
"""Service → the purposes that it has keys for; the others have none."""

PURPOSES = tuple(sorted(purpose for purposes in USED.values() for purpose in purposes))
PREFIX = "key-"
"""How a key begins where it is written down."""


def setting_of(purpose: str) -> str:
    """The variable that holds the key: `CALLOUT_KEY_BOT_TOKEN`."""
    return f"CALLOUT_KEY_{purpose.replace('-', '_').upper()}"


def derived(secret: str, purpose: str) -> str:
    """256 bits of both alone (HKDF, RFC 5869), in letters that may stand in an address (RFC 4648, section 5)."""
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"callout/{purpose}".encode())
    return base64.urlsafe_b64encode(key.derive(secret.encode())).decode()


def written(secret: str, purpose: str) -> str:
    """The key as `make secrets` writes it down."""
    return PREFIX + derived(secret, purpose).rstrip("=")


def read(text: str) -> str | None:
    """The key that was written down; None for what is none."""
    key = text.strip().removeprefix(PREFIX) + "="
    try:
        bits = base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        return None
    return key if text.startswith(PREFIX) and len(bits) == 32 else None
