"""What is not restored, and the sentence that says why: the target is then as it was before."""

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, BytesIO
from pathlib import Path

import asyncpg
import msgspec
import pytest

from local.access import ROLES
from local.backup import commands, load
from local.backup.archive import Header, Reader, Writer
from local.backup.envelope import opened, sealed
from local.backup.place import Source, Target
from local.backup.save import save
from local.backup.trouble import CannotRestore, CannotSave
from local.servers import Servers
from local.stack import SERVICES, build
from shared import keys
from shared.contract.admin import Role
from shared.journal import migrations
from shared.service import Service
from shared.settings import TELEGRAM
from tests.conftest import swept
from tests.running import SECRET, role_of, settings_on

PASSPHRASE = "a boat, a lamp and eleven pigeons"


async def prepared(servers: Servers) -> list[Service]:
    services = [build(name, settings_on(servers, role_of(name))) for name in SERVICES]
    for service in services:
        await service.prepare()
    return services


async def executed(servers: Servers, *statements: str) -> None:
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@dataclass
class Files:
    plain: bytes
    encrypted: bytes


@pytest.fixture(scope="module")
async def files(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Backups of a Callout with an owner and a token, written by the command."""
    await swept(servers)
    from notifier.app import create_api_token, first_owner

    services = await prepared(servers)
    notifier = next(service for service in services if service.name == "notifier")
    assert await first_owner(notifier)
    await create_api_token(notifier, "kept", Role.OWNER)
    for service in services:
        await service.stop()
    (servers.data / "secret").write_text(SECRET)
    folder = tmp_path_factory.mktemp("files")
    plain, encrypted = folder / "plain", folder / "encrypted"
    assert (await run("backup", str(plain), data=servers.data))[0] == 0
    assert (await run("backup", str(encrypted), data=servers.data, passphrase=PASSPHRASE))[0] == 0
    return Files(plain.read_bytes(), encrypted.read_bytes())


async def run(
    *arguments: str, data: Path | None, passphrase: str = "", stdin: bytes = b"", **more: str
) -> tuple[int, str]:
    """Runs `callout …`; answers its exit code and what it said."""
    where = ("--data", str(data)) if data else ()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", *arguments, *where,
        env=dict(os.environ) | {"CALLOUT_BACKUP_PASSPHRASE": passphrase} | more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def restored(
    servers: Servers, file: bytes, passphrase: str = "", secret: str = SECRET, **more: str
) -> tuple[int, str]:
    """`callout restore -` as in a container: what it needs comes from the environment."""
    return await run(
        "restore", "-", data=None, passphrase=passphrase, stdin=file,
        CALLOUT_POSTGRES_ADMIN=servers.postgres_dsn("postgres"), CALLOUT_NATS=servers.nats_url(),
        CALLOUT_SECRET=secret, **more,
    )  # fmt: skip


async def events(servers: Servers) -> int:
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM notifier.events"))
    finally:
        await connection.close()


async def emptied(servers: Servers) -> None:
    """Every schema with its tables, and nothing in them."""
    await swept(servers)
    for service in await prepared(servers):
        await service.stop()


def flipped(file: bytes, place: int) -> bytes:
    return file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]


async def test_what_is_damaged_or_locked_changes_nothing(files: Files, servers: Servers) -> None:
    """One sentence for each, and afterwards the whole file is still welcome."""
    await emptied(servers)
    plain, sealed = files.plain, files.encrypted
    cases = {
        "cut short": (plain[:-400], "", "damaged or ends too early"),
        "without its end": (plain[:-9], "", "damaged or ends too early"),
        "changed": (flipped(plain, len(plain) - 400), "", "damaged or ends too early"),
        "changed, encrypted": (flipped(sealed, len(sealed) - 400), PASSPHRASE, "damaged"),
        "cut short, encrypted": (sealed[:-400], PASSPHRASE, "damaged"),
        "another passphrase": (sealed, "eleven pigeons, a lamp", "can't be opened with that passphrase"),
        "no passphrase": (sealed, "", "Put its passphrase into CALLOUT_BACKUP_PASSPHRASE"),
        "something else": (b"PK\3\4 and so on", "", "This is no backup of Callout"),
        "nothing": (b"", "", "This is no backup of Callout"),
    }
    for name, (file, passphrase, sentence) in cases.items():
        code, said = await restored(servers, file, passphrase)
        assert (code, sentence in said, said.count("\n")) == (1, True, 1), f"{name}: {said}"
        assert await events(servers) == 0, name
    code, said = await restored(servers, sealed, PASSPHRASE)
    assert code == 0, said
    assert await events(servers) > 0


async def test_only_the_installation_with_that_secret_takes_it(files: Files, servers: Servers) -> None:
    """With another secret nobody could read clients' data; the passphrase gives the right one."""
    await emptied(servers)
    code, said = await restored(servers, files.encrypted, PASSPHRASE, secret="x" * 40)
    assert code == 1
    assert "--show-secret" in said
    assert await events(servers) == 0
    code, said = await run(
        "restore", "-", "--show-secret", data=None, passphrase=PASSPHRASE, stdin=files.encrypted
    )
    assert (code, said) == (0, f"{SECRET}\n")
    assert SECRET.encode() not in files.plain


async def test_keys_of_another_secret_are_told_of_before_anything_is_restored(
    files: Files, servers: Servers
) -> None:
    """The secret of the backup is in place, and `make secrets` was not run again: the services could read nothing."""
    await emptied(servers)
    stale, right = (keys.written(secret, "clients") for secret in ("x" * 40, SECRET))
    code, said = await restored(servers, files.encrypted, PASSPHRASE, CALLOUT_KEY_CLIENTS=stale)
    assert (code, "Run `make secrets` again" in said) == (1, True)
    assert await events(servers) == 0
    code, said = await restored(servers, files.encrypted, PASSPHRASE, CALLOUT_KEY_CLIENTS=right)
    assert code == 0, said


async def test_a_passphrase_is_never_passed_over(files: Files, servers: Servers, tmp_path: Path) -> None:
    """Whoever names one gets no backup that everybody can read."""
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    (tmp_path / "empty").touch()
    for name, ends, sentence in (
        ("passphrase", 0, "; encrypted."),  # Compose sets an empty CALLOUT_BACKUP_PASSPHRASE beside it
        ("empty", 1, "at least 12 characters"),
        ("missing", 1, "can't be read"),
    ):
        code, said = await run(
            "backup", str(tmp_path / "file"), data=servers.data,
            CALLOUT_BACKUP_PASSPHRASE_FILE=str(tmp_path / name),
        )  # fmt: skip
        assert (code, sentence in said, said.count("\n")) == (ends, True, 1), said
    code, said = await run("backup", str(tmp_path / "another"), "--encrypt", data=servers.data)
    assert (code, said.count("\n")) == (1, 1), said
    assert "No passphrase was given" in said
    assert not (tmp_path / "another").exists()


async def test_a_backup_without_the_secret_is_none(servers: Servers, tmp_path: Path) -> None:
    """A new secret would fit nothing that it holds."""
    secret = servers.data / "secret"
    secret.unlink(missing_ok=True)
    code, said = await run("backup", str(tmp_path / "file"), data=servers.data)
    kept = secret.exists()
    secret.write_text(SECRET)
    assert code == 1
    assert "Put it back first" in said
    assert not kept
    assert list(tmp_path.iterdir()) == []


async def test_the_environment_names_what_is_saved(servers: Servers, tmp_path: Path) -> None:
    """As in a container, with what is left out at its default."""
    await emptied(servers)
    code, said = await run(
        "backup", str(tmp_path / "file"), data=None,
        CALLOUT_POSTGRES_ADMIN=servers.postgres_dsn("postgres"), CALLOUT_SECRET=SECRET,
    )  # fmt: skip
    assert code == 0, said
    assert header_of((tmp_path / "file").read_bytes()).telegram_api == TELEGRAM


def test_whoever_needs_only_its_beginning_may_stop_there() -> None:
    """`--show-secret` reads the header of a backup that may be long."""
    file = BytesIO()
    with sealed(file, PASSPHRASE) as inside:
        inside.write(secrets.token_bytes(2**20))
    file.seek(0)
    with opened(BufferedReader(file), lambda: PASSPHRASE) as inside:
        assert len(inside.read(16)) == 16


async def test_a_folder_needs_the_secret_or_gets_it(files: Files, tmp_path: Path) -> None:
    """Without a passphrase the backup does not hold it, and says where to put it."""
    file = tmp_path / "backup"
    file.write_bytes(files.plain)
    code, said = await run("restore", str(file), data=tmp_path / "new")
    assert code == 1
    assert "Copy that installation's file `secret`" in said
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "secret").write_text("y" * 40)
    code, said = await run("restore", str(file), data=tmp_path / "new")
    assert code == 1
    assert "is not the secret" in said


