"""Events → rows: every event into the audit log, and those of tasks and invoices into reports.

Each stream comes in its own order, and streams come in any order among each other. So
nothing here may depend on how two streams interleave; then a rebuild gives the same rows.
A batch costs one read of the rows it changes and one write, however long it is.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reporting.domain import words
from reporting.projections.stories import Bill, Story, bill, tell, took
from shared.contract import AnyEvent, Recorded
from shared.contract.client import ClientErased
from shared.contract.invoice import InvoiceEvent
from shared.contract.report import ReportDeleted
from shared.contract.task import (
    RejectionExplained,
    RejectionTakenBack,
    TaskAccepted,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskEvent,
    TaskRejected,
)

TABLES = (
    "audit",
    "reports",
    "report_words",
    "deleted_reports",
    "status_history",
    "responses",
    "rejection_reasons",
    "report_invoices",
    "status_counts",
)

RESPONSES: dict[type[AnyEvent], str] = {
    TaskAccepted: "accepted",
    TaskRejected: "rejected",
    TaskCompleted: "completed",
}


class Audit(Struct, frozen=True):
    id: UUID
    stream: str
    version: int
    kind: str
    at: datetime
    actor: str
    data: AnyEvent
    task: int | None
    invoice: int | None


class Change(Struct, frozen=True):
    event: UUID
    task: int
    invoice: int | None
    before: str | None
    after: str
    at: datetime
    actor: str


class Response(Struct, frozen=True):
    event: UUID
    task: int
    offer: int
    technician: int
    response: str
    at: datetime
    took: timedelta | None
    taken_back_at: datetime | None = None


class Words(Struct, frozen=True):
    task: int
    words: list[str]


class Reason(Struct, frozen=True):
    task: int
    offer: int
    reason: str


class TakenBack(Struct, frozen=True):
    task: int
    offer: int
    at: datetime


class Deleted(Struct, frozen=True):
    task: int
    at: datetime
    actor: str


class Count(Struct, frozen=True):
    status: str
    tasks: int


class Batch:
    """What a batch of events comes to, on top of the rows that were there."""

    def __init__(self, stories: dict[int, Story], bills: dict[int, Bill]) -> None:
        self.stories = stories
        self.bills = bills
        self.audit: list[Audit] = []
        self.history: list[Change] = []
        self.responses: list[Response] = []
        self.words: dict[int, Words] = {}
        self.reasons: dict[tuple[int, int], Reason] = {}
        self.taken_back: dict[tuple[int, int], TakenBack] = {}
        self.deleted: dict[int, Deleted] = {}
        self.counts: Counter[str] = Counter()
        self.erased: list[str] = []

    def take(self, recorded: Recorded) -> None:
        event = recorded.data
        if isinstance(event, TaskEvent):
            self._task(recorded, int(recorded.key), event)
        elif isinstance(event, InvoiceEvent):
            self._invoice(recorded, int(recorded.key), event)
        elif isinstance(event, ReportDeleted):
            self.deleted[event.task] = Deleted(event.task, recorded.at, recorded.actor)
        elif isinstance(event, ClientErased):
            self.erased.append(recorded.stream)
        self.audit.append(
            Audit(
                id=recorded.id,
                stream=recorded.stream,
                version=recorded.version,
                kind=recorded.type,
                at=recorded.at,
                actor=recorded.actor,
                data=event,
                task=_number("task", recorded),
                invoice=_number("invoice", recorded),
            )
        )

    def _task(self, recorded: Recorded, key: int, event: TaskEvent) -> None:
        known = self.stories.get(key)
        if known and known.version >= recorded.version:
            return
        story = tell(known, key, event, recorded.at, recorded.actor, recorded.version)
        self.stories[key] = story

        if isinstance(event, TaskCreated | TaskEdited):
            self.words[key] = Words(key, words(story.text))
        elif isinstance(event, RejectionExplained):
            self.reasons[key, event.offer] = Reason(key, event.offer, event.reason)
        elif isinstance(event, RejectionTakenBack):
            self._take_back(TakenBack(key, event.offer, recorded.at))
        elif isinstance(event, TaskAccepted | TaskRejected | TaskCompleted):
            time = None if isinstance(event, TaskCompleted) else took(story, recorded.at)
            self.responses.append(
                Response(
                    recorded.id, key, event.offer, event.technician, RESPONSES[type(event)], recorded.at, time
                )
            )

        before = known.status if known else None
        if before != story.status:
            self._changed(recorded, key, None, before, story.status)
            self.counts[story.status] += 1
            if before:
                self.counts[before] -= 1

    def _take_back(self, now: TakenBack) -> None:
        """The rejection is in this batch, or among the rows of an earlier one; so is its reason, if it has one."""
        for place, known in enumerate(self.responses):
            if (known.task, known.offer, known.response) == (now.task, now.offer, "rejected"):
                self.responses[place] = replace(known, taken_back_at=known.taken_back_at or now.at)
        self.reasons.pop((now.task, now.offer), None)
        self.taken_back.setdefault((now.task, now.offer), now)

    def _invoice(self, recorded: Recorded, key: int, event: InvoiceEvent) -> None:
        known = self.bills.get(key)
        if known and known.version >= recorded.version:
            return
        now = bill(known, key, event, recorded.at, recorded.version)
        self.bills[key] = now
        before = known.status if known else None
        if before != now.status:
            self._changed(recorded, now.task, key, before, now.status)

    def _changed(
        self, recorded: Recorded, task: int, invoice: int | None, before: str | None, after: str
    ) -> None:
        self.history.append(Change(recorded.id, task, invoice, before, after, recorded.at, recorded.actor))

    async def write(self, connection: asyncpg.Connection) -> None:
        await connection.execute(_AUDIT, _json(self.audit))
        if self.deleted:
            await connection.execute(_DELETED, _json(list(self.deleted.values())))
        if self.erased:  # after the rows of this batch, which may hold the name as well
            await connection.execute(_REDACT, self.erased)
        if self.taken_back:  # before the rows of this batch, in which the offer may be rejected anew
            await connection.execute(_TAKE_BACK, _json(list(self.taken_back.values())))
        if self.stories or self.bills:
            await connection.execute(
                _REPORTS,
                _json(list(self.stories.values())),
                _json(list(self.bills.values())),
                _json(self.history),
                _json(self.responses),
                _json(list(self.words.values())),
                _json(list(self.reasons.values())),
                _json([Count(*each) for each in self.counts.items()]),
            )


async def fold(connection: asyncpg.Connection, recorded: Recorded) -> None:
    await fold_batch(connection, [recorded])


project = fold
"""The service's own events are rows like any other, and are written with them."""


