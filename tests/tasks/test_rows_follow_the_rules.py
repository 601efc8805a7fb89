"""What the projection writes of a task is what the rules fold, in every reachable state."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    RejectionTakenBack,
    TaskCompleted,
    TaskCreated,
    TaskEvent,
)
from shared.refusal import Refused
from tasks.domain.task import Task, evolve
from tasks.projections import offer_columns, task_columns
from tests.tasks import examples as ex
from tests.tasks.examples import YASMIN
from tests.tasks.test_every_reachable_state import walk


def row_of(task: Task) -> dict[str, Any]:
    """As the table `tasks` holds it."""
    return {
        "status": task.status,
        "title": task.details.title,
        "client": task.client,
        "technician": task.technician,
        "offer": task.offer,
        "stands": task.stands,
    }


@cache
def columns(event: TaskEvent) -> dict[str, Any]:
    return task_columns(event)


def test_rows_follow_the_rules_in_every_state() -> None:
    """The columns that an event changes, laid over the row before, give the row after."""
    for before, command, answer, _ in walk():
        if isinstance(answer, Refused):
            continue
        task, row = before, row_of(before)
        for event in answer:
            task = evolve(task, event)
            row |= {name: value for name, value in columns(event).items() if name in row}
            assert row == row_of(task), (before, command, event)


def test_a_new_row_has_every_detail() -> None:
    """Nothing that was typed is missing in the row."""
    written = task_columns(TaskCreated(1, ex.LEAKING_BOILER, 12))
    assert {"title", "description", "area", "priority", "scheduled_at", "client", "status"} == set(written)


def test_each_answer_is_a_moment_of_its_offer() -> None:
    """What belongs to an offer names it, and its technician."""
    at, event_id = datetime(2030, 1, 1, tzinfo=UTC), UUID(int=7)
    for event, column, *known_by in (
        (ex.sent_to_yasmin, "sent_at", "task_info_event"),
        (ex.accepted_by_yasmin, "accepted_at"),
        (ex.rejected_by_yasmin, "rejected_at"),
        (ClientInfoSent(YASMIN, 1, 12), "client_info_at", "client_info_event"),
        (TaskCompleted(YASMIN, 1), "completed_at"),
        (OfferWithdrawn(YASMIN, 1), "withdrawn_at"),
    ):
        moment = {column: at} | dict.fromkeys(known_by, event_id)
        assert offer_columns(event, at, event_id) == {"offer": 1, "technician": YASMIN} | moment
    explained = RejectionExplained(YASMIN, 1, "Too far")
    assert offer_columns(explained, at, event_id) == {"offer": 1, "technician": YASMIN, "reason": "Too far"}
    gone = {"offer": 1, "technician": YASMIN, "rejected_at": None, "reason": None}
    assert offer_columns(RejectionTakenBack(YASMIN, 1), at, event_id) == gone
    assert offer_columns(ex.created, at, event_id) == {}
