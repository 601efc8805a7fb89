"""What the embedded PostgreSQL and NATS promise: quick, healed after every crash, and closed to each other's roles."""

import asyncio
import errno
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js.errors import NotFoundError

from local.access import ROLES, read_access
from local.servers import Servers
from local.trouble import CannotStart

AS_ROOT = os.geteuid() == 0
LAUNCH = Path(sys.modules[Servers.__module__].__file__ or "").with_name("launch.py")

HOLD = """\
import asyncio, sys
from pathlib import Path
from local.servers import Servers

async def hold():
    async with Servers(Path(sys.argv[1])) as servers:
        print(servers.postgres.pid, servers.nats.pid, flush=True)
        await asyncio.sleep(float(sys.argv[2]))

asyncio.run(hold())
"""


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that belongs to `nobody`, for what an ordinary user does."""
    folder = Path(tempfile.mkdtemp())
    if AS_ROOT:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def fetchval(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def publish(url: str, subject: str) -> int:
    """Store one message in the stream EVENTS; answers how many it holds."""
    client = await nats.connect(url)
    try:
        stream = client.jetstream()
        await stream.add_stream(name="EVENTS", subjects=["events.>"])
        await stream.publish(subject, b"{}")
        return (await stream.stream_info("EVENTS")).state.messages
    finally:
        await client.close()


async def until_gone(*pids: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, f"{pids} still run"
        await asyncio.sleep(0.02)


async def test_data_survives_and_the_second_start_is_quick(tmp_path: Path) -> None:
    """Rows and messages are there at the second start, on the same ports, within 1.5 seconds."""
    async with Servers(tmp_path) as first:
        addresses = first.postgres_dsn("tasks"), first.nats_url
        await execute(first.postgres_dsn("tasks"), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        await publish(first.nats_url, "events.task.1.created")

    begun = time.monotonic()
    async with Servers(tmp_path) as second:
        assert time.monotonic() - begun < 1.5
        assert (second.postgres_dsn("tasks"), second.nats_url) == addresses
        assert await fetchval(second.postgres_dsn("tasks"), "SELECT n FROM tasks.kept") == 7
        assert await publish(second.nats_url, "events.task.1.sent") == 2


async def test_each_role_owns_its_schema_and_sees_no_other(servers: Servers) -> None:
    """A service cannot read, write or list what another one keeps, nor make a place that all share."""
    await execute(servers.postgres_dsn("tasks"), "CREATE TABLE clients (phone text)")
    for role in ROLES:
        dsn = servers.postgres_dsn(role)
        assert await fetchval(dsn, "SELECT current_schema()") == role
        await execute(dsn, "CREATE TABLE own (n int)", "DROP TABLE own")
        if role != "tasks":
            for theft in ("SELECT * FROM tasks.clients", "CREATE TABLE tasks.mine (n int)"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await execute(dsn, theft)
        for escape in ("CREATE TABLE public.shared (n int)", "CREATE SCHEMA mine", "SET ROLE postgres"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await execute(dsn, escape)


async def test_only_the_right_password_opens_a_database(servers: Servers) -> None:
    """A wrong password is refused, and so is the maintenance database."""
    dsn = servers.postgres_dsn("tasks")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetchval(dsn.replace("tasks:", "tasks:x"), "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetchval(dsn.replace("/callout", "/postgres"), "SELECT 1")


async def test_nats_refuses_a_stranger(servers: Servers) -> None:
    """Without the password there is no connection."""
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await nats.connect(f"nats://127.0.0.1:{servers.access.nats_port}", allow_reconnect=False)


async def test_text_is_utf8_and_trigrams_are_there(servers: Servers) -> None:
    """Arabic is stored, lower-cased and searched; a service may index with pg_trgm."""
    dsn = servers.postgres_dsn("tasks")
    assert await fetchval(dsn, "SELECT lower('ÄRA صيانة')") == "ära صيانة"
    await execute(
        dsn,
        "CREATE TABLE titles (title text)",
        "CREATE INDEX ON titles USING gin (title gin_trgm_ops)",
    )


async def test_secrets_are_for_their_owner_alone(servers: Servers) -> None:
    """No file that holds a password, and no folder of data, is readable by others."""
    for name in ("servers.json", "nats/nats.conf", "postgres", "nats", "postgres.log", "nats.log"):
        assert stat.S_IMODE((servers.data / name).stat().st_mode) & 0o077 == 0, name


async def test_a_killed_server_comes_back_at_its_address(servers: Servers) -> None:
    """After `kill -9` of both, what was committed and acknowledged is there, at the same address."""
    addresses = servers.postgres_dsn("tasks"), servers.nats_url
    await execute(servers.postgres_dsn("tasks"), "CREATE TABLE paid (n int)", "INSERT INTO paid VALUES (1)")
    held = await publish(servers.nats_url, "events.invoice.1.paid")

    await servers.kill_postgres()
    await servers.kill_nats()
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(servers.postgres_dsn("tasks"))
    await servers.start_postgres()
    await servers.start_nats()

    assert (servers.postgres_dsn("tasks"), servers.nats_url) == addresses
    assert await fetchval(servers.postgres_dsn("tasks"), "SELECT n FROM paid") == 1
    assert await publish(servers.nats_url, "events.invoice.1.void") == held + 1


async def test_jetstream_can_be_wiped(servers: Servers) -> None:
    """Afterwards NATS runs and knows no stream."""
    await publish(servers.nats_url, "events.task.2.created")
    await servers.wipe_jetstream()
    client = await nats.connect(servers.nats_url)
    with pytest.raises(NotFoundError):
        await client.jetstream().stream_info("EVENTS")
    await client.close()


async def test_what_dies_by_itself_is_started_again(servers: Servers) -> None:
    """`keep_running` brings back a server that was killed from outside, and leaves one stopped on purpose."""
    keeping = asyncio.create_task(servers.keep_running())
    await servers.stop_postgres()
    assert servers.nats.pid
    os.kill(servers.nats.pid, signal.SIGKILL)
    await asyncio.sleep(2.5)
    assert servers.nats.pid
    assert not servers.postgres.pid
    keeping.cancel()
    await servers.start_postgres()


async def test_a_start_that_fails_is_tried_again(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk for a moment: `keep_running` goes on, and does not keep the other server waiting either."""
    tries: list[str] = []
    start = servers.start_postgres

    async def no_room() -> None:
        tries.append("postgres")
        if len(tries) < 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        await start()

    monkeypatch.setattr(servers, "start_postgres", no_room)
    keeping = asyncio.create_task(servers.keep_running())
    assert servers.postgres.pid
    assert servers.nats.pid
    os.kill(servers.postgres.pid, signal.SIGKILL)
    os.kill(servers.nats.pid, signal.SIGKILL)
    async with asyncio.timeout(15):
        while len(tries) < 2 or not servers.postgres.pid or not servers.nats.pid:
            await asyncio.sleep(0.05)
        while not await answers(servers):
            await asyncio.sleep(0.05)
    keeping.cancel()