async def fold_batch(connection: asyncpg.Connection, batch: Sequence[Recorded]) -> None:
    """The same rows as `fold` of each in turn. An event that comes twice changes nothing."""
    tasks = list({int(each.key) for each in batch if each.aggregate == "task"})
    invoices = list({int(each.key) for each in batch if each.aggregate == "invoice"})
    stories = await connection.fetch(_STORIES, tasks) if tasks else []
    bills = await connection.fetch(_BILLS, invoices) if invoices else []
    rows = Batch(
        {row["task"]: msgspec.convert(dict(row), Story) for row in stories},
        {row["invoice"]: msgspec.convert(dict(row), Bill) for row in bills},
    )
    for recorded in batch:
        rows.take(recorded)
    await rows.write(connection)


def _number(of: str, recorded: Recorded) -> int | None:
    """The task or invoice that an event is about: its own stream's, or the one it names."""
    if recorded.aggregate == of:
        return int(recorded.key)
    number: int | None = getattr(recorded.data, of, None)
    return number


def _json(rows: Sequence[Any]) -> str:
    return msgspec.json.encode(rows).decode()


_STORIES = "SELECT * FROM reports WHERE task = ANY($1)"
_BILLS = "SELECT * FROM report_invoices WHERE invoice = ANY($1)"

_AUDIT = """
INSERT INTO audit SELECT * FROM json_populate_recordset(NULL::audit, $1) ON CONFLICT DO NOTHING
"""

_DELETED = """
INSERT INTO deleted_reports SELECT * FROM json_populate_recordset(NULL::deleted_reports, $1) ON CONFLICT DO NOTHING
"""

_REDACT = """
UPDATE audit SET data = jsonb_set(data, '{name}', '""')
WHERE stream = ANY($1) AND kind IN ('ClientAdded', 'ClientRenamed')
"""

_TAKE_BACK = """
WITH taken AS (
    SELECT * FROM json_to_recordset($1) AS taken (task bigint, offer integer, at timestamptz)
), reasons AS (
    DELETE FROM rejection_reasons USING taken
    WHERE rejection_reasons.task = taken.task AND rejection_reasons.offer = taken.offer
)
UPDATE responses SET taken_back_at = taken.at FROM taken
WHERE responses.task = taken.task AND responses.offer = taken.offer
AND response = 'rejected' AND taken_back_at IS NULL
"""

_REPORTS = """
WITH stories AS (
    INSERT INTO reports SELECT * FROM json_populate_recordset(NULL::reports, $1)
    ON CONFLICT (task) DO UPDATE SET
        version = EXCLUDED.version,
        title = EXCLUDED.title,
        description = EXCLUDED.description,
        area = EXCLUDED.area,
        priority = EXCLUDED.priority,
        scheduled_at = EXCLUDED.scheduled_at,
        client = EXCLUDED.client,
        technician = EXCLUDED.technician,
        status = EXCLUDED.status,
        offer = EXCLUDED.offer,
        first_sent_at = EXCLUDED.first_sent_at,
        sent_at = EXCLUDED.sent_at,
        accepted_at = EXCLUDED.accepted_at,
        completed_at = EXCLUDED.completed_at,
        response_time = EXCLUDED.response_time,
        exchanged_at = EXCLUDED.exchanged_at
), bills AS (
    INSERT INTO report_invoices SELECT * FROM json_populate_recordset(NULL::report_invoices, $2)
    ON CONFLICT (invoice) DO UPDATE SET
        version = EXCLUDED.version,
        status = EXCLUDED.status,
        sent_at = EXCLUDED.sent_at,
        paid_at = EXCLUDED.paid_at
), history AS (
    INSERT INTO status_history SELECT * FROM json_populate_recordset(NULL::status_history, $3)
), answers AS (
    INSERT INTO responses SELECT * FROM json_populate_recordset(NULL::responses, $4)
), texts AS (
    INSERT INTO report_words
    SELECT task, array_to_tsvector(words) FROM json_to_recordset($5) AS text (task bigint, words text[])
    ON CONFLICT (task) DO UPDATE SET words = EXCLUDED.words
), reasons AS (
    INSERT INTO rejection_reasons SELECT * FROM json_populate_recordset(NULL::rejection_reasons, $6)
    ON CONFLICT (task, offer) DO UPDATE SET reason = EXCLUDED.reason
)
INSERT INTO status_counts SELECT * FROM json_populate_recordset(NULL::status_counts, $7)
ON CONFLICT (status) DO UPDATE SET tasks = status_counts.tasks + EXCLUDED.tasks
"""
