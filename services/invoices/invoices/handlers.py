"""What an admin can ask of invoices, once for HTML, JSON and NATS.

Looks up what a command needs and hands it to the journal; `domain` decides.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from msgspec.structs import replace

from invoices import document, views
from invoices.domain import (
    INVOICES,
    CreateInvoice,
    DeleteInvoice,
    Draft,
    Invoice,
    InvoiceCommand,
    SendInvoice,
    SetInvoiceStatus,
    checked,
    decide,
    draft_of,
    invalid,
)
from shared.contract.invoice import DocumentAnswer, DocumentRequest, InvoiceCreated, InvoiceStatus
from shared.contract.site import Site
from shared.contract.task import Status
from shared.journal import Journal, Outcome
from shared.money import money
from shared.refusal import Refused, Why

CATCH_UP = 1.0  # seconds that a completion may still be on its way here from `tasks`
GLANCE = 0.05
LARGEST_ANSWER = 700_000  # bytes of PDF that fit into one message on the bus (1 MB) as base64
LONGEST_TITLE = 200  # in a caption, of which Telegram takes 1024 characters (Bot API, sendDocument)

UNREACHABLE = {
    "deleted": "The technician of this invoice was deleted, so there is nobody to send it to.",
    "blocked": "{name} has blocked the bot, so nothing can be sent until they press Start again.",
    "deactivated": "{name} is deactivated, so nothing is sent to them.",
}


class Handlers:
    def __init__(self, journal: Journal, pool: asyncpg.Pool, site: Callable[[], Site]) -> None:
        self.pool = pool
        self._journal = journal
        self._site = site

    def today(self) -> date:
        """The day it is where the company is."""
        return datetime.now(ZoneInfo(self._site().time_zone)).date()

    def currency(self) -> str:
        """What the site's invoices are in where nothing else is said."""
        return self._site().currency

    async def create(self, draft: Draft, *, actor: str, command_id: UUID) -> int:
        """Makes the invoice and answers its number; the same request again answers the same number.

        The number is drawn only for what will be made, so that a refusal leaves no gap. Two of the same
        request at once draw two, and the journal takes one; hence the second look.
        """
        draft = checked(draft)
        if (number := await self._made_before(draft, command_id)) is not None:
            return number
        facts = await self._completed(draft.task)
        command = CreateInvoice(
            number=0,
            draft=draft,
            task_status=facts.status,
            client=facts.client,
            technician=facts.completed_by,
            today=self.today(),
        )
        decide(command, Invoice())
        number = await views.next_number(self.pool)
        try:
            await self._do(number, replace(command, number=number), actor=actor, command_id=command_id)
        except Refused:
            if (first := await self._made_before(draft, command_id)) is not None:
                return first
            raise
        return number

    async def send(
        self, number: int, *, actor: str, command_id: UUID, expected: int | None = None
    ) -> Outcome:
        """Asks for the invoice to be sent to its technician through the bot."""
        if (invoice := await views.shown(self.pool, number)) is not None and (why := unreachable(invoice)):
            raise Refused(f"{why} You can download the PDF and send it another way.")
        return await self._do(number, SendInvoice(), actor=actor, command_id=command_id, expected=expected)

    async def set_status(
        self,
        number: int,
        status: InvoiceStatus,
        *,
        actor: str,
        command_id: UUID,
        expected: int | None = None,
    ) -> Outcome:
        return await self._do(
            number, SetInvoiceStatus(status), actor=actor, command_id=command_id, expected=expected
        )

    async def delete(
        self, number: int, *, actor: str, command_id: UUID, expected: int | None = None
    ) -> Outcome:
        return await self._do(number, DeleteInvoice(), actor=actor, command_id=command_id, expected=expected)

    async def shown(self, number: int) -> views.Shown:
        invoice = await views.shown(self.pool, number)
        if invoice is None:
            raise Refused("There is no such invoice; it may have been deleted.", Why.MISSING)
        return invoice

    async def task(self, number: int) -> views.TaskFacts | None:
        return await views.task(self.pool, number)

    async def pdf(self, invoice: views.Shown) -> bytes:
        site = self._site()
        return await document.render(content(invoice, ZoneInfo(site.time_zone)), site)

    async def answer_document(self, request: DocumentRequest) -> DocumentAnswer:
        """The PDF on its way to Telegram, or the sentence that says why there is none."""
        invoice = await views.shown(self.pool, request.invoice)
        if invoice is None:
            return DocumentAnswer(refusal=f"Invoice #{request.invoice} was deleted, so it was not sent.")
        if invoice.status is InvoiceStatus.VOID:
            return DocumentAnswer(refusal=f"Invoice #{request.invoice} is void, so it was not sent.")
        pdf = await self.pdf(invoice)
        if len(pdf) > LARGEST_ANSWER:
            return DocumentAnswer(
                refusal=f"The PDF of invoice #{request.invoice} is too large to send. Please use shorter lines."
            )
        return DocumentAnswer(
            pdf=pdf, filename=document.filename(invoice.number), caption=caption(invoice, self._site())
        )

    async def _do(
        self,
        number: int,
        command: InvoiceCommand,
        *,
        actor: str,
        command_id: UUID,
        expected: int | None = None,
    ) -> Outcome:
        return await self._journal.handle(
            INVOICES, number, command, actor=actor, command_id=command_id, expected=expected
        )

    async def _made_before(self, draft: Draft, command_id: UUID) -> int | None:
        """The number of the invoice that this very request made before."""
        first = await self._journal.answered(command_id)
        if first is None:
            return None
        for event in first.events:
            if isinstance(event, InvoiceCreated) and draft_of(event) == draft:
                return event.number
        raise Refused("This idempotency key was used for something else. Use a new one.", Why.INVALID)

    async def _completed(self, number: int) -> views.TaskFacts:
        """The task, given a moment to arrive here: whoever has just seen it completed may be faster."""
        clock = asyncio.get_running_loop().time
        until = clock() + CATCH_UP
        while True:
            facts = await views.task(self.pool, number)
            if facts and facts.status is Status.COMPLETED:
                return facts
            if clock() > until:
                break
            await asyncio.sleep(GLANCE)
        if facts is None or facts.status is Status.DELETED:
            raise invalid({"task_id": f"There is no task #{number}."})
        return facts


