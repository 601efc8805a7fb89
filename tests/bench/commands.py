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
from concurrent.futures import ThreadPoolExecutor
from itertools import count
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
from tests.bench.asker import rate
from tests.bench.figures import Figure, spread
from tests.bench.stage import Stage, bare_journal
from tests.bench.wire import Wire, request
from tests.people import BOILER

AT_ONCE = 16
CLIENTS = 32
DETAILS = {name: BOILER[name] for name in ("title", "description", "area", "priority", "scheduled_at")}


async def measure(stage: Stage, quick: bool) -> list[Figure]:
    seconds, rounds = (1.0, 1) if quick else (5.0, 5)
    servers, token, address = stage.servers, stage.token, stage.addresses["tasks"]
    await stage.leave("tasks")  # it knows the token from the bus, where the notifier has put it
    async with bare_journal(servers, AT_ONCE) as journal:
        client = await _client(address, token)
        asking = request("POST", "/api/tasks", token, DETAILS | {"client_id": client})
        library = await _library(servers)
        ours, raw, saved = [], [], []
        for _ in range(rounds):
            raw.append(await _appends(journal, client, seconds))
            saved.append(await asyncio.to_thread(_saves, library, client, seconds))
            ours.append(await _commands(address, asking, seconds))
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
            goal=1.5,
            at_least=True,
            notes=f"{notes}floor {spread(saved, '/s')}",
        ),
    ]


# ── Ours ─────────────────────────────────────────────────────────────────────


async def _client(address: str, token: str) -> int:
    wire = await Wire.open(address)
    added = msgspec.json.decode(await wire.ask(request("POST", "/api/clients", token, BOILER["client"])))
    await wire.close()
    number: int = added["id"]
    return number


async def _commands(address: str, asking: bytes, seconds: float) -> float:
    """As another process counts them, so that the asking takes nothing from what is asked."""
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.asker", address, str(CLIENTS), str(seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await asked.communicate(asking)
    if asked.returncode:
        raise RuntimeError("whoever asks for tasks broke")
    return float(printed)


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

    return await rate(one, AT_ONCE, seconds)


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