async def answers(servers: Servers) -> bool:
    try:
        return bool(await fetchval(servers.postgres_dsn("tasks"), "SELECT 1") == 1)
    except (OSError, asyncpg.PostgresError):
        return False


async def test_a_pid_file_that_names_another_program_is_healed(servers: Servers) -> None:
    """After a crash the old process id may be anybody's; PostgreSQL alone would refuse to start."""
    await servers.kill_postgres()
    pid_file = servers.data / "postgres" / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    assert servers.nats.pid
    pid_file.write_text("\n".join([str(servers.nats.pid), *stale[1:]]))
    await servers.start_postgres()
    assert await fetchval(servers.postgres_dsn("tasks"), "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
async def test_the_servers_end_with_a_killed_parent(tmp_path: Path) -> None:
    """`kill -9` of the parent ends both servers, and the next start works at once."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "60"], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
        assert len(pids) == 2
        access = read_access(tmp_path)
        assert access
        await execute(
            access.postgres_dsn("tasks"), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)"
        )
        parent.kill()
    async with Servers(tmp_path) as servers:
        assert await fetchval(servers.postgres_dsn("tasks"), "SELECT n FROM kept") == 7
        await until_gone(*pids)


@pytest.mark.skipif(not Path("/proc").exists(), reason="left-over processes are found in /proc")
async def test_left_over_servers_are_ended_at_the_next_start(tmp_path: Path) -> None:
    """Servers that outlived their Callout, as a stopped process does, make way for the new ones."""
    first = Servers(tmp_path)
    await first.__aenter__()
    pids = [first.postgres.pid, first.nats.pid]
    assert first._lock
    first._lock.close()  # as the kernel does with the lock of a process that is gone
    async with Servers(tmp_path) as second:
        assert second.postgres.pid not in pids
        assert second.nats.pid not in pids
        assert await fetchval(second.postgres_dsn("tasks"), "SELECT 1") == 1
    await first.__aexit__(None, None, None)


async def test_one_callout_a_folder(servers: Servers) -> None:
    """A second one on the same folder is told so, and the first runs on."""
    with pytest.raises(CannotStart, match="already runs"):
        await Servers(servers.data).__aenter__()
    assert await fetchval(servers.postgres_dsn("tasks"), "SELECT 1") == 1


async def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    """Asked for a port that another program has, it names the port, starts nothing and frees the folder."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for asked in ({"postgres_port": port}, {"nats_port": port}):
            refused = Servers(tmp_path, **asked)
            with pytest.raises(CannotStart, match=f"Port {port} is taken"):
                await refused.__aenter__()
            assert not refused.postgres.pid
            assert not refused.nats.pid


async def test_a_remembered_port_that_was_taken_since_is_replaced(tmp_path: Path) -> None:
    """Without a wish for a port, another program on the old one is no reason not to start."""
    async with Servers(tmp_path) as first:
        port = first.access.postgres_port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        async with Servers(tmp_path) as second:
            assert second.access.postgres_port != port
            assert await fetchval(second.postgres_dsn("tasks"), "SELECT 1") == 1


async def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With too little room for a new cluster it says how much is needed."""
    usage = shutil.disk_usage(tmp_path)._replace(free=10 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CannotStart, match="10 MB left"):
        await Servers(tmp_path).__aenter__()


async def test_a_cluster_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """Data of another PostgreSQL is named as such, not touched."""
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(CannotStart, match="written by PostgreSQL 16"):
        await Servers(tmp_path).__aenter__()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(not AS_ROOT, reason="only root has to change the user")
async def test_root_runs_the_servers_as_nobody(servers: Servers, open_folder: Path) -> None:
    """Neither server is root, in a folder that `nobody` reaches and in one that it does not (like /root)."""
    nobody = pwd.getpwnam("nobody").pw_uid
    async with Servers(open_folder / "data") as reached:
        for pid in (reached.postgres.pid, reached.nats.pid, servers.postgres.pid, servers.nats.pid):
            assert Path(f"/proc/{pid}").stat().st_uid == nobody
        assert rights(reached.postgres.pid).bit_count() <= 1
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    for data in (closed, closed / "data"):
        async with Servers(data) as unreached:
            assert rights(unreached.postgres.pid).bit_count() == 1
            assert await fetchval(unreached.postgres_dsn("tasks"), "SELECT 1") == 1


def rights(pid: int | None) -> int:
    """The capabilities a process has, as bits (capabilities(7))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("CapPrm"))


