"""Each list at 1,000,000 tasks, and the same list at 20,000: its first page, and narrowed by its filters.

Two installations run side by side, five processes each, and differ in nothing but their rows. Those
are written by SQL into the tables that the services fold (tests/bench/rows), with the same spread; then
vacuumed and analyzed, as autovacuum would. With 20,000 tasks each page is just full, so that it holds as
many rows at both sizes, which is checked. Each page is asked in turn of one and of the other; what counts
is the median of its answers, as HTML.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import asyncpg
from msgspec.structs import replace

from local.access import ROLES, SUPERUSER
from local.phone.app import serve_phone
from local.routes import service_for
from local.servers import Servers
from local.stack import SERVICES
from tests.bench.figures import Figure
from tests.bench.wire import Wire, request
from tests.running import five_processes, role_of, settings_on

ROWS = Path(__file__).parent / "rows"
FEW = 20_000
BUSY = 7_000_000_001
PAGES = (
    "/tasks?view=board",
    f"/tasks?view=board&technician={BUSY}",
    "/tasks?view=board&q=boiler",
    "/tasks?view=table",
    "/tasks?view=table&status=completed",
    f"/tasks?view=table&technician={BUSY}",
    "/tasks?view=table&priority=urgent",
    "/tasks?view=table&q=boiler",
    "/tasks?view=table&q=fountain",
    "/invoices",
    "/invoices?status=pending",
    f"/invoices?technician={BUSY}",
    "/invoices?q=boiler",
    "/technicians",
    "/technicians?sort=load",
    "/technicians?status=new",
    "/clients",
    "/clients?q=haddad",
    "/reports",
    "/reports?status=completed",
    f"/reports?technician={BUSY}",
    "/reports?q=boiler",
    "/reports?q=fountain",
    "/audit",
    "/audit?kind=TaskCompleted",
    f"/audit?actor=technician:{BUSY}",
    "/audit?task=1500",
    "/notifications",
    "/notifications?show=waiting",
)


_ROW = re.compile(rb'href="(/(?:tasks|clients|technicians|invoices|reports)/\d+)')


class Installation(NamedTuple):
    """One that is filled: where its services are, and who may ask them."""

    addresses: dict[str, str]
    token: str

    async def shows(self, path: str) -> int:
        """How many tasks, clients, technicians, invoices and reports the page leads to."""
        wire = await self._wire(path)
        page = await wire.ask(request("GET", path, self.token))
        await wire.close()
        return len(set(_ROW.findall(page)))

    @asynccontextmanager
    async def asking(self, path: str) -> AsyncIterator[Callable[[], Awaitable[float]]]:
        """Answers how many seconds one request takes, each time on the same connection."""
        asked = request("GET", path, self.token)
        wire = await self._wire(path)

        async def seconds() -> float:
            began = time.perf_counter()
            await wire.ask(asked)
            return time.perf_counter() - began

        yield seconds
        await wire.close()

    async def _wire(self, path: str) -> Wire:
        return await Wire.open(self.addresses[service_for(path.partition("?")[0])])


async def measure(folder: Path, quick: bool) -> list[Figure]:
    many, times = (50_000, 9) if quick else (1_000_000, 25)
    async with _installation(folder / "few", FEW) as few, _installation(folder / "many", many) as filled:
        return [await _page(path, few, filled, many, times) for path in PAGES]


async def _page(path: str, few: Installation, filled: Installation, many: int, times: int) -> Figure:
    rows = await few.shows(path), await filled.shows(path)
    if not rows[0] or not 0.8 < rows[1] / rows[0] < 1.25:
        raise RuntimeError(f"{path} shows {rows[0]} rows and {rows[1]}: that is no comparison")
    async with few.asking(path) as one, filled.asking(path) as other:
        taken = [(await one(), await other()) for _ in range(times + 2)]
    floor, ours = zip(*taken[2:], strict=True)  # the first ones fill caches
    return Figure(
        what=path.replace(str(BUSY), "…"),
        ours=1000 * median(ours),
        unit="ms",
        against=f"{many:,} tasks beside {FEW:,}",
        floor=1000 * median(floor),
        goal=1.5,
        notes=f"medians of {times}",
    )


@asynccontextmanager
async def _installation(folder: Path, tasks: int) -> AsyncIterator[Installation]:
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers(folder))
        phone = await stack.enter_async_context(serve_phone(folder / "phone.sqlite3"))
        settings = {
            name: replace(settings_on(servers, role_of(name)), telegram_api=phone) for name in SERVICES
        }
        addresses, _, token, _ = await stack.enter_async_context(five_processes(settings, log_to=folder))
        await fill(servers, tasks)
        yield Installation(addresses, token)


async def fill(servers: Servers, tasks: int) -> None:
    """The rows of all services, on whose tables nothing is yet."""
    await asyncio.gather(*(_fill(servers, role, tasks) for role in ROLES))
    await _settle(servers)


async def _fill(servers: Servers, role: str, tasks: int) -> None:
    """The rows of one service, by its own database role."""
    connection = await asyncpg.connect(servers.postgres_dsn(role))
    try:
        await connection.execute("SET synchronous_commit = off")
        for script in ("made", role):
            await connection.execute((ROWS / f"{script}.sql").read_text().replace(":tasks", str(tasks)))
        await connection.execute("DROP TABLE made, team, callers")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _settle(servers: Servers) -> None:
    """Writes out what was filled in now, rather than while pages are asked for."""
    connection = await asyncpg.connect(servers.postgres_dsn(SUPERUSER))
    await connection.execute("CHECKPOINT")
    await connection.close()