def status_of(given: str) -> InvoiceStatus | None:
    """The status that somebody asks for by its name; None where nothing is asked."""
    if not given:
        return None
    if given not in {InvoiceStatus.PENDING, InvoiceStatus.PAID, InvoiceStatus.VOID}:
        raise Refused(
            "An invoice is pending, paid or void.", Why.INVALID, {"status": "pending, paid or void"}
        )
    return InvoiceStatus(given)


def unreachable(invoice: views.Shown) -> str:
    """Why nothing can be sent to the invoice's technician now; empty where it can."""
    name = invoice.technician_name or f"Technician {invoice.technician}"
    return UNREACHABLE.get(invoice.reach or "", "").format(name=name)


def client_of(invoice: views.Listed) -> str:
    """The client's name, or what can be said of one who was erased."""
    return invoice.client_name or f"Client no. {invoice.client}"


def content(invoice: views.Shown, zone: ZoneInfo) -> document.Content:
    return document.Content(
        number=invoice.number,
        status=invoice.status,
        created_at=invoice.created_at.astimezone(zone),
        due_on=invoice.due_on,
        client=client_of(invoice),
        task=invoice.task,
        title=invoice.title,
        currency=invoice.currency,
        lines=tuple(
            document.Line(line.description, line.quantity, line.unit_price, line.amount)
            for line in invoice.lines
        ),
        tax_percent=invoice.tax_percent,
        subtotal=invoice.subtotal,
        tax=invoice.tax,
        total=invoice.total,
    )


def caption(invoice: views.Shown, site: Site) -> str:
    """What stands below the file in the chat, as plain text."""
    due = f", due {document.day(invoice.due_on)}" if invoice.due_on else ""
    title = invoice.title[:LONGEST_TITLE]
    return (
        f"Invoice #{invoice.number} from {site.company[:LONGEST_TITLE]}\n"
        f"Task #{invoice.task}: {title}\n"
        f"Total {money(invoice.total, invoice.currency)}{due}"
    )
