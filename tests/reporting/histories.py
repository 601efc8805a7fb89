"""Example histories: one told by hand, and random valid ones."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from hypothesis import strategies as st

from shared.contract import AnyEvent, Recorded
from shared.contract.admin import AdminAdded, Role
from shared.contract.client import ClientAdded, ClientErased, ClientRenamed
from shared.contract.delivery import DeliveryFailed, DeliverySent, Purpose, Trouble
from shared.contract.event import Envelope, by_admin, by_service, by_technician
from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceLine,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
)
from shared.contract.report import ReportDeleted
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
    TaskDetails,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
)
from shared.contract.technician import TechnicianRegistered

MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
RAMI, LENA = 7_000_000_001, 7_000_000_002
ANNA = by_admin("anna")
BOILER = TaskDetails(
    "Boiler drips",
    "Kitchen, behind the =panel",
    "Harbour",
    Priority.HIGH,
    datetime(2026, 11, 21, 9, tzinfo=UTC),
)


class Teller:
    """Puts events into envelopes, each stream numbered from 1 and the clock moving on."""

    def __init__(self) -> None:
        self.told: list[Recorded] = []
        self.now = MORNING
        self.versions: dict[str, int] = {}

    def tell(self, stream: str, event: AnyEvent, actor: str = ANNA, after: float = 60) -> Recorded:
        """`after` is the seconds since what was told before."""
        self.now += timedelta(seconds=after)
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        recorded: Recorded = Envelope(
            id=uuid7(self.now, len(self.told)),
            stream=stream,
            version=version,
            type=type(event).__name__,
            schema=event.schema,
            at=self.now,
            actor=actor,
            data=event,
        )
        self.told.append(recorded)
        return recorded


def wrong_button(t: Teller) -> None:
    """Rami rejects #1042 by mistake, says why, takes both back within the minute, and rejects it in earnest."""
    t.tell("task.1042", TaskCreated(1042, BOILER, 7))
    t.tell("task.1042", TaskAssigned(RAMI))
    t.tell("task.1042", TaskSent(RAMI, 1))
    t.tell("task.1042", TaskRejected(RAMI, 1), by_technician(RAMI), 10)
    t.tell("task.1042", RejectionExplained(RAMI, 1, "Too far"), by_technician(RAMI), 5)
    t.tell("task.1042", RejectionTakenBack(RAMI, 1), by_technician(RAMI), 5)
    t.tell("task.1042", TaskRejected(RAMI, 1), by_technician(RAMI), 280)
    t.tell("task.1042", RejectionExplained(RAMI, 1, "Ill"), by_technician(RAMI), 5)


def continued(told: Sequence[Recorded]) -> Teller:
    """A teller who goes on after `told`."""
    teller = Teller()
    teller.told = list(told)
    teller.now = told[-1].at
    teller.versions = {each.stream: each.version for each in told}
    return teller


def uuid7(at: datetime, number: int) -> UUID:
    milliseconds = round(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | number)


