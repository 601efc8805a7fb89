"""What waits is measured or absent: never old, and never a reason to cease to lead."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.journal import lag
from shared.journal.lag import Lag
from tests.conftest import SettingsFor
from tests.people import eventually
from tests.shared.floor import Floor, floor

OF_THE_DATABASE = ("callout_outbox_events", "callout_outbox_oldest_seconds", "callout_dead_letters")
OF_THE_BUS = ("callout_fold_pending_events",)


@pytest.fixture
async def tasks(settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Floor]:
    monkeypatch.setattr(lag, "EVERY", 0.3)
    async with floor(settings_for("tasks"), "tasks") as made:
        await made.bus.provision()
        await made.bus.ensure_consumer("tasks", ["events.task.>"])
        made.run(Lag("tasks", made.pool, made.bus).run)
        yield made
        for task in made.running:
            assert not task.done()


async def shown(*wanted: str) -> None:
    """Those series and no other of what waits."""

    async def so() -> bool:
        there = {
            name
            for name in (*OF_THE_DATABASE, *OF_THE_BUS)
            if REGISTRY.get_sample_value(name, {"service": "tasks"}) is not None
        }
        return there == set(wanted)

    await eventually(so)


async def test_a_fault_of_measuring_is_logged_and_measured_again(tasks: Floor) -> None:
    """A table that can't be read: the rest is measured on, and this too once it can be."""
    await shown(*OF_THE_DATABASE, *OF_THE_BUS)
    with capture_logs() as logged:
        await tasks.pool.execute("ALTER TABLE outbox RENAME TO hidden")

        async def met() -> bool:  # a look that only took too long makes the series absent too
            return bool(logged)

        await eventually(met)
        await shown(*OF_THE_BUS)
        await tasks.pool.execute("ALTER TABLE hidden RENAME TO outbox")
        await shown(*OF_THE_DATABASE, *OF_THE_BUS)
    assert {line["event"] for line in logged} == {"not measured"}


async def test_a_database_that_does_not_answer_leaves_nothing_old(tasks: Floor) -> None:
    """It is there but does not answer, as behind a lock or a broken network; nothing is logged for that here."""
    await shown(*OF_THE_DATABASE, *OF_THE_BUS)
    with capture_logs() as logged:
        async with tasks.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE outbox")
            await shown(*OF_THE_BUS)
        await shown(*OF_THE_DATABASE, *OF_THE_BUS)
    assert logged == []
