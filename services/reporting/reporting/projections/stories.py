"""The story of a task and of an invoice, as one row each, evolved without I/O."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceEvent,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
)
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    Priority,
    RejectionExplained,
    RejectionTakenBack,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskEdited,
    TaskEvent,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
    status_after,
)

S = TypeVar("S")


class Story(Struct, frozen=True):
    """One row of `reports`; the migrations say what its columns mean."""

    task: int
    version: int
    title: str
    description: str
    area: str
    priority: Priority
    scheduled_at: datetime | None
    client: int
    technician: int | None
    status: Status
    offer: int
    created_at: datetime
    created_by: str
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    accepted_at: datetime | None = None
    completed_at: datetime | None = None
    response_time: timedelta | None = None
    exchanged_at: datetime | None = None

    @property
    def text(self) -> str:
        return f"{self.title} {self.area} {self.description}"


class Bill(Struct, frozen=True):
    """One row of `report_invoices`."""

    invoice: int
    version: int
    task: int
    technician: int
    currency: str
    total: Decimal
    status: InvoiceStatus
    due_on: date | None
    created_at: datetime
    sent_at: datetime | None = None
    paid_at: datetime | None = None


def tell(story: Story | None, key: int, event: TaskEvent, at: datetime, actor: str, version: int) -> Story:
    """The story once `event` has happened. Raises LookupError where its beginning is not known."""
    if isinstance(event, TaskCreated):
        return Story(
            task=event.number,
            version=version,
            title=event.details.title,
            description=event.details.description,
            area=event.details.area,
            priority=event.details.priority,
            scheduled_at=event.details.scheduled_at,
            client=event.client,
            technician=None,
            status=status_after(event, Status.ABSENT),
            offer=0,
            created_at=at,
            created_by=actor,
        )
    story = _known(story, f"task #{key}")
    status = status_after(event, story.status)
    story = replace(
        story,
        version=version,
        status=status,
        completed_at=story.completed_at if status is Status.COMPLETED else None,
    )
    match event:
        case TaskEdited(details, client):
            return replace(
                story,
                title=details.title,
                description=details.description,
                area=details.area,
                priority=details.priority,
                scheduled_at=details.scheduled_at,
                client=client,
                exchanged_at=at
                if client != story.client and status is Status.IN_PROGRESS
                else story.exchanged_at,
            )
        case TaskAssigned(technician):
            return replace(story, technician=technician, response_time=None)
        case TaskUnassigned():
            return replace(story, technician=None, response_time=None)
        case TaskSent(technician, offer):
            return replace(
                story,
                technician=technician,
                offer=offer,
                first_sent_at=story.first_sent_at or at,
                sent_at=at,
                accepted_at=None,
                response_time=None,
                exchanged_at=None,
            )
        case TaskAccepted():
            return replace(story, accepted_at=at, response_time=took(story, at))
        case TaskRejected():
            return replace(story, response_time=took(story, at))
        case RejectionTakenBack():
            return replace(story, response_time=None)
        case TaskCompleted():
            return replace(story, completed_at=at)
        case TaskStatusChanged(_, Status.COMPLETED):
            return replace(story, completed_at=story.completed_at or at)
        case TaskStatusChanged(_, Status.SENT):
            # Told by other means than the bot: waiting for an answer begins here.
            return replace(story, sent_at=story.sent_at or at)
        case ClientInfoSent(technician, offer):
            # Of a task accepted by hand the card itself is the new offer.
            return replace(story, technician=technician, offer=offer, exchanged_at=None)
        case TaskStatusChanged() | RejectionExplained() | OfferWithdrawn() | TaskDeleted():
            return story
        case _:
            assert_never(event)


def bill(known: Bill | None, key: int, event: InvoiceEvent, at: datetime, version: int) -> Bill:
    """The invoice once `event` has happened. Raises LookupError where its beginning is not known."""
    match event:
        case InvoiceCreated():
            return Bill(
                invoice=event.number,
                version=version,
                task=event.task,
                technician=event.technician,
                currency=event.currency,
                total=event.total,
                status=InvoiceStatus.PENDING,
                due_on=event.due_on,
                created_at=at,
            )
        case InvoiceSent():
            return replace(_known(known, f"invoice #{key}"), version=version, sent_at=at)
        case InvoiceStatusChanged(_, _, after):
            paid_at = at if after is InvoiceStatus.PAID else None
            return replace(_known(known, f"invoice #{key}"), version=version, status=after, paid_at=paid_at)
        case InvoiceDeleted():
            return replace(_known(known, f"invoice #{key}"), version=version, status=InvoiceStatus.DELETED)
        case _:
            assert_never(event)


def took(story: Story, at: datetime) -> timedelta | None:
    """How long the technician thought about the current offer."""
    return at - story.sent_at if story.sent_at else None


def _known(row: S | None, what: str) -> S:
    if row is None:
        raise LookupError(f"nothing is known of {what} before this")
    return row
