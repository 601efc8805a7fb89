"""What /metrics says stays true while replicas and servers come and go."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from local.ports import free_port
from tests.people import PATIENCE, eventually, took, within
from tests.running import Callout, only, serve

pytestmark = pytest.mark.slow

OF_LEADERS = {
    "callout_outbox_events",
    "callout_outbox_oldest_seconds",
    "callout_dead_letters",
    "callout_fold_pending_events",
}


async def told(http: httpx.AsyncClient, address: str) -> dict[str, float]:
    """Every value of a series that says of which service it is, or that has no label."""
    families = text_string_to_metric_families((await http.get(f"{address}/metrics")).text)
    return {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if set(sample.labels) <= {"service"}
    }


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        yield client


@only("five processes")
async def test_one_replica_leads_and_only_it_knows_what_waits(
    fresh: Callout, http: httpx.AsyncClient
) -> None:
    """The second one says 0 and nothing of the lag; killed, the first is followed within ten seconds."""
    first, second = fresh.addresses["tasks"], f"http://127.0.0.1:{free_port()}"
    replicas = {first: fresh.processes["tasks"], second: await replica(fresh, second)}
    try:

        async def leads(address: str) -> bool:
            """a replica that leads and has measured"""
            try:
                values = await told(http, address)
            except httpx.TransportError:
                return False
            return values.get("callout_leading") == 1 and set(values) >= OF_LEADERS

        await eventually(partial(leads, first))

        async def ready(address: str) -> bool:
            """a replica that is ready"""
            try:
                return (await http.get(f"{address}/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(partial(ready, second))
        values = await told(http, second)
        assert values["callout_leading"] == 0
        assert not OF_LEADERS & set(values)

        async def followed() -> float:
            """The one that leads is killed; what was killed by the try before lives again."""
            led, follows = (first, second) if await leads(first) else (second, first)
            if replicas[follows].returncode is not None:
                replicas[follows] = await replica(fresh, follows)
                await eventually(partial(ready, follows))
            replicas[led].kill()
            await replicas[led].wait()
            return await took(eventually(partial(leads, follows)))

        await within(10, followed)
    finally:
        for process in replicas.values():
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def replica(callout: Callout, address: str) -> asyncio.subprocess.Process:
    port = httpx.URL(address).port
    assert port
    return await serve("tasks", callout.settings["tasks"], port)


async def test_lag_is_told_while_the_bus_is_away(fresh: Callout, http: httpx.AsyncClient) -> None:
    """What waits in the outbox grows old; what waits on the bus is not known, so nothing is said of it."""
    number = await fresh.office.task()

    async def said(**wanted: bool) -> bool:
        """the lag of `tasks`"""
        text = (await fresh.office.http.get("/metrics")).text
        values = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("service") == "tasks"
        }
        waiting = values.get("callout_outbox_events", 0) > 0 and values["callout_outbox_oldest_seconds"] > 0
        return wanted == {"waiting": waiting, "known": "callout_fold_pending_events" in values}

    await eventually(partial(said, waiting=False, known=True))
    await fresh.servers.stop_nats()
    try:
        await fresh.office.call("PATCH", f"/api/tasks/{number}", {"title": "Boiler, again"})
        await eventually(partial(said, waiting=True, known=False))
    finally:
        await fresh.servers.start_nats()
    await eventually(partial(said, waiting=False, known=True))


async def test_requests_are_counted_by_route_and_status(fresh: Callout) -> None:
    """Whatever is asked for, there are no more series than routes."""
    number = await fresh.office.task()
    for path in (f"/api/tasks/{number}", "/api/tasks/999999", "/api/nowhere/1", "/api/nowhere/2"):
        await fresh.office.http.get(path)
    await fresh.office.http.request("BREW", "/api/tasks")
    families = text_string_to_metric_families((await fresh.office.http.get("/metrics")).text)
    counted = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for family in families
        for sample in family.samples
        if sample.name == "callout_http_request_seconds_count"
    }
    assert {("GET", "/api/tasks/{number}", "200"), ("GET", "/api/tasks/{number}", "404")} <= counted
    assert ("GET", "none", "404") in counted
    assert {method for method, _, _ in counted} <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"}
    assert not any("999999" in route or "nowhere" in route for _, route, _ in counted)
