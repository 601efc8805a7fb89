"""Events → rows, on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporting.projections import TABLES, fold, fold_batch
from shared.contract import Recorded
from shared.contract.client import ClientErased
from shared.contract.task import Status, TaskSent, status_after
from tests.reporting.histories import (
    ANNA,
    LENA,
    RAMI,
    Teller,
    boiler,
    continued,
    histories,
    interleaved,
    wrong_button,
)

Rows = dict[str, list[str]]


async def fresh(connection: asyncpg.Connection) -> None:
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")


async def in_batches(connection: asyncpg.Connection, told: Sequence[Recorded], size: int) -> Rows:
    await fresh(connection)
    for start in range(0, len(told), size):
        await fold_batch(connection, told[start : start + size])
    return await rows(connection)


async def rows(connection: asyncpg.Connection) -> Rows:
    return {
        table: [
            row["row"] for row in await connection.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
        ]
        for table in TABLES
    }


@given(told=histories(), random=st.randoms(use_true_random=False), size=st.integers(2, 40))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_rows_do_not_depend_on_how_the_events_came(
    database: asyncpg.Connection, told: list[Recorded], random: Random, size: int
) -> None:
    """One by one, in batches, in another order of the streams, or each twice: the same rows."""
    await fresh(database)
    for recorded in told:
        await fold(database, recorded)
    expected = await rows(database)
    assert len(expected["audit"]) == len(told)

    for recorded in told:
        await fold(database, recorded)
    assert await rows(database) == expected, "the same events again"
    assert await in_batches(database, told, size) == expected, "in batches"
    assert await in_batches(database, [e for each in told for e in (each, each)], size) == expected, (
        "each twice"
    )
    assert await in_batches(database, interleaved(told, random), size) == expected, "streams in another order"


@given(told=histories())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_statuses_agree_with_the_rule_of_the_contract(
    database: asyncpg.Connection, told: list[Recorded]
) -> None:
    """Each task stands where `status_after` puts it, its history is a chain, and the counts add up."""
    await in_batches(database, told, 7)
    expected: dict[int, Status] = {}
    for each in told:
        if each.aggregate == "task":
            task = int(each.key)
            expected[task] = status_after(each.data, expected.get(task, Status.ABSENT))  # type: ignore[arg-type]
    stand = await database.fetch("SELECT task, status FROM reports")
    assert {row["task"]: row["status"] for row in stand} == expected

    chain: dict[tuple[int, int | None], str] = {}
    for row in await database.fetch("SELECT * FROM status_history ORDER BY event"):
        of = row["task"], row["invoice"]
        assert row["before"] == chain.get(of)
        assert row["before"] != row["after"]
        chain[of] = row["after"]
    assert {task: after for (task, invoice), after in chain.items() if invoice is None} == expected

    counted = await database.fetch("SELECT status, tasks FROM status_counts WHERE tasks <> 0")
    assert {row["status"]: row["tasks"] for row in counted} == {
        status: list(expected.values()).count(status) for status in expected.values()
    }


async def test_the_story_of_a_task_is_in_its_row(database: asyncpg.Connection) -> None:
    """#1042: sent first to Rami, done by Lena, who took 45 seconds to accept."""
    told = boiler()
    at = {(each.type, each.version): each.at for each in told}
    await in_batches(database, told, 500)
    row = await database.fetchrow("SELECT * FROM reports")
    assert row is not None
    assert (row["task"], row["title"], row["client"]) == (1042, "Boiler drips", 7)
    assert (row["technician"], row["offer"], row["status"]) == (LENA, 2, "completed")
    assert row["first_sent_at"] == at["TaskSent", 3]
    assert row["sent_at"] == at["TaskSent", 7]
    assert row["completed_at"] == at["TaskCompleted", 10]
    assert row["response_time"] == timedelta(seconds=45)
    assert row["created_by"] == ANNA


async def test_a_task_that_is_sent_again_is_no_longer_accepted_or_completed(
    database: asyncpg.Connection,
) -> None:
    """Its row tells of the current offer; when it was first sent stays."""
    again = continued(boiler())
    sent = again.tell("task.1042", TaskSent(RAMI, 3))
    await in_batches(database, again.told, 500)
    row = await database.fetchrow("SELECT * FROM reports")
    assert row is not None
    assert (row["status"], row["technician"], row["offer"]) == ("sent", RAMI, 3)
    assert (row["accepted_at"], row["completed_at"], row["response_time"]) == (None, None, None)
    assert row["first_sent_at"] < row["sent_at"] == sent.at


