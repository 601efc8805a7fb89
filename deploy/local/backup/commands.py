"""`callout backup` and `callout restore`."""

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from local.backup.archive import Reader
from local.backup.envelope import opened, sealed
from local.backup.load import check, load
from local.backup.place import source, target
from local.backup.save import save
from local.backup.trouble import CannotRestore, CannotSave
from shared.settings import SettingsError

PASSPHRASE = "CALLOUT_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable
SHORTEST = 12
"""Characters of a passphrase: with it, the file opens clients' data and the bot's token."""


async def backup(arguments: argparse.Namespace) -> None:
    passphrase = _given(arguments.passphrase_file)
    if passphrase is None and arguments.encrypt:
        passphrase = _asked_twice()
    if passphrase is not None and len(passphrase) < SHORTEST:
        raise CannotSave(f"A passphrase needs at least {SHORTEST} characters. No backup was made.")
    name: str = arguments.file
    async with source(arguments.data) as whose:
        with _written(name) as file, sealed(file, passphrase) as inside:
            manifest = await save(whose, inside, with_secret=passphrase is not None)
    held = manifest.told()
    how = "encrypted" if passphrase else "not encrypted, and without the installation's secret"
    print(f"{'The backup' if name == '-' else name} holds {held}; {how}.", file=_talk(name))


async def restore(arguments: argparse.Namespace) -> None:
    with _read(arguments.file) as file, opened(file, lambda: _given_or_asked(arguments)) as inside:
        reader = Reader(inside)
        header = reader.header
        if arguments.show_secret:
            if header.secret is None:
                raise CannotRestore("This backup is not encrypted, so it does not hold the secret.")
            print(header.secret)
            return
        check(header)
        async with target(arguments.data, header) as whose:
            manifest = await load(whose, reader)
    print(
        f"Restored: {manifest.told()}, as they were at {header.at:%Y-%m-%d %H:%M} UTC. "
        "The bus is filled again as soon as the services run."
    )


@contextmanager
def _written(name: str) -> Iterator[IO[bytes]]:
    """A file that only this user may read, and that is whole or not there."""
    if name == "-":
        if sys.stdout.isatty():
            raise CannotSave(
                "A backup is nothing for a terminal. Name a file, or end the line with `> file`."
            )
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError as error:
            raise CannotSave("Whoever was to take the backup went away before its end.") from error
        return
    path = Path(name)
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise CannotSave(f"{path} can't be written: {error.strerror or error}.") from error
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _read(name: str) -> Iterator[BufferedReader]:
    if name == "-":
        yield cast(BufferedReader, sys.stdin.buffer)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CannotRestore(f"{name} can't be read: {error.strerror or error}.") from error
    with file:
        yield file


def _given_or_asked(arguments: argparse.Namespace) -> str:
    passphrase = _given(arguments.passphrase_file)
    if passphrase is None:
        if arguments.file == "-" or not sys.stdin.isatty():
            raise CannotRestore(f"This backup is encrypted. Put its passphrase into {PASSPHRASE}.")
        passphrase = getpass.getpass("Passphrase of the backup: ")
    return passphrase


def _asked_twice() -> str:
    if not sys.stdin.isatty():
        raise CannotSave(f"No passphrase was given. Put it into {PASSPHRASE}. No backup was made.")
    first = getpass.getpass("Passphrase for the backup (without it nobody can restore): ")
    if getpass.getpass("Once more: ") != first:
        raise CannotSave("These were two different passphrases. No backup was made.")
    return first


def _given(file: Path | None) -> str | None:
    """From the file, else from the environment; never from the command line, which others can see."""
    if file is None:
        if given := os.environ.get(PASSPHRASE):  # Compose sets an empty one where there is none
            return given
        if not (named := os.environ.get(f"{PASSPHRASE}_FILE")):
            return None
        file = Path(named)
    try:
        return file.read_text().rstrip("\r\n")  # an editor's line end; a space is the passphrase's own
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror or error}.") from error


def _talk(name: str) -> IO[str]:
    return sys.stderr if name == "-" else sys.stdout