async def test_an_installation_that_is_in_use_is_left_alone(files: Files, servers: Servers) -> None:
    """Neither one that holds events, nor one on which a service runs, nor a folder whose Callout runs."""
    await emptied(servers)
    code, _ = await restored(servers, files.plain)
    assert code == 0
    before = await events(servers)
    code, said = await restored(servers, files.plain)
    assert code == 1
    assert f"notifier holds {before} events" in said
    assert await events(servers) == before

    await emptied(servers)
    connection = await asyncpg.connect(servers.postgres_dsn("tasks"))
    await connection.execute("SELECT pg_advisory_lock(hashtext('lead tasks'))")
    code, said = await restored(servers, files.plain)
    await connection.close()
    assert code == 1
    assert "tasks runs on this installation" in said

    file = servers.data.parent / "backup"
    file.write_bytes(files.plain)
    code, said = await run("restore", str(file), data=servers.data)
    assert code == 1
    assert "already runs" in said


async def test_a_bus_that_is_away_undoes_it(files: Files, servers: Servers) -> None:
    """What the bus still held would be folded into what was restored."""
    await emptied(servers)
    await servers.stop_nats()
    try:
        code, said = await restored(servers, files.plain)
    finally:
        await servers.start_nats()
    assert code == 1
    assert "NATS can't be used" in said
    assert await events(servers) == 0