async def test_an_answer_took_its_time_whichever_it_was(database: asyncpg.Connection) -> None:
    """Rami's rejection after two minutes is in the row, until the task is somebody else's."""
    told = boiler()
    rejected = next(place for place, each in enumerate(told) if each.type == "TaskRejected")
    await in_batches(database, told[: rejected + 2], 500)
    assert await database.fetchval("SELECT response_time FROM reports") == timedelta(seconds=120)
    await in_batches(database, told[: rejected + 3], 500)
    assert await database.fetchval("SELECT response_time FROM reports") is None


async def test_rejections_folded_before_get_their_time_from_the_answers(
    database: asyncpg.Connection,
) -> None:
    """What the migration makes of old rows is what folding makes now."""
    rejected = next(place for place, each in enumerate(boiler()) if each.type == "TaskRejected")
    filling = (files("reporting") / "migrations" / "0005_rejections_timed.sql").read_text()
    for length in range(rejected + 1, len(boiler()) + 1):
        expected = await in_batches(database, boiler()[:length], 500)
        await database.execute("UPDATE reports SET response_time = NULL WHERE accepted_at IS NULL")
        await database.execute(filling)
        assert await rows(database) == expected, boiler()[length - 1].type


async def test_every_response_is_kept_with_its_reason_and_how_long_it_took(
    database: asyncpg.Connection,
) -> None:
    """Rami's rejection after two minutes, Lena's acceptance and completion."""
    await in_batches(database, boiler(), 3)
    found = await database.fetch(
        "SELECT technician, response, offer, took, reason FROM responses"
        " LEFT JOIN rejection_reasons USING (task, offer) ORDER BY event"
    )
    assert [tuple(row) for row in found] == [
        (RAMI, "rejected", 1, timedelta(seconds=120), "No van today"),
        (LENA, "accepted", 2, timedelta(seconds=45), None),
        (LENA, "completed", 2, None, None),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 500])
async def test_a_rejection_that_was_taken_back_counts_no_more(
    database: asyncpg.Connection, size: int
) -> None:
    """Its reason is gone with it; the same offer is then rejected in earnest, for a reason of its own."""
    teller = Teller()
    wrong_button(teller)
    await in_batches(database, teller.told[:6], size)
    row = await database.fetchrow("SELECT status, response_time FROM reports")
    assert row is not None
    assert tuple(row) == ("sent", None)
    assert await database.fetchval("SELECT count(*) FROM rejection_reasons") == 0
    await in_batches(database, teller.told, size)
    found = await database.fetch(
        "SELECT response, took, taken_back_at, reason FROM responses"
        " LEFT JOIN rejection_reasons USING (task, offer) ORDER BY event"
    )
    minutes = [timedelta(seconds=10), timedelta(minutes=5)]
    assert [(row["response"], row["took"]) for row in found] == [("rejected", each) for each in minutes]
    assert [row["taken_back_at"] for row in found] == [teller.told[5].at, None]
    assert found[1]["reason"] == "Ill"


async def test_an_invoice_is_kept_with_its_exact_total(database: asyncpg.Connection) -> None:
    """36.18 is 36.18, and paid once it was paid."""
    await in_batches(database, boiler(), 500)
    row = await database.fetchrow("SELECT * FROM report_invoices")
    assert row is not None
    assert (row["invoice"], row["task"], row["total"], row["status"]) == (1, 1042, Decimal("36.18"), "paid")
    assert row["paid_at"] == boiler()[-1].at


async def test_an_event_of_an_unknown_task_is_refused_as_a_whole(database: asyncpg.Connection) -> None:
    """It must become a dead letter, not half a row."""
    sent = next(each for each in boiler() if each.type == "TaskSent")
    with pytest.raises(LookupError, match="task #1042"):
        await fold(database, sent)
    assert all(not found for found in (await rows(database)).values())


@pytest.mark.parametrize("size", [1, 500])
async def test_erasing_a_client_forgets_the_name_in_every_row(
    database: asyncpg.Connection, size: int
) -> None:
    """No table holds the name any more; the lines of the audit log are all still there."""
    told = boiler()
    erased = continued(told).tell("client.7", ClientErased())
    before = await in_batches(database, told, size)
    assert "Haddad" in str(before)
    after = await in_batches(database, [*told, erased], size)
    assert "Haddad" not in str(after)
    assert len(after["audit"]) == len(told) + 1
