"""Looks at everything, in the order in which it depends on each other."""

import asyncio
from contextlib import AsyncExitStack
from time import perf_counter

import asyncpg
from nats.aio.client import Client

from local.access import OPERATOR
from local.doctor import bus, machine, tables
from local.doctor.findings import Finding, kind, ok, wrong
from local.doctor.patient import Patient
from local.nats_client import connected
from local.stack import SERVICES
from shared.bus import BUS_TROUBLE
from shared.journal.database import DATABASE_AWAY

BETWEEN = 2.0
"""Seconds between two looks at what waits: a relay or a fold that works has got on by then."""
BOT = "bot-gateway"

_NO_DATABASE = (*DATABASE_AWAY, asyncpg.PostgresError)
_NO_BUS = (*BUS_TROUBLE, OSError)


async def examine(patient: Patient) -> list[Finding]:
    async with AsyncExitStack() as stack:
        found: list[Finding] = []
        databases: dict[str, asyncpg.Connection] = {}
        for service, dsn in patient.databases.items():
            found.append(await _database(stack, databases, service, dsn))
        clients: dict[str, Client] = {}
        for user, url in patient.buses.items():
            found.append(await _bus(stack, clients, user, url))
        client = clients.get(OPERATOR)
        for service, connection in databases.items():
            found += await _service(connection, service)
        found += await _flow(databases, client)
        version = None
        if databases:
            connection = databases[next(iter(databases))]
            found += [await tables.clock(connection), await tables.encoding(connection)]
            version = await connection.fetchval("SHOW server_version")
        if client:
            found += await _of_bus(client)
        if patient.data:
            found.append(machine.disk(patient.data))
        found.append(machine.versions(version, bus.version(client) if client else None))
        return found


async def _database(
    stack: AsyncExitStack, databases: dict[str, asyncpg.Connection], service: str, dsn: str
) -> Finding:
    began = perf_counter()
    try:
        connection = await asyncpg.connect(dsn, timeout=5, command_timeout=30)
    except _NO_DATABASE as error:
        do = "See whether PostgreSQL runs, and whether this service's password is the one it was given."
        return wrong("database", service, f"can't be used ({kind(error)})", do)
    stack.push_async_callback(connection.close)
    databases[service] = connection
    return ok("database", service, f"answers in {(perf_counter() - began) * 1000:,.0f} ms")


async def _bus(stack: AsyncExitStack, clients: dict[str, Client], user: str, url: str) -> Finding:
    began = perf_counter()
    whose = None if user == OPERATOR else user
    try:
        clients[user] = await stack.enter_async_context(connected(url))
        await clients[user].flush(5)
    except _NO_BUS as error:
        clients.pop(user, None)
        do = "See whether NATS runs, and whether this user's password is the one it was given."
        return wrong("bus", whose, f"can't be used ({kind(error)})", do)
    return ok("bus", whose, f"answers in {(perf_counter() - began) * 1000:,.0f} ms")


async def _service(connection: asyncpg.Connection, service: str) -> list[Finding]:
    schema = await tables.schema(connection, service)
    if not await connection.fetchval("SELECT to_regclass('events') IS NOT NULL"):
        return [schema]
    found = [
        schema,
        await tables.leader(connection, service),
        await tables.dead_letters(connection, service),
    ]
    if service == BOT:
        found += await tables.deliveries(connection, service)
        found += await tables.telegram(connection, service)
    return found


async def _flow(databases: dict[str, asyncpg.Connection], client: Client | None) -> list[Finding]:
    """From a journal to the bus, and from the bus to the others."""
    databases = {
        service: connection
        for service, connection in databases.items()
        if await connection.fetchval("SELECT to_regclass('events') IS NOT NULL")
    }
    waiting = {service: await tables.outbox(connection) for service, connection in databases.items()}
    places = await _places(client)
    behind = any(each and each.pending + each.in_hand for each in places.values())
    if behind or any(each.waiting for each in waiting.values()):
        await asyncio.sleep(BETWEEN)
    return [
        *[
            tables.relay(service, waiting[service], await tables.outbox(connection))
            for service, connection in databases.items()
        ],
        *[bus.fold(service, places.get(service), now) for service, now in (await _places(client)).items()],
    ]


async def _places(client: Client | None) -> dict[str, bus.Place | None]:
    """Of each service; of none where JetStream does not answer, as `_of_bus` says."""
    if client is None:
        return {}
    try:
        return {service: await bus.place(client, service) for service in SERVICES}
    except _NO_BUS:
        return {}


async def _of_bus(client: Client) -> list[Finding]:
    try:
        return [*await bus.store(client), *await bus.clock(client)]
    except _NO_BUS as error:
        do = "JetStream must be switched on, with a file store, and open to this user."
        return [wrong("bus", None, f"JetStream can't be used ({kind(error)})", do)]
