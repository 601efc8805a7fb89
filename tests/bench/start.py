"""`make up`: how long its second start takes, and how much memory all of it has when nobody asks anything.

The second start is that of a folder which was started, used for a login, and stopped: `callout up`
as `make up` runs it, from the command until /ready answers 200. Memory is the proportional set size
of that process and of all that it started (PostgreSQL with its backends, NATS): what two processes
share is counted once. The floor is PostgreSQL and NATS alone on the same folder, until both answer.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx

from local.ports import free_port
from local.servers import Servers
from tests.bench.figures import Figure, spread, written
from tests.people import eventually

QUIET = 15.0
"""Seconds after which a start counts as over."""


async def measure(folder: Path, quick: bool) -> list[Figure]:
    rounds, quiet = (1, 5.0) if quick else (5, QUIET)
    async with _up(folder):
        pass
    took, bare = [], []
    parts: dict[str, float] = {}
    bare_parts: dict[str, float] = {}
    for turn in range(rounds):
        last = turn == rounds - 1
        async with _servers(folder) as (seconds, processes):
            bare.append(seconds)
            if last:
                await asyncio.sleep(quiet)
                bare_parts = _memory(*processes)
        async with _up(folder) as (seconds, process):
            took.append(seconds)
            if last:
                await asyncio.sleep(quiet)
                parts = _memory(process)
    return [
        Figure(
            what="make up, second start to ready",
            ours=median(took),
            unit="s",
            against="PostgreSQL and NATS alone",
            floor=median(bare),
            goal=2.5,
            absolute=True,
            notes=f"ours {spread(took, 's')}; floor {spread(bare, 's')}",
        ),
        Figure(
            what="all of it idle",
            ours=sum(parts.values()),
            unit="MB",
            against="these two idle",
            floor=sum(bare_parts.values()),
            goal=200,
            absolute=True,
            notes=f"ours {_told(parts)}; floor {_told(bare_parts)}",
        ),
    ]


def _told(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {written(each)} MB" for name, each in parts.items())


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[tuple[float, list[int]]]:
    """Seconds until both answered, and their process ids."""
    began = time.perf_counter()
    async with Servers(folder) as servers:
        took = time.perf_counter() - began
        yield took, [server.pid for server in (servers.postgres, servers.nats) if server.pid]


@asynccontextmanager
async def _up(folder: Path) -> AsyncIterator[tuple[float, int]]:
    """Seconds until it was ready, and its process id."""
    port = free_port()
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", "up", "--data", str(folder), "--port", str(port),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def ready() -> bool:
                assert process.returncode is None, "callout up ended"
                try:
                    return (await http.get("/ready")).is_success
                except httpx.TransportError:
                    return False

            await eventually(ready, seconds=120)
        yield time.perf_counter() - began, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _memory(*roots: int) -> dict[str, float]:
    """Program → megabytes (10^6 bytes) of proportional set size, of processes and all below them."""
    found: dict[str, float] = {}
    for process in (each for root in roots for each in _family(root)):
        name = Path(f"/proc/{process}/comm").read_text().strip()
        held = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
        assert held
        found[name] = found.get(name, 0.0) + int(held[1]) * 1024 / 1e6
    return found


def _family(root: int) -> list[int]:
    below = [
        int(each)
        for children in Path(f"/proc/{root}/task").glob("*/children")
        for each in children.read_text().split()
    ]
    return [root, *(member for each in below for member in _family(each))]
