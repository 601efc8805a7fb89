"""Named example data of the tasks' tests, and the words `given … when … then`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any, TypeAlias

import pytest

from shared.contract.task import (
    ClientInfoSent,
    Priority,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskEvent,
    TaskRejected,
    TaskSent,
)
from shared.refusal import Refused, Why
from tasks.domain.task import Task, TaskCommand, decide, evolve

YASMIN = 7_201_993_404  # more than 32 bits, as today's Telegram ids are
BRUNO = 411_002_118
NOBODY_KNOWN = 99
PRESSED = datetime(2030, 5, 16, 11, 20, tzinfo=UTC)  # Reject, by Yasmin

LEAKING_BOILER = TaskDetails(
    title="Leaking boiler",
    description="Water under the boiler, pressure falls within an hour.",
    area="Altstadt, 2nd floor",
    priority=Priority.URGENT,
    scheduled_at=datetime(2030, 5, 17, 9, 30, tzinfo=UTC),
)
SQUEAKING_DOOR = TaskDetails(title="Squeaking door", area="Harbour")
MRS_LINDQVIST = 12
THE_BAKERY = 13
NUMBER = 1042

created = TaskCreated(NUMBER, LEAKING_BOILER, MRS_LINDQVIST)
for_yasmin = TaskAssigned(YASMIN)
sent_to_yasmin = TaskSent(YASMIN, 1)
accepted_by_yasmin = TaskAccepted(YASMIN, 1)
rejected_by_yasmin = TaskRejected(YASMIN, 1)
client_info_to_yasmin = ClientInfoSent(YASMIN, 1, MRS_LINDQVIST)
completed_by_yasmin = TaskCompleted(YASMIN, 1)

History: TypeAlias = tuple[TaskEvent, ...]

NEW: History = (created,)
ASSIGNED = (*NEW, for_yasmin)
SENT = (*ASSIGNED, sent_to_yasmin)
ACCEPTED = (*SENT, accepted_by_yasmin)
REJECTED = (*SENT, rejected_by_yasmin)
IN_PROGRESS = (*ACCEPTED, client_info_to_yasmin)
COMPLETED = (*IN_PROGRESS, completed_by_yasmin)


class When:
    """given(…).when(a command).then(the events), or .refused(a part of the sentence)."""

    def __init__(self, history: Sequence[TaskEvent], command: TaskCommand) -> None:
        self.history, self.command = history, command

    def then(self, *expected: TaskEvent) -> Task:
        happened = decide(self.command, folded(self.history))
        assert happened == list(expected)
        return folded([*self.history, *happened])

    def nothing_happens(self) -> None:
        self.then()

    def refused(self, sentence: str, why: Why = Why.NOT_NOW) -> None:
        with pytest.raises(Refused) as refused:
            decide(self.command, folded(self.history))
        assert sentence in str(refused.value)
        assert refused.value.why is why


class Given:
    def __init__(self, history: Sequence[TaskEvent]) -> None:
        self.history = history

    def when(self, command: Any) -> When:
        return When(self.history, command)


def given(*history: TaskEvent) -> Given:
    return Given(history)


def folded(history: Sequence[TaskEvent]) -> Task:
    return reduce(evolve, history, Task())