def boiler() -> list[Recorded]:
    """Rami rejects #1042 and says why, Lena does it, and it is paid; the client is Mrs Haddad."""
    t = Teller()
    t.tell("admin.anna", AdminAdded("anna", "Anna Berg", Role.OWNER), by_service("notifier"))
    t.tell(f"technician.{RAMI}", TechnicianRegistered(RAMI, "Rami"), by_technician(RAMI))
    t.tell(f"technician.{LENA}", TechnicianRegistered(LENA, "Lena"), by_technician(LENA))
    t.tell("client.7", ClientAdded("Mrs Haddad"))
    t.tell("task.1042", TaskCreated(1042, BOILER, 7))
    t.tell("task.1042", TaskAssigned(RAMI))
    t.tell("task.1042", TaskSent(RAMI, 1))
    t.tell("delivery.1", DeliverySent(Purpose.TASK_INFO, RAMI, 501, 1042, 1), by_service("bot-gateway"), 2)
    t.tell("task.1042", TaskRejected(RAMI, 1), by_technician(RAMI), 118)
    t.tell("task.1042", RejectionExplained(RAMI, 1, "No van today"), by_technician(RAMI), 20)
    t.tell("task.1042", TaskAssigned(LENA))
    t.tell("task.1042", TaskSent(LENA, 2))
    t.tell("delivery.2", DeliverySent(Purpose.TASK_INFO, LENA, 502, 1042, 2), by_service("bot-gateway"), 1)
    t.tell("task.1042", TaskAccepted(LENA, 2), by_technician(LENA), 44)
    t.tell("task.1042", ClientInfoSent(LENA, 2, 7))
    t.tell(
        "delivery.3",
        DeliveryFailed(Purpose.CLIENT_INFO, LENA, Trouble.BLOCKED, "bot was blocked by the user", 1042, 2),
        by_service("bot-gateway"),
        1,
    )
    t.tell("task.1042", TaskCompleted(LENA, 2), by_technician(LENA), 7200)
    t.tell("invoice.1", invoice(1, 1042, LENA))
    t.tell("invoice.1", InvoiceSent(1042, LENA))
    t.tell("invoice.1", InvoiceStatusChanged(1042, InvoiceStatus.PENDING, InvoiceStatus.PAID))
    return t.told


def invoice(number: int, task: int, technician: int) -> InvoiceCreated:
    line = InvoiceLine("Gasket", Decimal("1.5"), Decimal("20.10"))
    return InvoiceCreated(
        number,
        task,
        7,
        technician,
        "EUR",
        (line,),
        Decimal(20),
        Decimal("30.15"),
        Decimal("6.03"),
        Decimal("36.18"),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Recorded]:
    """Up to five tasks with their clients, invoices and deliveries, told in an order that could have been."""
    random: Random = draw(st.randoms(use_true_random=False))
    return random_history(random, tasks=draw(st.integers(1, 5)), steps=draw(st.integers(1, 60)))


def random_history(random: Random, tasks: int, steps: int) -> list[Recorded]:
    teller = Teller()
    works = [_Work(teller, random, 1001 + each) for each in range(tasks)]
    for _ in range(steps):
        random.choice(works).step()
    return teller.told


def interleaved(told: Sequence[Recorded], random: Random) -> list[Recorded]:
    """Another order in which the streams could have come: each in its own order, no order among them."""
    streams: dict[str, list[Recorded]] = {}
    for each in told:
        streams.setdefault(each.stream, []).append(each)
    mixed = []
    while streams:
        stream = random.choice(sorted(streams))
        mixed.append(streams[stream].pop(0))
        if not streams[stream]:
            del streams[stream]
    return mixed


_Step = Callable[[], None]


