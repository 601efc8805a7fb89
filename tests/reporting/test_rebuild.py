"""The folded tables, made again from the real bus."""

import httpx

from reporting.projections import TABLES
from shared.contract.admin import Role
from shared.service import Service
from tests.people import eventually
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
    async def folded() -> bool:
        """the last of all events"""
        return bool(await service.pool.fetchval("SELECT sum(version) FROM cursors") == events)

    await eventually(folded)


async def test_a_rebuild_gives_identical_rows(service: Service, caller: As) -> None:
    """What others told comes from the bus again, and the own deletion of a report from the journal."""
    office: httpx.AsyncClient = await caller(Role.DISPATCHER)
    await service.bus.publish_events(boiler())
    await until_folded(service, len(boiler()))
    assert (await office.delete("/api/reports/tasks/1042")).status_code == 204
    await until_folded(service, len(boiler()) + 1)  # the report's own
    before = await rows(service)
    assert len(before["audit"]) == len(boiler()) + 1
    assert len(before["deleted_reports"]) == 1

    await service.rebuild()
    await until_folded(service, len(boiler()) + 1)
    assert await rows(service) == before
