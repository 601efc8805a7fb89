"""`make secrets`: .env from .env.example, and a file for each secret that has none yet. What is there stays.

Uses nothing but the standard library, so that it runs on a server that has Docker and Python alone.
"""

import base64
import hmac
import os
import re
import secrets
import string
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE, KEPT = ROOT / ".env.example", ROOT / ".env"
ROLES = ("BOT_GATEWAY", "INVOICES", "NOTIFIER", "REPORTING", "TASKS")
SECRET = "CALLOUT_SECRET"  # noqa: S105 - the name of a file
KEYS = ("bot-token", "clients", "drafts", "telegram-webhook", "updates")
"""Purposes, each with a key for the service that uses it: shared/shared/keys.py says which, and makes the same."""
NAMES = (
    SECRET,
    "POSTGRES_PASSWORD",
    *(f"POSTGRES_PASSWORD_{role}" for role in ROLES),
    *(f"NATS_PASSWORD_{user}" for user in (*ROLES, "OPERATOR", "CLUSTER")),
    "GRAFANA_PASSWORD",
)
SETTING = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)
PLAIN = re.compile(r"[\w.~+/=-]*")  # what stands in .env for itself, without quotes, spaces or a comment


def main() -> None:
    text = KEPT.read_text() if KEPT.exists() else EXAMPLE.read_text()
    known = dict(SETTING.findall(text))
    added = [
        line
        for line in EXAMPLE.read_text().splitlines()
        if (new := SETTING.match(line)) and new[1] not in known
    ]
    text = "\n".join([text.rstrip("\n"), *added, ""])
    folder = ROOT / (
        dict(SETTING.findall(text))["CALLOUT_SECRETS"] or sys.exit("CALLOUT_SECRETS in .env names no folder.")
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # whatever it was before
    made: list[str] = []
    files = {purpose: folder / f"CALLOUT_KEY_{purpose.replace('-', '_').upper()}" for purpose in KEYS}
    if not (folder / SECRET).exists() and not known.get(SECRET) and any(map(Path.exists, files.values())):
        sys.exit(
            f"{folder / SECRET} is gone, and the keys beside it were made of it. Put it back from a backup."
        )
    for name in NAMES:
        if not PLAIN.fullmatch(before := known.get(name, "")):
            sys.exit(
                f"{name} in {KEPT.name} has quotes, a space or a comment. Leave the secret alone behind the =."
            )
        if keep(folder / name, before):
            made.append(name)
    secret = (folder / SECRET).read_text().strip()
    for purpose, file in files.items():
        # Made anew where the secret is another one: it came with a backup, and this opens what is in it.
        if not file.exists() or file.read_text().strip() != key(secret, purpose):
            write(file, key(secret, purpose), 0o644)
            made.append(file.name)
    # A version before kept them here.
    write(
        KEPT,
        "".join(line for line in text.splitlines(keepends=True) if line.partition("=")[0] not in NAMES),
        0o600,
    )
    print(f"Made in {folder}: {', '.join(made) or 'nothing, all of them are there'}.")
    print(f"Keep a copy of it, and of {KEPT.name}, with the backups.")


def key(secret: str, purpose: str) -> str:
    """256 bits of both (HKDF with SHA-256, RFC 5869)."""
    extracted = hmac.digest(bytes(32), secret.encode(), "sha256")
    expanded = hmac.digest(extracted, f"callout/{purpose}".encode() + b"\x01", "sha256")
    return "key-" + base64.urlsafe_b64encode(expanded).decode().rstrip("=")


def keep(path: Path, before: str) -> bool:
    """Whether it was not there. Containers read it as users of their own, so that the folder alone keeps others out."""
    if not path.exists():
        write(path, before or new(), 0o644)
        return True
    kept = path.read_text().strip()
    if not kept:
        sys.exit(
            f"{path} is empty. Put back what it held; if nothing was encrypted or set up with it, remove the file."
        )
    if before not in ("", kept):
        sys.exit(
            f"{path.name} stands in {KEPT.name}, and {path} holds another one. Take away the one that is not used."
        )
    return False


def write(path: Path, text: str, mode: int) -> None:
    beside = path.with_name(f"{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    beside.replace(path)


def new() -> str:
    """288 random bits. NATS reads a password from the environment as a value of its configuration, where what begins
    with a digit or a sign may be a number; so it begins with a letter."""
    return secrets.choice(string.ascii_letters) + secrets.token_urlsafe(36)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")
