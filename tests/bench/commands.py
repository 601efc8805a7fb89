"""Commands a second through HTTP, at one `tasks` process.

The command is POST /api/tasks for a client who is known. Each makes one event, which is
appended, projected, shown in the answer, and published by the relay of the same process.

The floors are on the same PostgreSQL: the journal's own append of the same event and its
outbox row, one statement on 16 connections and nothing around it; and `save` of the
`eventsourcing` library, of an aggregate with the same fields, in 16 threads.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

from local.access import DATABASE, HOST, SUPERUSER
from local.servers import Servers
from shared.contract.task import TaskCreated, TaskDetails
from shared.journal.journal import Outcome, append, seal
from shared.journal.migrations import migrate
from tests.bench.figures import Figure, spread
from tests.bench.wire import Wire, request
from tests.people import BOILER
from tests.running import five_processes, role_of, settings_on

AT_ONCE = 16
CLIENTS = 32
DETAILS = {name: BOILER[name] for name in ("title", "description", "area", "priority", "scheduled_at")}


async def measure(folder: Path, quick: bool) -> list[Figure]:
    seconds, rounds = (2.0, 1) if quick else (5.0, 5)
    async with Servers(folder) as servers:
        settings = {name: settings_on(servers, role_of(name)) for name in ("notifier", "tasks")}
        async with (
            five_processes(settings, log_to=folder) as (addresses, _, token, processes),
            asyncpg.create_pool(
                servers.postgres_dsn("invoices"), min_size=AT_ONCE, max_size=AT_ONCE
            ) as journal,
        ):
            # It has put the token on the bus; from here on `tasks` has the machine to itself.
            processes["notifier"].terminate()
            await processes["notifier"].wait()
            await migrate(journal, "invoices")  # a journal like that of `tasks`, which no relay empties
            connection = await Wire.open(addresses["tasks"])
            client = msgspec.json.decode(
                await connection.ask(request("POST", "/api/clients", token, BOILER["client"]))
            )["id"]
            await connection.close()
            library = await _library(servers)
            ours, raw, saved = [], [], []
            for _ in range(rounds):
                raw.append(await _appends(journal, client, seconds))
                saved.append(await asyncio.to_thread(_saves, library, client, seconds))
                ours.append(await _commands(addresses["tasks"], token, client, seconds))
            library.close()
    notes = f"ours {spread(ours, '/s')}; "
    return [
        Figure(
            what="commands through HTTP, raw append",
            ours=median(ours),
            unit="/s",
            against=f"the append statement alone on {AT_ONCE} connections",
            floor=median(raw),
            goal=0.4,
            at_least=True,
            notes=f"{notes}floor {spread(raw, '/s')}; {CLIENTS} connections",
        ),
        Figure(
            what="commands through HTTP, eventsourcing's save",
            ours=median(ours),
            unit="/s",
            against=f"eventsourcing's PostgreSQL recorder in {AT_ONCE} threads",
            floor=median(saved),
            goal=2,
            at_least=True,
            notes=f"{notes}floor {spread(saved, '/s')}",
        ),
    ]


# ── Ours ─────────────────────────────────────────────────────────────────────


async def _commands(address: str, token: str, client: int, seconds: float) -> float:
    """As another process counts them, so that the asking takes nothing from what is asked."""
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.commands", address, token, str(client), str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await asked.communicate()
    if asked.returncode:
        raise RuntimeError("whoever asks for tasks broke")
    return float(printed)


async def _ask(address: str, token: str, client: int, seconds: float) -> float:
    """Answers a second, on `CLIENTS` connections."""
    asking = request("POST", "/api/tasks", token, DETAILS | {"client_id": client})
    wires = [await Wire.open(address) for _ in range(CLIENTS)]

    async def one(place: int) -> None:
        await wires[place].ask(asking)

    return await _rate(one, CLIENTS, seconds)


# ── The floors ───────────────────────────────────────────────────────────────


async def _appends(pool: asyncpg.Pool, client: int, seconds: float) -> float:
    numbers = count(await pool.fetchval("SELECT count(*) FROM events") + 1)
    details = msgspec.convert(DETAILS, TaskDetails)

    async def one(_: int) -> None:
        number = next(numbers)
        event = TaskCreated(number, details, client)
        stream = f"task.{number}"
        recorded = seal(stream, 0, [event], "token:tests")
        async with pool.acquire() as connection:
            await append(connection, recorded, Outcome(stream, 1, (event,)), None, None)  # type: ignore[arg-type]

    return await _rate(one, AT_ONCE, seconds)


class Task(Aggregate):
    def __init__(self, details: dict[str, Any], client: int) -> None:
        self.details = details
        self.client = client


async def _library(servers: Servers) -> Application[UUID]:
    """With its tables in a schema of its own. It connects once for each thread, and checks no connection before use."""
    superuser = await asyncpg.connect(servers.postgres_dsn(SUPERUSER))
    await superuser.execute("CREATE SCHEMA yardstick")
    await superuser.close()
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": DATABASE,
            "POSTGRES_HOST": HOST,
            "POSTGRES_PORT": str(servers.access.postgres_port),
            "POSTGRES_USER": SUPERUSER,
            "POSTGRES_PASSWORD": servers.access.passwords[SUPERUSER],
            "POSTGRES_SCHEMA": "yardstick",
            "POSTGRES_POOL_SIZE": str(AT_ONCE),
            "POSTGRES_MAX_OVERFLOW": "0",
        }
    )


def _saves(library: Application[UUID], client: int, seconds: float) -> float:
    began = time.perf_counter()

    def one_thread() -> int:
        done = 0
        while time.perf_counter() - began < seconds:
            library.save(Task(DETAILS, client))
            done += 1
        return done

    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = sum(each.result() for each in [threads.submit(one_thread) for _ in range(AT_ONCE)])
    return done / (time.perf_counter() - began)


async def _rate(one: Callable[[int], Any], at_once: int, seconds: float) -> float:
    """How often a second `one` ends, with so many of them under way; the first half second only warms up."""
    until = time.perf_counter() + 0.5

    async def keep_on(place: int) -> int:
        done = 0
        while time.perf_counter() < until:
            await one(place)
            done += 1
        return done

    await asyncio.gather(*map(keep_on, range(at_once)))
    began = time.perf_counter()
    until = began + seconds
    done = sum(await asyncio.gather(*map(keep_on, range(at_once))))
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    import uvloop

    address, token, client, seconds = sys.argv[1:]
    print(uvloop.run(_ask(address, token, int(client), float(seconds))))
