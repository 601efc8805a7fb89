"""The members of a backup, written and read once, from first to last; see the package for their order."""

import gzip
import hashlib
import hmac
import io
import tarfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import IO

import msgspec
from msgspec import Struct

from local.backup.trouble import DAMAGED, CannotRestore

FORMAT = 1
PART = 4 * 2**20
"""Bytes after which a table's next part begins."""
LARGEST = 64 * 2**20
"""No member is larger: a part ends with the row, and a row is small."""

_HEADER = "header.json"
_MANIFEST = "manifest.json"

DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError, msgspec.MsgspecError, UnicodeDecodeError)
"""What reading a file raises that is no whole backup."""


class Table(Struct, frozen=True):
    """columns  those that hold something of their own; what is generated from them is not in the file"""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.schema}/{self.name}"


class Header(Struct, frozen=True, kw_only=True):
    """
    callout       the version that wrote it
    migrations    of each schema, in no order
    fingerprint   of the secret that clients' data and the bot token are encrypted with (`fingerprint`)
    secret        that secret itself, where a passphrase keeps it
    telegram_api  base address of the Bot API, or "practice"
    """

    format: int = FORMAT
    callout: str
    id: str
    at: datetime
    fingerprint: str
    secret: str | None
    telegram_api: str
    migrations: dict[str, list[str]]
    tables: list[Table]


class Held(Struct, frozen=True):
    """What there is of one table."""

    rows: int
    size: int
    sha256: str


class Manifest(Struct, frozen=True):
    """
    tables     `SCHEMA/TABLE` → what there is of it
    sequences  `schema.sequence`, quoted as SQL wants it → its last value, and whether that was given out
    """

    tables: dict[str, Held]
    sequences: dict[str, tuple[int, bool]]

    def told(self) -> str:
        """In one line, for people."""
        events = sum(held.rows for key, held in self.tables.items() if key.endswith("/events"))
        rows = sum(held.rows for held in self.tables.values())
        return f"{events:,} events and {rows - events:,} other rows in {len(self.tables)} tables"


class _Version(Struct, frozen=True):
    format: int
    callout: str


def fingerprint(secret: str, backup: str) -> str:
    """Tells whether a secret is the one; from it, nobody comes to the secret."""
    return hmac.new(secret.encode(), f"callout/backup/{backup}".encode(), hashlib.sha256).hexdigest()


class Writer:
    def __init__(self, file: IO[bytes], header: Header) -> None:
        self._gzip = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|")  # noqa: SIM115 - closed by `end`
        self._at = int(header.at.timestamp())
        self._held: dict[str, Held] = {}
        self._add(_HEADER, msgspec.json.format(msgspec.json.encode(header)))

    def table(self, table: Table) -> "TableWriter":
        return TableWriter(self, table)

    def part(self, name: str, data: bytes) -> None:
        self._add(name, data)

    def held(self, table: Table, held: Held) -> None:
        self._held[table.key] = held

    def end(self, sequences: dict[str, tuple[int, bool]]) -> Manifest:
        manifest = Manifest(self._held, sequences)
        self._add(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        self._tar.close()
        self._gzip.close()
        return manifest

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(data), 0o600, self._at
        self._tar.addfile(member, io.BytesIO(data))


class TableWriter:
    """Cuts what COPY gives into parts."""

    def __init__(self, writer: Writer, table: Table) -> None:
        self._writer = writer
        self._table = table
        self._sum = _Sum()
        self._waiting = bytearray()
        self._parts = 0

    async def take(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= PART:
            self._cut()

    def end(self, rows: int) -> None:
        if self._waiting:
            self._cut()
        self._writer.held(self._table, self._sum.held(rows))

    def _cut(self) -> None:
        self._parts += 1
        part = bytes(self._waiting)
        self._waiting.clear()
        self._sum.add(part)
        self._writer.part(f"{self._table.key}/{self._parts:05}.copy", part)


class Reader:
    """Reads the header at once; then `tables`, one after the other, and after the last one `manifest`.

    Raises one of DAMAGE, or CannotRestore, wherever the file ends or is not what was written.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=file, mode="rb")
        self._members = self._read()
        self._manifest: Manifest | None = None
        self.header = self._read_header()

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """`SCHEMA/TABLE` and its parts, which must be read before the next table is."""
        for key, parts in groupby(self._members, lambda member: member[0].rpartition("/")[0]):
            if key:
                yield key, map(_data, parts)
                continue
            self._manifest = self._read_manifest(*next(iter(parts)))
            break
        while self._gzip.read(PART):  # to the end, where gzip keeps its checksum
            pass

    @property
    def manifest(self) -> Manifest:
        if self._manifest is None:
            raise CannotRestore(DAMAGED)
        return self._manifest

    def _read(self) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(fileobj=self._gzip, mode="r|") as tar:
            for member in tar:
                data = tar.extractfile(member)
                if data is None or member.size > LARGEST:
                    raise CannotRestore(DAMAGED)
                yield member.name, data.read()

    def _read_manifest(self, name: str, data: bytes) -> Manifest:
        if name != _MANIFEST:
            raise CannotRestore(DAMAGED)
        return msgspec.json.decode(data, type=Manifest)

    def _read_header(self) -> Header:
        try:
            name, data = next(self._members)
            version = msgspec.json.decode(data, type=_Version)
        except (*DAMAGE, StopIteration) as error:
            raise CannotRestore(
                "This is no backup of Callout, or it is damaged at its very start."
            ) from error
        if name != _HEADER:
            raise CannotRestore("This is no backup of Callout.")
        if version.format > FORMAT:
            raise CannotRestore(newer(version.callout))
        try:
            return msgspec.json.decode(data, type=Header)
        except msgspec.MsgspecError as error:
            raise CannotRestore(DAMAGED) from error


class _Sum:
    def __init__(self) -> None:
        self._size = 0
        self._sha256 = hashlib.sha256()

    def add(self, part: bytes) -> None:
        self._size += len(part)
        self._sha256.update(part)

    def held(self, rows: int) -> Held:
        return Held(rows, self._size, self._sha256.hexdigest())


def _data(member: tuple[str, bytes]) -> bytes:
    return member[1]


def newer(version: str) -> str:
    return f"This backup was made by Callout {version}, which is newer than this one. Upgrade first, then restore."
