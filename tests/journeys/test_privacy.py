"""Client data leaves `tasks` in one message to one technician, and stays nowhere on its way."""

import asyncpg

import nats
from local.servers import Servers
from shared.bus import STREAM
from tests.journeys.test_workflow import accepted, joined
from tests.people import PRIVATE
from tests.running import Callout


async def test_client_data_is_in_no_table_event_or_answer(callout: Callout) -> None:
    """After the whole way to a completed task: every row of every service, and every message on the bus."""
    sami = await joined(callout)
    number, _ = await accepted(callout, sami)
    await callout.office.post(f"/api/tasks/{number}/client-info")
    card = await sami.sees(*PRIVATE, button="Completed")
    await sami.presses(card, "Completed")
    await callout.office.sees_task(number, status="completed")

    kept = await every_row(callout.servers)
    assert any("Okonkwo" in row for rows in kept.values() for row in rows), (
        "the name may be known, so it is found"
    )
    assert [
        name for name, rows in kept.items() if any(secret in row for row in rows for secret in PRIVATE)
    ] == []
    assert not any(
        secret in message for message in await every_message(callout.servers) for secret in PRIVATE
    )
    for path in (
        f"/api/tasks/{number}",
        "/api/tasks",
        "/api/audit?limit=200",
        "/api/notifications?limit=200",
        "/metrics",
    ):
        answer = await callout.office.http.get(path)
        assert not any(secret in answer.text for secret in PRIVATE), path


async def every_row(servers: Servers) -> dict[str, list[str]]:
    """Table → its rows as text, over all schemas."""
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    tables = await connection.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = {
        table["name"]: [
            row["row"] for row in await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")
        ]
        for table in tables
    }
    await connection.close()
    return rows


async def every_message(servers: Servers) -> list[str]:
    """All that JetStream holds for the services."""
    client = await nats.connect(servers.nats_url())
    js = client.jetstream()
    state = (await js.stream_info(STREAM)).state
    messages = [await js.get_msg(STREAM, sequence) for sequence in range(state.first_seq, state.last_seq + 1)]
    await client.close()
    return [(message.data or b"").decode() for message in messages]
