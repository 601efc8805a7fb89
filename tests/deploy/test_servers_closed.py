"""Who gets at the embedded servers and their data: each service at its own, one user at the files."""

import asyncio
import os
import pwd
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import asyncpg
import pytest

import nats
from local.access import ROLES
from local.servers import Servers
from tests.deploy.conftest import AS_ROOT, HOLD, execute, fetchval

LAUNCH = Path(sys.modules[Servers.__module__].__file__ or "").with_name("launch.py")


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


async def test_secrets_are_for_their_owner_alone(servers: Servers) -> None:
    """No file that holds a password, and no folder of data, is readable by others."""
    for name in ("servers.json", "nats/nats.conf", "postgres", "nats", "postgres.log", "nats.log"):
        assert stat.S_IMODE((servers.data / name).stat().st_mode) & 0o077 == 0, name


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
