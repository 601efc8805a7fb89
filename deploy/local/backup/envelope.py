"""The passphrase around a backup: age files, written and read as they stream by."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BufferedReader
from typing import IO

import pyrage

from local.backup.trouble import DAMAGED, CannotRestore, CannotSave

_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----\n"
_END = b"-----END AGE ENCRYPTED FILE-----\n"
_KEY_LINES = 64
"""More than a key takes: in a file that is no backup, the search for its end stops there."""


@contextmanager
def sealed(file: IO[bytes], passphrase: str | None) -> Iterator[IO[bytes]]:
    """Where to write what goes into the file, encrypted on its way if there is a passphrase."""
    if passphrase is None:
        yield file
        return
    key = pyrage.x25519.Identity.generate()
    file.write(pyrage.passphrase.encrypt(str(key).encode(), passphrase, armored=True))
    reading, writing = _pipe()

    def encrypt() -> None:
        with reading:
            pyrage.encrypt_io(reading, file, [key.to_public()])

    with ThreadPoolExecutor(1) as thread:
        encrypting = thread.submit(encrypt)
        try:
            with writing:
                yield writing
        except BrokenPipeError:
            _raise_of_writing(encrypting)
            raise
        _raise_of_writing(encrypting)


@contextmanager
def opened(file: BufferedReader, passphrase: Callable[[], str]) -> Iterator[IO[bytes]]:
    """What is in the file; `passphrase` is only asked where it is encrypted.

    Raises CannotRestore where the passphrase is another one, or the file was changed or cut short.
    """
    if file.peek(1)[:1] != _BEGIN[:1]:
        yield file
        return
    key = _key(file, passphrase)
    reading, writing = _pipe()

    def decrypt() -> None:
        with writing:
            pyrage.decrypt_io(file, writing, [key])

    with ThreadPoolExecutor(1) as thread:
        decrypting = thread.submit(decrypt)
        with reading:  # closed before the thread is waited for, which else might wait for its reader
            yield reading
        error = decrypting.exception()
        if error and not isinstance(error, BrokenPipeError):  # that one: nobody wanted to read on
            raise CannotRestore(DAMAGED) from error


def _key(file: IO[bytes], passphrase: Callable[[], str]) -> "pyrage.x25519.Identity":
    armored = b""
    for _ in range(_KEY_LINES):
        line = file.readline(len(_BEGIN) * 2)
        armored += line
        if line == _END:
            break
    else:
        raise CannotRestore(DAMAGED)
    try:
        return pyrage.x25519.Identity.from_str(pyrage.passphrase.decrypt(armored, passphrase()).decode())
    except pyrage.DecryptError as error:
        raise CannotRestore(
            "This backup can't be opened with that passphrase. Nothing was restored; try another one."
        ) from error


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb")


def _raise_of_writing(encrypting: "Future[None]") -> None:
    if error := encrypting.exception():
        raise CannotSave(f"The backup could not be written: {error}.") from error