def header_of(file: bytes) -> Header:
    return Reader(BytesIO(file)).header


@pytest.mark.parametrize(
    "change",
    [
        {"callout": "99.0.0"},
        {"format": 2},
        {"migrations": {role: ["tasks/9999_of_tomorrow.sql"] for role in ROLES}},
    ],
)
async def test_a_newer_callouts_backup_waits_for_the_upgrade(files: Files, change: dict[str, object]) -> None:
    """By its version, its format, or a migration that nobody here knows."""
    newer = BytesIO()
    Writer(newer, msgspec.structs.replace(header_of(files.plain), **change)).end({})
    with pytest.raises(CannotRestore, match="Upgrade first"):
        load.check(Reader(BytesIO(newer.getvalue())).header)


async def test_an_older_schema_is_restored_and_then_brought_up_to_date(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows meet the tables that they came from; what a later migration makes of them is made afterwards."""
    await emptied(servers)
    add = "ALTER TABLE names ADD COLUMN later text NOT NULL DEFAULT 'nothing'; UPDATE names SET later = own"
    await executed(servers, "INSERT INTO tasks.names (stream, own) VALUES ('client.7', 'Mrs. Okonkwo')")
    file = BytesIO()
    await save(Source(servers.postgres_dsn("postgres"), SECRET, "practice"), file, with_secret=False)
    await emptied(servers)
    files_of = migrations._files
    monkeypatch.setattr(
        migrations,
        "_files",
        lambda owner: [*files_of(owner), *([("tasks/0999.sql", add)] if owner == "tasks" else [])],
    )
    file.seek(0)
    kept: list[str] = []
    target = Target(servers.postgres_dsn("postgres"), servers.nats_url(), partial(kept.append, "settled"))
    await load.load(target, Reader(file))
    assert kept == ["settled"]
    connection = await asyncpg.connect(servers.postgres_dsn("tasks"))
    assert await connection.fetchval("SELECT later FROM names") == "Mrs. Okonkwo"
    assert await connection.fetchval("SELECT name FROM migrations WHERE name = 'tasks/0999.sql'")
    owner = "SELECT tableowner FROM pg_tables WHERE schemaname = 'tasks' AND tablename = $1"
    assert await connection.fetchval(owner, "names") == "tasks"
    assert await connection.fetchval(owner, "events") == "history"
    await connection.close()


async def test_nothing_is_written_where_there_is_nothing(servers: Servers, tmp_path: Path) -> None:
    """A file that can't be written, a passphrase that is too short, an empty database: no half of a backup."""
    await swept(servers)
    (servers.data / "secret").write_text(SECRET)
    with pytest.raises(CannotSave, match="There is no Callout"):
        await save(Source(servers.postgres_dsn("postgres"), SECRET, "practice"), BytesIO(), with_secret=False)
    code, said = await run("backup", str(tmp_path / "file"), data=servers.data)
    assert code == 1
    assert "There is no Callout" in said
    code, said = await run("backup", str(tmp_path / "file"), data=servers.data, passphrase="short")
    assert code == 1
    assert "at least 12 characters" in said
    await emptied(servers)
    code, said = await run("backup", str(tmp_path / "missing" / "file"), data=servers.data)
    assert code == 1
    assert "can't be written" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", [PASSPHRASE, f"  {PASSPHRASE} ", "\ttabbed"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_passphrase_is_what_stands_in_its_file(tmp_path: Path, passphrase: str, end: str) -> None:
    """Spaces are its own; the end of the line is the editor's."""
    (tmp_path / "passphrase").write_bytes(f"{passphrase}{end}".encode())
    assert commands._given(tmp_path / "passphrase") == passphrase
