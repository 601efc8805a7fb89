"""`make secrets`: .env from .env.example, with a new secret wherever one is missing. What is there stays.

Uses nothing but the standard library, so that it runs on a server that has Docker and Python alone.
"""

import os
import re
import secrets
import string
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE, KEPT = ROOT / ".env.example", ROOT / ".env"
EMPTY = re.compile(r"^(?P<name>[A-Z_]*(?:SECRET|PASSWORD)[A-Z_]*)=$", re.MULTILINE)


def main() -> None:
    text = KEPT.read_text() if KEPT.exists() else EXAMPLE.read_text()
    named = {line.partition("=")[0] for line in text.splitlines()}
    missing = [line for line in EXAMPLE.read_text().splitlines() if "=" in line and not line.startswith("#")]
    added = [line for line in missing if line.partition("=")[0] not in named]
    text = "\n".join([text.rstrip("\n"), *added, ""])
    filled = EMPTY.sub(lambda match: f"{match['name']}={_secret()}", text)
    new = KEPT.with_name(".env.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(filled)
    new.replace(KEPT)
    print(f"{KEPT.name} has every secret. Keep a copy of it with the backups.")


def _secret() -> str:
    """288 random bits. NATS reads a password from the environment as a value of its configuration, where what begins
    with a digit or a sign may be a number; so it begins with a letter."""
    return secrets.choice(string.ascii_letters) + secrets.token_urlsafe(36)


if __name__ == "__main__":
    main()