async def test_an_ordinary_user_needs_no_root(open_folder: Path) -> None:
    """An ordinary user starts both servers, twice, as itself; a process of that user owns everything."""
    command = [sys.executable, "-c", HOLD, str(open_folder / "data"), "0"]
    if AS_ROOT:
        user = pwd.getpwnam("nobody")
        become = [str(os.getpid()), "15", f"{user.pw_uid}:{user.pw_gid}"]
        # `reach`, for the interpreter itself may lie in a folder closed to others.
        command = [sys.executable, str(LAUNCH), *become, "reach", *command]
    for _ in range(2):
        ran = await asyncio.to_thread(
            subprocess.run, command, cwd=open_folder, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert len(ran.stdout.split()) == 2
    owners = {path.stat().st_uid for path in (open_folder / "data").rglob("*")}
    assert owners == {open_folder.stat().st_uid}
    assert stat.S_IMODE((open_folder / "data").stat().st_mode) == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root can put another user's folder in the way")
async def test_a_folder_of_somebody_else_is_a_sentence(tmp_path: Path, open_folder: Path) -> None:
    """Started on a folder that belongs to another user, it says so instead of a traceback."""
    script = textwrap.dedent(
        """\
        import asyncio, sys
        from pathlib import Path
        from local.servers import Servers
        from local.trouble import CannotStart
        try:
            asyncio.run(Servers(Path(sys.argv[1])).__aenter__())
        except CannotStart as refused:
            print(refused)
        """
    )
    user = pwd.getpwnam("nobody")
    foreign = open_folder / "foreign"
    foreign.mkdir(mode=0o755)
    become = [str(os.getpid()), "15", f"{user.pw_uid}:{user.pw_gid}", "reach"]
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(LAUNCH), *become, sys.executable, "-c", script, str(foreign)],
        cwd=open_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "belongs to another user" in ran.stdout, ran.stderr


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from /proc")
async def test_idle_servers_are_small(servers: Servers) -> None:
    """PostgreSQL's five idle processes and NATS take under 100 MB together, of the 300 MB that Callout may."""
    assert servers.postgres.pid
    children = Path(f"/proc/{servers.postgres.pid}/task/{servers.postgres.pid}/children").read_text().split()
    total = 0
    for pid in (servers.postgres.pid, servers.nats.pid, *children):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    assert total < 100 * 1024
