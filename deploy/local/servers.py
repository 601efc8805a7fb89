"""PostgreSQL and NATS for one machine: real servers, in one folder, living as long as their parent.

```
DATA/servers.json   ports and passwords, mode 600
DATA/lock           held while one Callout runs on this folder
DATA/postgres/      the database cluster             DATA/postgres.log
DATA/nats/          nats.conf and JetStream's store  DATA/nats.log
```
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Awaitable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local import nats_server, postgres_server
from local.access import OPERATOR, SUPERUSER, Access, read_access, remember_access
from local.child import Child
from local.owner import Owner, make_private_folder, owner_of
from local.ports import on_a_port
from local.provision import PROVISIONED, provision
from local.trouble import CannotStart, InUse, sentence

ROOM_NEEDED = 200 * 2**20
"""Bytes that a new data folder needs: an empty cluster and its first write-ahead log take about 70 MB."""


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

    def nats_url(self, user: str = OPERATOR) -> str:
        return self.access.nats_url(user)

    async def __aenter__(self) -> Self:
        try:
            self._prepare()
            await both(self.start_postgres(), self.start_nats())
        except OSError as error:
            await self._stop()
            raise CannotStart(sentence(error, self.data)) from error
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
            # Written down first: what is killed half way must not take a new cluster for a provisioned one.
            self.access.provisioned = 0
            remember_access(self.data, self.access)
            await postgres_server.create_cluster(folder, self.access.passwords[SUPERUSER], self._owner)
        postgres_server.check_version(folder)
        await self.postgres.end_left_overs()
        postgres_server.remove_foreign_pid_file(folder)

        async def start(port: int) -> None:
            await postgres_server.start(self.postgres, port, self._owner)

        self._postgres_port = await on_a_port(start, self.access.postgres_port, self._postgres_port)
        self.access.postgres_port = self._postgres_port
        if self.access.provisioned != PROVISIONED:
            await provision(self.access.postgres_dsn(SUPERUSER), self.access.passwords)
            self.access.provisioned = PROVISIONED
        remember_access(self.data, self.access)

    async def start_nats(self) -> None:
        """Start NATS with JetStream, on the store as it is."""
        make_private_folder(self.nats.folder, self._owner)
        await self.nats.end_left_overs()

        async def start(port: int) -> None:
            await nats_server.start(self.nats, port, self.access.nats_passwords, self._owner)

        self._nats_port = await on_a_port(start, self.access.nats_port, self._nats_port)
        self.access.nats_port = self._nats_port
        remember_access(self.data, self.access)

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
        await asyncio.to_thread(shutil.rmtree, nats_server.store_of(self.nats), ignore_errors=True)
        await self.start_nats()

    def _prepare(self) -> None:
        fresh = not self.postgres.folder.exists()
        # As root, others may pass and not list: the servers' user has to come to its own folders.
        self.data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        self._lock = _lock(self.data)
        if fresh and (free := shutil.disk_usage(self.data).free) < ROOM_NEEDED:
            raise CannotStart(
                f"The disk of {self.data} has {free // 2**20} MB left; Callout needs {ROOM_NEEDED // 2**20} MB "
                "to begin. Make room, or choose another folder with --data."
            )
        ways = (self.data, postgres_server.program("postgres"), nats_server.program())
        self._owner = owner_of(self.postgres.folder, ways)
        known = read_access(self.data)
        if known is None and not fresh:
            raise CannotStart(
                f"{self.data} holds a database, but not servers.json with its passwords. Put it back from a backup."
            )
        self.access = known or Access()
        self.access.fill_passwords()
        # Before the servers hear of these passwords, so that a crash in between loses none.
        remember_access(self.data, self.access)

    async def _stop(self) -> None:
        try:
            await both(self.stop_nats(), self.stop_postgres())
        finally:
            if self._lock:
                self._lock.close()
                self._lock = None


async def both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Wait for both to end, even where one fails: no server is started behind one's back."""
    for result in await asyncio.gather(one, other, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _lock(data: Path) -> IO[bytes]:
    lock = (data / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUse(f"Callout already runs on {data}. Stop it first, or choose another folder.") from None
    return lock
