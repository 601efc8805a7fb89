"""One server process: its start, its readiness, its end, and what an earlier one left running."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from local.owner import Owner
from local.trouble import CannotStart, PortTaken

LOG_KEPT = 5 * 2**20
"""Bytes; a longer log is put aside as `….log.1` at the next start."""


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


def works_in(entry: Path, folder: Path) -> bool:
    """Whether a process, given by its folder in /proc, has that working directory."""
    try:
        return (entry / "cwd").readlink() == folder.resolve()
    except PermissionError:
        # Root without CAP_SYS_PTRACE may not look; a server's command line names its folder.
        return os.fsencode(folder) in (entry / "cmdline").read_bytes()


def _running_in(folder: Path, name: str) -> Iterator[int]:
    """Processes of that name working in a folder. Sees them on Linux alone; elsewhere, none."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() == name and works_in(entry, folder):
                yield int(entry.name)
