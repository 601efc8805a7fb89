"""What the embedded PostgreSQL and NATS promise: quick, healed after every crash, or a sentence that says why not."""

import asyncio
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from nats.js.errors import NotFoundError

import nats
from local.access import read_access
from local.provision import provision
from local.servers import Servers
from local.trouble import CannotStart
from tests.deploy.conftest import HOLD, execute, fetchval
from tests.people import PATIENCE, eventually, within

LAUNCH = Path(sys.modules[Servers.__module__].__file__ or "").with_name("launch.py")


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


async def until_gone(*pids: int, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, f"{pids} still run"
        await asyncio.sleep(0.02)


async def test_data_survives_and_the_second_start_is_quick(tmp_path: Path) -> None:
    """Rows and messages are there at the second start, on the same ports, within 1.5 seconds."""
    async with Servers(tmp_path) as first:
        addresses = first.postgres_dsn("tasks"), first.nats_url()
        await execute(first.postgres_dsn("tasks"), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        held = await publish(first.nats_url(), "events.task.1.created")
    published = count(held + 1)

    async def started() -> float:
        begun = time.monotonic()
        async with Servers(tmp_path) as again:
            took = time.monotonic() - begun
            assert (again.postgres_dsn("tasks"), again.nats_url()) == addresses
            assert await fetchval(again.postgres_dsn("tasks"), "SELECT n FROM tasks.kept") == 7
            assert await publish(again.nats_url(), "events.task.1.sent") == next(published)
        return took

    await within(1.5, started)


async def test_text_is_utf8_and_trigrams_are_there(servers: Servers) -> None:
    """Arabic is stored, lower-cased and searched; a service may index with pg_trgm."""
    dsn = servers.postgres_dsn("tasks")
    assert await fetchval(dsn, "SELECT lower('ÄRA صيانة')") == "ära صيانة"
    await execute(
        dsn,
        "CREATE TABLE titles (title text)",
        "CREATE INDEX ON titles USING gin (title gin_trgm_ops)",
    )


async def test_a_killed_server_comes_back_at_its_address(servers: Servers) -> None:
    """After `kill -9` of both, what was committed and acknowledged is there, at the same address."""
    addresses = servers.postgres_dsn("tasks"), servers.nats_url()
    await execute(servers.postgres_dsn("tasks"), "CREATE TABLE paid (n int)", "INSERT INTO paid VALUES (1)")
    held = await publish(servers.nats_url(), "events.invoice.1.paid")

    await servers.kill_postgres()
    await servers.kill_nats()
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(servers.postgres_dsn("tasks"))
    await servers.start_postgres()
    await servers.start_nats()

    assert (servers.postgres_dsn("tasks"), servers.nats_url()) == addresses
    assert await fetchval(servers.postgres_dsn("tasks"), "SELECT n FROM paid") == 1
    assert await publish(servers.nats_url(), "events.invoice.1.void") == held + 1


async def test_jetstream_can_be_wiped(servers: Servers) -> None:
    """Afterwards NATS runs and knows no stream."""
    await publish(servers.nats_url(), "events.task.2.created")
    await servers.wipe_jetstream()
    client = await nats.connect(servers.nats_url())
    with pytest.raises(NotFoundError):
        await client.jetstream().stream_info("EVENTS")
    await client.close()


async def test_what_dies_by_itself_is_started_again(servers: Servers) -> None:
    """`keep_running` brings back a server that was killed from outside, and leaves one stopped on purpose."""
    keeping = asyncio.create_task(servers.keep_running())
    await servers.stop_postgres()
    killed = servers.nats.pid
    assert killed
    os.kill(killed, signal.SIGKILL)

    async def again() -> bool:
        """NATS, started again"""
        return servers.nats.pid not in (None, killed)

    await eventually(again)
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
    async with asyncio.timeout(PATIENCE):
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
    (tmp_path / "servers.json").write_text("{}")
    with pytest.raises(CannotStart, match="written by PostgreSQL 16"):
        await Servers(tmp_path).__aenter__()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


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


async def test_a_cluster_without_its_passwords_is_a_sentence(tmp_path: Path) -> None:
    """New ones would open nothing; it says what is missing, and writes none down."""
    (tmp_path / "postgres").mkdir()
    with pytest.raises(CannotStart, match=r"not servers\.json with its passwords"):
        await Servers(tmp_path).__aenter__()
    assert read_access(tmp_path) is None


async def test_two_may_prepare_the_database_at_once(servers: Servers) -> None:
    """Such as `callout migrate` on two machines: one waits for the other."""
    dsn, passwords = servers.postgres_dsn("postgres"), servers.access.passwords
    await asyncio.gather(*(provision(dsn, passwords) for _ in range(4)))


async def test_a_new_cluster_is_provisioned_though_an_older_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster's folder was removed, and Callout is killed when it has just made a new one."""
    async with Servers(tmp_path):
        pass
    shutil.rmtree(tmp_path / "postgres")

    def killed(_: Path) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr("local.postgres_server.check_version", killed)
        with pytest.raises(asyncio.CancelledError):
            await Servers(tmp_path).__aenter__()
    async with Servers(tmp_path) as servers:
        assert await fetchval(servers.postgres_dsn("tasks"), "SELECT current_user") == "tasks"