class _Work:
    """One task, its client and its invoice, as far as they have come."""

    def __init__(self, teller: Teller, random: Random, task: int) -> None:
        self._teller, self._random, self._task = teller, random, task
        self._status = Status.ABSENT
        self._technician: int | None = None
        self._offer = 0
        self._client: str | None = None
        self._invoice: InvoiceStatus | None = None
        self._report_deleted = False

    def step(self) -> None:
        if self._client is None:
            self._client = "known"
            self._about("client", ClientAdded("Client of " + str(self._task)))
        elif self._status is Status.ABSENT:
            self._now(Status.NEW, TaskCreated(self._task, BOILER, self._task))
        else:
            self._random.choice(self._possible())()

    def _possible(self) -> list["_Step"]:
        technician, offer = self._technician, self._offer
        steps: list[_Step] = [self._client_step, self._report_step]
        if self._status is Status.DELETED:
            return steps + ([self._invoice_step] if self._invoice else [])
        steps += [self._edit, self._assign, self._by_hand, self._delete]
        if technician is None:
            return steps
        steps += [self._unassign, self._send, self._send]
        if self._status is Status.SENT:
            steps += [self._accept, self._reject] * 3
        if self._status is Status.REJECTED and offer:
            steps += [lambda: self._about("task", RejectionExplained(technician, offer, f"reason {offer}"))]
            steps += [lambda: self._now(Status.SENT, RejectionTakenBack(technician, offer))]
        if self._status in {Status.ACCEPTED, Status.IN_PROGRESS}:
            steps += [
                lambda: self._now(Status.IN_PROGRESS, ClientInfoSent(technician, offer, self._task))
            ] * 2
        if self._status is Status.IN_PROGRESS:
            steps += [lambda: self._now(Status.COMPLETED, TaskCompleted(technician, offer))] * 3
        if self._status is Status.COMPLETED or self._invoice:
            steps += [self._invoice_step] * 3
        return steps

    def _client_step(self) -> None:
        if self._client == "known":
            rename = self._random.random() < 0.7
            self._client = "known" if rename else "erased"
            self._about("client", ClientRenamed("Renamed") if rename else ClientErased())

    def _report_step(self) -> None:
        if not self._report_deleted and self._random.random() < 0.2:
            self._report_deleted = True
            self._about("report", ReportDeleted(self._task))

    def _edit(self) -> None:
        self._about("task", TaskEdited(TaskDetails(f"Edited {self._random.random()}"), self._task))

    def _assign(self) -> None:
        if self._status in {Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS} and self._technician:
            self._about("task", OfferWithdrawn(self._technician, self._offer))
        self._technician = self._random.choice([RAMI, LENA])
        self._now(Status.ASSIGNED, TaskAssigned(self._technician))

    def _unassign(self) -> None:
        technician, self._technician = self._technician, None
        self._now(Status.NEW, TaskUnassigned(technician or 0))

    def _send(self) -> None:
        self._offer += 1
        self._now(Status.SENT, TaskSent(self._technician or 0, self._offer))
        outcomes: list[AnyEvent] = [
            DeliverySent(Purpose.TASK_INFO, self._technician or 0, 1, self._task, self._offer),
            DeliveryFailed(
                Purpose.TASK_INFO, self._technician or 0, Trouble.BLOCKED, "blocked", self._task, self._offer
            ),
        ]
        self._teller.tell(f"delivery.{len(self._teller.told)}", self._random.choice(outcomes))

    def _accept(self) -> None:
        self._now(Status.ACCEPTED, TaskAccepted(self._technician or 0, self._offer))

    def _reject(self) -> None:
        self._now(Status.REJECTED, TaskRejected(self._technician or 0, self._offer))

    def _by_hand(self) -> None:
        free = [Status.NEW, Status.CANCELLED, Status.COMPLETED]
        held = [*free, Status.SENT, Status.ACCEPTED, Status.IN_PROGRESS]
        after = self._random.choice(held if self._technician else free)
        self._now(after, TaskStatusChanged(self._status, after))

    def _delete(self) -> None:
        if self._random.random() < 0.2:
            self._now(Status.DELETED, TaskDeleted())

    def _invoice_step(self) -> None:
        match self._invoice:
            case None:
                self._invoice = InvoiceStatus.PENDING
                self._about("invoice", invoice(self._task, self._task, self._technician or 0))
            case InvoiceStatus.DELETED:
                return
            case before:
                after = self._random.choice(
                    [InvoiceStatus.PENDING, InvoiceStatus.PAID, InvoiceStatus.DELETED]
                )
                self._invoice = after
                if after is InvoiceStatus.DELETED:
                    self._about("invoice", InvoiceDeleted(self._task))
                elif after is before:
                    self._about("invoice", InvoiceSent(self._task, self._technician or 0))
                else:
                    self._about("invoice", InvoiceStatusChanged(self._task, before, after))

    def _now(self, status: Status, event: AnyEvent) -> None:
        self._status = status
        self._about("task", event)

    def _about(self, aggregate: str, event: AnyEvent) -> None:
        self._teller.tell(f"{aggregate}.{self._task}", event, after=self._random.choice([0, 0.0004, 1, 400]))
