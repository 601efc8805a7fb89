"""Real processes are killed, real servers go away: nothing is lost, nothing happens twice in effect."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

import nats
from shared.bus import STREAM
from tests.journeys.test_workflow import accepted, completed, joined, sent
from tests.people import Json, buttons, eventually, took, within
from tests.running import Callout, only

pytestmark = pytest.mark.slow

REPORTING = ("audit", "status_history", "responses", "reports", "report_invoices")


@only("five processes")
async def test_a_tap_survives_the_bot_gateway_being_killed_before_it_is_handled(fresh: Callout) -> None:
    """`tasks` is away, so the tap is stored and not handled; then the bot-gateway is killed too."""
    sami = await joined(fresh)
    number, message = await sent(fresh, sami)
    # Killed before that, the bot-gateway could not know whether it is in the chat.
    await fresh.office.sees_task(number, delivery__task_info="sent")
    async with fresh.office.screen() as screen:
        await fresh.kill("tasks")
        assert "Saved" in await sami.presses(message, "Accept")
        await fresh.kill("bot-gateway")
        await fresh.restart("tasks", "bot-gateway")
        await fresh.office.sees_task(number, status="accepted")
        await screen.shows("task_accepted", f"#{number}")
        await sami.sees("accepted", f"#{number}")
        await completed(fresh, sami)  # the bus is quiet again after another whole round
        assert screen.count("task_accepted", f"#{number}") == 1


@only("five processes")
async def test_a_tap_made_while_the_bot_gateway_is_dead_has_its_effect_once(fresh: Callout) -> None:
    """Telegram keeps the update until it is fetched."""
    sami = await joined(fresh)
    number, message = await sent(fresh, sami)
    # Killed before that, the bot-gateway could not know whether it is in the chat.
    await fresh.office.sees_task(number, delivery__task_info="sent")
    await fresh.kill("bot-gateway")
    accept = next(data for name, data in buttons(message).items() if "Accept" in name)
    await sami.leaves_tap(message, accept)
    await fresh.restart("bot-gateway")
    await fresh.office.sees_task(number, status="accepted")
    await sami.sees("accepted", f"#{number}")


@only("five processes")
async def test_commands_are_answered_once_though_tasks_is_killed(fresh: Callout) -> None:
    """Killed at any moment: after a retry with the same key there is exactly one task for each."""
    bodies: list[Json] = [{"title": f"Job {n}", "client": {"name": f"Client {n}"}} for n in range(30)]

    async def create(n: int) -> str:
        while True:
            try:
                answer = await fresh.office.http.post(
                    "/api/tasks", json=bodies[n], headers={"Idempotency-Key": f"job-{n}"}
                )
                if answer.status_code == 201:
                    return str(answer.json()["id"])
            except Exception:  # the process is gone: asked again, as a browser's retry would
                await asyncio.sleep(0.05)

    creating = [asyncio.create_task(create(n)) for n in range(30)]
    await asyncio.wait(creating, return_when=asyncio.FIRST_COMPLETED)
    await fresh.kill("tasks")
    await fresh.restart("tasks")
    assert len(set(await asyncio.gather(*creating))) == 30
    listed = (await fresh.office.get("/api/tasks?limit=200"))["items"]
    assert sorted(task["title"] for task in listed) == sorted(body["title"] for body in bodies)


async def test_a_wiped_jetstream_changes_nothing_that_an_admin_sees(fresh: Callout) -> None:
    """Made again and filled again within ten seconds; work goes on, and every row stays."""
    sami = await joined(fresh)
    await completed(fresh, sami)
    before = await rows(fresh)

    async def filled() -> bool:
        """the stream with every event"""
        events = await all_events(fresh)
        client = await nats.connect(fresh.servers.nats_url(), allow_reconnect=False)
        try:
            info = await client.jetstream().stream_info(STREAM)
        except (JetStreamError, NatsError):
            return False
        finally:
            await client.close()
        return bool(info.state.messages >= events)

    async def filled_again() -> float:
        await fresh.servers.wipe_jetstream()
        return await took(eventually(filled))

    await within(10, filled_again)
    await completed(fresh, sami)
    after = await rows(fresh)
    for table in REPORTING:
        assert [row for row in before[table] if row not in after[table]] == [], table


async def test_a_rebuilt_reporting_has_identical_rows(fresh: Callout) -> None:
    """`callout rebuild reporting`, while everything runs."""
    await completed(fresh, await joined(fresh))
    before = await rows(fresh)
    printed = await fresh.command("rebuild", "reporting", service="reporting")
    assert "rebuilt" in printed

    async def same() -> bool:
        """identical rows"""
        return await rows(fresh) == before

    await eventually(same)


async def test_replay_publishes_everything_again_without_effect(fresh: Callout) -> None:
    """`callout replay` makes the stream anew; no message goes out twice, no row changes."""
    sami = await joined(fresh)
    number = await completed(fresh, sami)
    before, said = await rows(fresh), len(await sami.messages())
    await fresh.command("replay", service="operator")
    await completed(fresh, sami)
    after = await rows(fresh)
    for table in REPORTING:
        assert [row for row in before[table] if row not in after[table]] == [], table
    again = [message for message in await sami.messages() if f"#{number}" in message["text"]]
    assert len(again) <= said


async def test_a_poison_event_is_told_and_the_rest_flows(fresh: Callout) -> None:
    """It is listed by `callout dead-letters list`."""
    async with fresh.office.screen() as screen:
        client = await nats.connect(fresh.servers.nats_url())
        await client.jetstream().publish("events.task.999999.created", POISON)
        await client.close()
        await screen.shows("event_not_applied")
        number, _ = await accepted(fresh, await joined(fresh))
        await screen.shows("task_accepted", f"#{number}")

    async def listed() -> bool:
        """the event among the dead letters of reporting; it may have been another service that told of it"""
        printed = await fresh.command("dead-letters", "list", "--service", "reporting", service="reporting")
        return "task.999999" in printed

    await eventually(listed)


async def test_with_nats_away_commands_commit_and_drain_afterwards(fresh: Callout) -> None:
    """The dashboard goes on writing; when NATS is back everything arrives, in order, once."""
    await fresh.servers.kill_nats()
    numbers = [await fresh.office.task(title=f"Job {n}") for n in range(5)]
    await fresh.servers.start_nats()

    async def told() -> bool:
        """five tasks in the audit log"""
        lines = (await fresh.office.get("/api/audit?limit=200"))["items"]
        kinds = [line["stream"] for line in lines if line["kind"] == "TaskCreated"]
        return sorted(kinds) == sorted(f"task.{number}" for number in numbers)

    await eventually(told)


async def test_while_postgres_is_away_nothing_is_acknowledged_and_then_all_goes_on(fresh: Callout) -> None:
    """A refusal with a sentence, then pools that reconnect by themselves."""
    await fresh.servers.kill_postgres()
    status, sentence = await fresh.office.refused(
        "POST", "/api/tasks", {"title": "x", "client": {"name": "y"}}
    )
    assert status == 503
    assert sentence
    await fresh.servers.start_postgres()

    async def works() -> bool:
        """a task created after the restart"""
        answer = await fresh.office.http.post("/api/tasks", json={"title": "x", "client": {"name": "y"}})
        return answer.status_code == 201

    await eventually(works)
    number, _ = await accepted(fresh, await joined(fresh))
    assert len((await fresh.office.get("/api/tasks"))["items"]) == 2, number


POISON = msgspec.json.encode(
    {
        "id": "0192f0a0-0000-7000-8000-000000000001",
        "stream": "task.999999",
        "version": 1,
        "type": "TaskTeleported",
        "schema": 1,
        "at": "2026-11-22T10:00:00Z",
        "actor": "admin:nobody",
        "data": {"type": "TaskTeleported"},
    }
)
"""An envelope that opens, around an event that nobody knows."""


async def rows(callout: Callout) -> dict[str, list[Json]]:
    """All rows of reporting's folded tables, once they have stood still for a moment."""
    last: dict[str, list[Any]] = {}

    async def still() -> bool:
        """reporting to come to rest"""
        nonlocal last
        connection = await asyncpg.connect(callout.servers.postgres_dsn("reporting"))
        now = {
            table: [
                dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY {table}::text")
            ]
            for table in REPORTING
        }
        folded = await connection.fetchval("SELECT sum(version) FROM cursors")
        await connection.close()
        done = now == last and folded == await all_events(callout)
        last = now
        return done

    await eventually(still)
    return last


async def all_events(callout: Callout) -> int:
    """How many events all five journals hold."""
    connection = await asyncpg.connect(callout.servers.postgres_dsn("postgres"))
    total = 0
    for schema in ("tasks", "bot_gateway", "invoices", "notifier", "reporting"):
        total += await connection.fetchval(f"SELECT count(*) FROM {schema}.events")
    await connection.close()
    return total
