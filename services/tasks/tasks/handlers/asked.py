"""What is asked for, as it was typed, and whether a repeated request asks for the same."""

from typing import TypeVar
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from shared.contract.client import ClientAdded
from shared.contract.event import stream_name
from shared.contract.task import (
    ClientInfo,
    ClientInfoSent,
    TaskAssigned,
    TaskCreated,
    TaskDetails,
    TaskEdited,
)
from shared.journal import Outcome
from tasks.domain import checks
from tasks.domain.task import EditTask

T = TypeVar("T")


class Asking(Struct, frozen=True):
    """Who asks, and under which id the answer is kept.

    expected  the version that they saw, where two admins could collide
    keeps     the technician whom they have said to keep by sending something to them, or shared.keeping.ANYBODY
    """

    actor: str
    command_id: UUID
    expected: int | None = None
    keeps: int | None = None


class NewTask(Struct, frozen=True):
    """Exactly one of client_id and client says whom the work is for."""

    details: TaskDetails
    technician: int | None = None
    client_id: int | None = None
    client: ClientInfo | None = None
    send: bool = False


class TaskChanges(Struct, frozen=True):
    """What is left out stays as it is."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    area: str | UnsetType = UNSET
    priority: str | UnsetType = UNSET
    scheduled_at: str | UnsetType = UNSET
    client: int | UnsetType = UNSET


class ClientChanges(Struct, frozen=True):
    """What is left out stays as it is."""

    name: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET


def same_task(first: Outcome, new: NewTask) -> bool:
    """Whether the first request asked for this task."""
    assigned = [] if new.technician is None else [TaskAssigned(new.technician)]
    match first.events:
        case (TaskCreated(_, details, client), *rest):
            return details == new.details and rest == assigned and new.client_id in (None, client)
    return False


def edited(before: EditTask, changes: TaskChanges, zone: str | None) -> EditTask:
    """The task with these changes; refused where one of them can't be."""
    scheduled_at = before.details.scheduled_at
    typed = checks.Typed(
        title=given(changes.title, before.details.title),
        description=given(changes.description, before.details.description),
        area=given(changes.area, before.details.area),
        priority=given(changes.priority, before.details.priority),
        scheduled_at=given(changes.scheduled_at, scheduled_at.isoformat() if scheduled_at else ""),
    )
    return EditTask(checks.task_details(typed, zone), given(changes.client, before.client))


def same_edit(first: Outcome, changes: TaskChanges, zone: str | None) -> bool:
    """The same changes change nothing of what the first request made; others must not be forgotten in silence."""
    match first.events:
        case (TaskEdited(details, client),):
            made = EditTask(details, client)
            return edited(made, changes, zone) == made
    return True  # it changed nothing, so that there is nothing to compare with


def same_client(first: Outcome, info: ClientInfo) -> bool:
    """As `same_task`; what else is known of a client is in no event, so that it can't be compared."""
    return first.events == (ClientAdded(info.name),)


def same_client_info(first: Outcome, number: int) -> bool:
    """Whether the first request asked for this task's client info; it may have been on its way already."""
    sent = all(isinstance(event, ClientInfoSent) for event in first.events)
    return sent and first.stream == stream_name("task", number)


def given(value: T | UnsetType, otherwise: T) -> T:
    return otherwise if isinstance(value, UnsetType) else value
