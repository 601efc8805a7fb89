"""What a backup brings back: every row of every service, on an empty machine, with an empty bus."""

import asyncio
import re
import secrets
import struct
import sys
import tarfile
import zlib
from base64 import b64encode
from dataclasses import dataclass
from difflib import unified_diff
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import nats
from local.access import ROLES
from local.servers import Servers
from shared.bus import STREAM
from tests.deploy.story import Story
from tests.people import Office, eventually
from tests.running import SECRET, Callout, resumed, running

PASSPHRASE = "a boat, a lamp and eleven pigeons"
PAGES = (
    "/tasks", "/tasks/1001", "/clients", "/clients/1", "/technicians", "/invoices", "/invoices/1", "/reports",
    "/reports/1001", "/audit", "/notifications", "/admins", "/settings",
)  # fmt: skip

Rows = dict[str, list[str]]
"""`schema.table` → its rows as text, sorted."""


async def rows_of(dsn: str) -> Rows:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = ANY($1)", ROLES
        )
        return {
            name: sorted(row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} t"))
            for (name,) in tables
        }
    finally:
        await connection.close()


async def events_on(servers: Servers) -> tuple[int, int]:
    """How many the journals hold, and how many the bus does."""
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    counts = [await connection.fetchval(f"SELECT count(*) FROM {role}.events") for role in ROLES]
    await connection.close()
    client = await nats.connect(servers.nats_url())
    try:
        return sum(counts), (await client.jetstream().stream_info(STREAM)).state.messages
    finally:
        await client.close()


async def is_quiet(servers: Servers) -> bool:
    """nothing is to be published, folded or sent any more"""
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    client = await nats.connect(servers.nats_url())
    try:
        for role in ROLES:
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {role}.outbox)"):
                return False
        places = await client.jetstream().consumers_info(STREAM)
        if len(places) < len(ROLES) or any(place.num_pending or place.num_ack_pending for place in places):
            return False
        return not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM bot_gateway.deliveries WHERE status IN ('queued', 'sending')) "
            "OR EXISTS (SELECT FROM bot_gateway.updates WHERE handled_at IS NULL AND set_aside_at IS NULL)"
        )
    finally:
        await connection.close()
        await client.close()


async def settled(servers: Servers) -> None:
    async def look() -> bool:
        return await is_quiet(servers)

    look.__doc__ = is_quiet.__doc__
    for _ in range(2):  # what was folded last may just have caused something
        await eventually(look)


async def callout(*arguments: str, data: Path, stdin: bytes | None = None) -> tuple[int, bytes, str]:
    """Runs `callout …` on a folder; answers its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", *arguments, "--data", str(data),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(stdin or b"")
    assert process.returncode is not None
    return process.returncode, out, err.decode()


def noise(size: int) -> bytes:
    """A PNG that no compression makes smaller."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = int((size / 3) ** 0.5)
    lines = b"".join(b"\0" + secrets.token_bytes(side * 3) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines, 0)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


async def play(here: Callout) -> None:
    """A little of everything, and logos that make it large."""
    await Story(here.office, here.phones).play()
    for _ in range(4):  # each is kept, for the documents that show it
        await here.office.call("PUT", "/api/site/logo", {"image": b64encode(noise(90_000)).decode()})


async def pages(office: Office) -> dict[str, str]:
    shown = {path: await office.http.get(path) for path in PAGES}
    assert {path: page.status_code for path, page in shown.items() if not page.is_success} == {}
    return {path: still(page.text) for path, page in shown.items()}


