"""What each service's own user may not do, in the database and on the bus, though it knows the way."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
from nats.aio.client import Client

import nats
from local.access import NATS_USERS, OPERATOR, ROLES
from local.servers import Servers
from shared.bus import STREAM, settled
from shared.contract.task import CLIENT_INFO
from shared.web import BUCKET
from tests.deploy.conftest import execute
from tests.people import PATIENCE, eventually
from tests.running import Callout, only

SERVICES = [user for user in NATS_USERS if user != OPERATOR]

OWN = {
    "bot-gateway": ["technician", "bot", "delivery"],
    "invoices": ["invoice"],
    "notifier": ["admin", "site"],
    "reporting": ["report"],
    "tasks": ["task", "client"],
}
"""The aggregates whose events a service publishes."""


class Hands:
    """What one user of the bus tries, and what it is told."""

    def __init__(self, client: Client, told: list[str]) -> None:
        self.client, self._told = client, told

    async def can_not_publish(self, subject: str, body: bytes = b"{}") -> None:
        await self.client.publish(subject, body)
        await self._refused(f'publish to "{subject}"')

    async def can_not_hear(self, subject: str) -> None:
        await self.client.subscribe(subject)
        await self._refused(f'subscription to "{subject}"')

    async def _refused(self, what: str) -> None:
        async def so() -> bool:
            return any(what.lower() in each.lower() for each in self._told)

        so.__doc__ = f"NATS's no to {what}"
        await self.client.flush()
        await eventually(so)

    async def can_publish(self, subject: str, listening: Client) -> None:
        heard = await listening.subscribe(subject)
        await settled(listening)
        await self.client.publish(subject, b"{}")
        await heard.next_msg(PATIENCE)


@asynccontextmanager
async def hands_of(servers: Servers, user: str) -> AsyncIterator[Hands]:
    told: list[str] = []

    async def hear(error: Exception) -> None:
        told.append(str(error))

    prefix = f"_INBOX_{user.replace('-', '_')}".encode()
    client = await nats.connect(servers.nats_url(user), error_cb=hear, inbox_prefix=prefix)
    try:
        yield Hands(client, told)
    finally:
        await client.close()


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_publishes_the_events_of_its_own_aggregates_alone(
    servers: Servers, user: str
) -> None:
    """`reporting` can't say that a task was accepted, and nobody but the notifier makes an admin."""
    async with hands_of(servers, user) as hands, hands_of(servers, OPERATOR) as operator:
        for owner, aggregates in OWN.items():
            for aggregate in aggregates:
                subject = f"events.{aggregate}.1.happened"
                if owner == user:
                    await hands.can_publish(subject, operator.client)
                else:
                    await hands.can_not_publish(subject)


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_tells_of_its_own_dead_letters_alone(servers: Servers, user: str) -> None:
    """Else one could say that another has lost something, and what that one says itself would count as said."""
    async with hands_of(servers, user) as hands, hands_of(servers, OPERATOR) as operator:
        for service in SERVICES:
            subject = f"events.fold.{service}.event_not_applied"
            if service == user:
                await hands.can_publish(subject, operator.client)
            else:
                await hands.can_not_publish(subject)


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_can_not_break_the_bus(servers: Servers, user: str) -> None:
    """It deletes, changes or reads no stream past its own consumer, touches nobody else's, and is no one else."""
    other = "tasks" if user != "tasks" else "reporting"
    async with hands_of(servers, user) as hands:
        for call in (
            f"STREAM.DELETE.{STREAM}", f"STREAM.UPDATE.{STREAM}", f"STREAM.MSG.GET.{STREAM}",
            f"STREAM.MSG.DELETE.{STREAM}", f"DIRECT.GET.{STREAM}", "STREAM.CREATE.MINE",
            f"CONSUMER.DELETE.{STREAM}.{other}", f"CONSUMER.MSG.NEXT.{STREAM}.{other}",
            f"CONSUMER.CREATE.{STREAM}.{other}", f"CONSUMER.DURABLE.CREATE.{STREAM}.{other}",
        ):  # fmt: skip
            await hands.can_not_publish(f"$JS.API.{call}")
        await hands.can_not_hear("events.>")
        await hands.can_not_hear(f"_INBOX_{other.replace('-', '_')}.>")
        if user != "notifier":
            await hands.can_not_publish(f"$KV.{BUCKET}.mine")
        if user != "tasks":
            await hands.can_not_publish(f"$JS.API.STREAM.PURGE.{STREAM}")
            await hands.can_not_hear(CLIENT_INFO)


async def test_only_the_bot_gateway_asks_for_client_data(servers: Servers) -> None:
    """It is who sends it; nobody else needs a phone number."""
    async with hands_of(servers, OPERATOR) as operator:
        for user in SERVICES:
            async with hands_of(servers, user) as hands:
                if user == "bot-gateway":
                    await hands.can_publish(CLIENT_INFO, operator.client)
                else:
                    await hands.can_not_publish(CLIENT_INFO)


@only("one process")
async def test_no_service_reads_what_another_one_keeps(fresh: Callout) -> None:
    """Not a table of another schema, `invoices` not the clients; and no service changes what happened."""
    await fresh.office.task(title="Leaking tap", client={"name": "Mrs. Sigrid Lindqvist", "phone": "+46 8 1"})
    tables = await tables_of(fresh.servers)
    assert ("tasks", "clients") in tables
    for role in ROLES:
        dsn = fresh.servers.postgres_dsn(role)
        for schema, table in tables:
            if schema != role:
                await denied(dsn, f"SELECT FROM {schema}.{table}")
        for statement in ("UPDATE events SET actor = 'me'", "DELETE FROM events", "TRUNCATE events CASCADE"):
            await denied(dsn, statement)


async def tables_of(servers: Servers) -> Sequence[tuple[str, str]]:
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    try:
        rows = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1)", list(ROLES)
        )
    finally:
        await connection.close()
    return [tuple(row) for row in rows]


async def denied(dsn: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(dsn, statement)
