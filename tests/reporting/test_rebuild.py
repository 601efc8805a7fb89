"""The folded tables, made again from the real bus."""

import asyncio

import httpx

from reporting.projections import TABLES
from shared.contract.admin import Role
from shared.service import Service
from tests.reporting.conftest import As
from tests.reporting.histories import boiler


async def rows(service: Service) -> dict[str, list[str]]:
    return {
        table: [
            row["row"] for row in await service.pool.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
        ]
        for table in (*TABLES, "names")
    }


async def until_folded(service: Service, events: int) -> None:
    async with asyncio.timeout(30):
        while await service.pool.fetchval("SELECT count(*) FROM cursors") < events:
            await asyncio.sleep(0.05)


async def test_a_rebuild_gives_identical_rows(service: Service, caller: As) -> None:
    """What others told comes from the bus again, and the own deletion of a report from the journal."""
    office: httpx.AsyncClient = await caller(Role.DISPATCHER)
    await service.bus.provision()
    await service.bus.publish_events(boiler())
    streams = len({each.stream for each in boiler()}) + 1  # and the report's own
    await until_folded(service, streams - 1)
    assert (await office.delete("/api/reports/tasks/1042")).status_code == 204
    await until_folded(service, streams)
    before = await rows(service)
    assert len(before["audit"]) == len(boiler()) + 1
    assert len(before["deleted_reports"]) == 1

    await service.rebuild()
    await until_folded(service, streams)
    assert await rows(service) == before