def still(html: str) -> str:
    """Without what another moment or another request changes."""
    html = re.sub(r'nonce="[^"]*"|name="command_id" value="[^"]*"|\?v=[0-9a-f]+', "", html)
    html = re.sub(r"<time[^>]*>.*?</time>", "<time>", html, flags=re.DOTALL)
    return re.sub(r'(?<=class="callout-age">)[^<]*|for [^<>]*(?=, since <time>)', "", html)


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The lines in which two sets of pages differ."""
    return [
        f"{path}: {line}"
        for path, page in one.items()
        for line in unified_diff(page.splitlines(), other[path].splitlines(), n=0, lineterm="")
    ]


@dataclass
class Saved:
    """A Callout that was played, saved while it ran, and stopped."""

    folder: Path
    plain: Path
    encrypted: Path
    rows: Rows
    pages: dict[str, str]
    token: str
    phone: Path
    during: bytes  # a backup during which a task was created


@pytest.fixture(scope="module")
async def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    data, phone = folder / "data", folder / "phone"
    for each in (data, phone):
        each.mkdir()
    (data / "secret").write_text(SECRET)
    (folder / "passphrase").write_text(PASSPHRASE)
    plain, encrypted = folder / "plain.callout", folder / "encrypted.callout"
    async with Servers(data) as servers, running("one process", servers, phone) as here:
        await play(here)
        await settled(servers)
        shown = await pages(here.office)
        code, _, told = await callout("backup", str(plain), data=data)
        assert code == 0, told
        rows = await rows_of(servers.postgres_dsn("postgres"))
        code, out, told = await callout(
            "backup", str(encrypted), "--passphrase-file", str(folder / "passphrase"), data=data
        )
        assert code == 0, told
        assert b"encrypted" in out
        assert plain.stat().st_mode & 0o777 == encrypted.stat().st_mode & 0o777 == 0o600
        during = await saved_during(here, data)
        token = here.office.token
    return Saved(data, plain, encrypted, rows, shown, token, phone / "phone.sqlite3", during)


async def saved_during(here: Callout, data: Path) -> bytes:
    """A backup that stops half way, at a pipe that is full, until a task is created and known everywhere."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", "backup", "-", "--data", str(data), stdout=asyncio.subprocess.PIPE,
        limit=1024,
    )  # fmt: skip
    assert process.stdout
    first = await process.stdout.read(1)
    await here.office.task(title="Came in the middle of it")
    await settled(here.servers)
    assert process.returncode is None, "the backup was over before the task came"
    whole = first + await process.stdout.read()
    assert await process.wait() == 0
    return whole


async def test_an_empty_machine_becomes_the_same_callout(saved: Saved, tmp_path: Path) -> None:
    """From the file and its passphrase alone: the same rows, the same pages, and work goes on where it was."""
    data = tmp_path / "data"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    code, _, told = await callout(
        "restore", str(saved.encrypted), "--passphrase-file", str(passphrase), data=data
    )
    assert code == 0, told
    assert (data / "secret").read_text() == SECRET
    assert (data / "secret").stat().st_mode & 0o777 == 0o600

    async with Servers(data) as servers:
        rows = await rows_of(servers.postgres_dsn("postgres"))
        assert not any(table.pop(f"{role}.published") for role in ROLES for table in (rows,))
        expected = {name: held for name, held in saved.rows.items() if not name.endswith(".published")}
        assert rows.keys() == expected.keys()
        assert {name: held for name, held in rows.items() if held != expected[name]} == {}

        async with resumed(servers, saved.phone, saved.token) as (office, _):
            await settled(servers)
            kept, published = await events_on(servers)
            assert published == kept > 100
            folded = await rows_of(servers.postgres_dsn("postgres"))
            del expected["bot_gateway.reception"]  # how updates come is looked at anew
            assert {name: held for name, held in expected.items() if held != folded[name]} == {}
            assert not (seen := differences(saved.pages, await pages(office))), "\n".join(seen)
            assert "7946 0018" in saved.pages["/clients/1"]  # which only the secret reads
            assert await office.task() == 1014
            await settled(servers)
            kept, published = await events_on(servers)
            assert published == kept


async def test_a_backup_is_of_one_moment(saved: Saved) -> None:
    """What is created while it is written is in none of its tables, though some of them are read afterwards."""
    with tarfile.open(fileobj=BytesIO(saved.during), mode="r|gz") as tar:
        texts = {member.name: _read(tar, member) for member in tar}
    assert "manifest.json" in texts
    assert b"Boiler makes no hot water" in texts["tasks/tasks/00001.copy"]
    assert [name for name, text in texts.items() if b"Came in the middle of it" in text] == []


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file: Any = tar.extractfile(member)
    content: bytes = file.read()
    return content
