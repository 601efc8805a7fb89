"""What somebody does at one moment: the alphabet that a story is written in.

Tasks, clients and invoices are counted from 0 as the story brings them in; Callout gives them numbers of its own.
A technician is known by the Telegram id, somebody in the office by the login.
"""

from datetime import date, datetime
from typing import TypeAlias, dataclass_transform

from msgspec import Struct, field

from local.demo.people import Clerk, Technician
from shared.contract.invoice import InvoiceLine, InvoiceStatus
from shared.contract.task import ClientInfo, TaskDetails


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Moment(Struct, frozen=True):
    at: datetime


class InOffice(Moment):
    clerk: str


class OnPhone(Moment):
    technician: int


# ── Coming and going ─────────────────────────────────────────────────────────


class Hire(InOffice):
    """The owner gives somebody a login."""

    who: Clerk


class LogIn(InOffice):
    pass


class LogOut(InOffice):
    pass


class Join(Moment):
    """Opens the bot for the first time, and presses Start."""

    who: Technician


class Review(InOffice):
    """Looks at a new technician. Without a note: keep as is."""

    technician: int
    note: str


class LetGo(InOffice):
    technician: int


class Block(OnPhone):
    pass


class ComeBack(OnPhone):
    pass


class Vanish(OnPhone):
    """Deletes the account; Telegram tells nobody."""


# ── Tasks ────────────────────────────────────────────────────────────────────


class Create(InOffice):
    """contact  given where the client is new"""

    task: int
    details: TaskDetails
    client: int
    contact: ClientInfo | None
    technician: int | None


class Edit(InOffice):
    task: int
    details: TaskDetails


class Assign(InOffice):
    task: int
    technician: int


class Send(InOffice):
    """arrives  False where no message reaches the technician any more, which the office is about to learn"""

    task: int
    arrives: bool = True


class Accept(OnPhone):
    task: int


class Reject(OnPhone):
    """reason: `words.FAR` or `words.NO_TIME`, what was written, or nothing"""

    task: int
    reason: str


class SendClient(InOffice):
    task: int


class Complete(OnPhone):
    task: int


class Cancel(InOffice):
    task: int


class PutAside(InOffice):
    """The work is done, and there is nothing to bill."""

    task: int


# ── Invoices ─────────────────────────────────────────────────────────────────


class Bill(InOffice):
    invoice: int
    task: int
    lines: tuple[InvoiceLine, ...]
    tax_percent: str
    due_on: date


class SendBill(InOffice):
    invoice: int


class Settle(InOffice):
    """Paid, or void."""

    invoice: int
    status: InvoiceStatus


Alone: TypeAlias = Hire | LogOut | Join | Review | LetGo | Block | ComeBack | Vanish
"""People come and go: what others do around it depends on it, so nothing else is done at that moment."""

OfTask: TypeAlias = (
    Create | Edit | Assign | Send | Accept | Reject | SendClient | Complete | Cancel | PutAside
)
OfInvoice: TypeAlias = Bill | SendBill | Settle
Together: TypeAlias = LogIn | OfTask | OfInvoice
Step: TypeAlias = Alone | Together
