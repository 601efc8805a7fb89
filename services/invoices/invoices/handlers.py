"""What an admin can ask of invoices, once for HTML, JSON and NATS.

Looks up what a command needs and hands it to the journal; `domain` decides.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from invoices import document, logo, views
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
from shared import clock
from shared.contract.event import stream_name
from shared.contract.invoice import (
    DocumentAnswer,
    DocumentRequest,
    InvoiceCreated,
    InvoiceSent,
    InvoiceStatus,
    Issuer,
)
from shared.contract.site import Site
from shared.contract.task import Status
from shared.journal import Journal, Outcome
from shared.journal.freshness import Freshness, behind, refusals_made_sure
from shared.keeping import ANYBODY, require_word
from shared.language import N_, _, locale, speaking
from shared.money import currencies, money
from shared.numbers import BIGGEST
from shared.pictures import Pixels
from shared.refusal import Refused, Why

GLANCE = (
    0.3  # seconds that a page which says how a task stands waits for its news; a fragment of one comes again
)
LARGEST_ANSWER = 700_000  # bytes of PDF that fit into one message on the bus (1 MB) as base64
LONGEST_TITLE = 200  # in a caption, of which Telegram takes 1024 characters (Bot API, sendDocument)

UNREACHABLE = {
    "deleted": N_("The technician of this invoice was deleted, so there is nobody to send it to."),
    "blocked": N_("%(name)s has blocked the bot, so nothing can be sent until they press Start again."),
    "gone": N_("The Telegram account of %(name)s is gone, so nothing can be sent to it."),
    "deactivated": N_("%(name)s is paused, so nothing is sent to them."),
}
OVERDUE = "overdue"
"""What a list can be narrowed to like a status: pending, and due before today."""


class Billed(Struct, frozen=True):
    """behind  the sentence in the place of what can't be known yet: that it is not completed, or not there"""

    task: views.TaskFacts | None
    behind: str = ""

    @property
    def completed(self) -> bool:
        return self.task is not None and self.task.status is Status.COMPLETED


class Handlers:
    def __init__(
        self, journal: Journal, pool: asyncpg.Pool, site: Callable[[], Site], freshness: Freshness
    ) -> None:
        self.pool = pool
        self.freshness = freshness
        self._journal = journal
        self._site = site

    def today(self) -> date:
        """The day it is where the company is."""
        return clock.now().astimezone(self._zone()).date()

    def currency(self) -> str:
        """What the site's invoices are in where nothing else is said; empty where that is no money any more."""
        currency = self._site().currency
        return currency if currency in currencies() else ""

    def wanted(
        self,
        *,
        status: str = "",
        task: int | None = None,
        technician: int | None = None,
        currency: str = "",
        words: str = "",
        since: date | None = None,
        until: date | None = None,
    ) -> views.Wanted:
        """Which invoices somebody asks for. since, until: days on the site's clock, both included."""
        overdue = status == OVERDUE
        return views.Wanted(
            status=None if overdue else status_of(status),
            due_before=self.today() if overdue else None,
            task=task,
            technician=technician,
            currency=currency.strip().upper(),
            words=words,
            since=self._begin(since) if since else None,
            until=self._begin(until + timedelta(days=1)) if until and until < date.max else None,
        )

    async def sums(self, wanted: views.Wanted) -> list[views.Sum]:
        today = self.today()
        return await views.sums(self.pool, wanted, today=today, month=self._begin(today.replace(day=1)))

    def _begin(self, day: date) -> datetime:
        """The moment at which the day begins where the company is."""
        return datetime.combine(day, time(), self._zone())

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._site().time_zone)

    @refusals_made_sure
    async def create(self, draft: Draft, *, actor: str, command_id: UUID) -> int:
        """Makes the invoice and answers its number; the same request again answers the same number.

        The number is drawn only for what will be made, so that a refusal leaves no gap.
        """
        draft = checked(draft)
        made = await self._journal.once(
            command_id, lambda first: of_draft(first, draft), lambda: self._make(draft, actor, command_id)
        )
        return int(made.key)

    async def _make(self, draft: Draft, actor: str, command_id: UUID) -> Outcome:
        facts = await views.task(self.pool, draft.task)
        if facts is None or facts.status is Status.DELETED:
            sentence = _("There is no task #%(number)s.", number=draft.task)
            raise invalid({"task_id": sentence}, rests_on=(stream_name("task", draft.task),))
        command = CreateInvoice(
            number=0,
            draft=draft,
            task_status=facts.status,
            title=facts.title,
            client=facts.client,
            technician=facts.completed_by,
            today=self.today(),
        )
        decide(command, Invoice())
        number = await views.next_number(self.pool)
        return await self._do(number, replace(command, number=number), actor=actor, command_id=command_id)

    @refusals_made_sure
    async def send(
        self,
        number: int,
        *,
        actor: str,
        command_id: UUID,
        expected: int | None = None,
        keeps: int | None = ANYBODY,
    ) -> Outcome:
        """Asks for the invoice to be sent to its technician through the bot.

        keeps  the technician whom whoever asks has said to keep by it; a program is not asked
        """
        if (invoice := await views.shown(self.pool, number)) is not None:
            if why := unreachable(invoice):
                raise Refused(
                    _("%(why)s You can download the PDF and send it another way.", why=why),
                    rests_on=(stream_name("technician", invoice.technician),),
                )
            if invoice.newcomer:
                await require_word(self.pool, invoice.technician, technician_of(invoice), keeps)
        # The settings may change between a request and its repetition, which is the same request all the same.
        return await self._journal.once(
            command_id,
            lambda first: is_sending(first, number),
            lambda: self._send(number, actor, command_id, expected),
        )

    async def _send(self, number: int, actor: str, command_id: UUID, expected: int | None) -> Outcome:
        command = SendInvoice(issuer_of(self._site(), await logo.hash_of_today(self.pool)))
        return await self._do(number, command, actor=actor, command_id=command_id, expected=expected)

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
            raise Refused(_("There is no such invoice; it may have been deleted."), Why.MISSING)
        return invoice

    async def task(self, number: int) -> views.TaskFacts | None:
        return await views.task(self.pool, number)

    async def billed(self, number: int, patience: float, seen: int | None = None) -> Billed:
        """What a page says of a task before an invoice of it is asked for.

        seen  the task's version as its own page shows it; without one `tasks` is asked for the latest
        """
        billed = Billed(await views.task(self.pool, number))
        if billed.completed or not 0 < number <= BIGGEST:
            return billed
        stream = stream_name("task", number)
        if seen is None:
            fresh = await self.freshness.is_fresh(stream, patience)
        else:
            fresh = await self.freshness.has(stream, seen, patience)
        return Billed(await views.task(self.pool, number), "" if fresh else behind(stream))

    async def pdf(self, invoice: views.Shown) -> bytes:
        return await document.render(*await self._printed(invoice))

    async def preview(self, invoice: views.Shown) -> tuple[bytes, ...]:
        """The pages of the PDF as pictures."""
        return await document.preview(*await self._printed(invoice))

    async def _printed(self, invoice: views.Shown) -> tuple[document.Content, Site, Pixels | None]:
        site = issued(invoice, self._site())
        with speaking(site.language):
            printed = content(invoice, ZoneInfo(site.time_zone))
        return printed, site, await self._logo(invoice.issuer)

    async def _logo(self, issuer: Issuer | None) -> Pixels | None:
        """The one that the document names, or today's where it names none yet."""
        if issuer is None:
            return await logo.today(self.pool)
        if not issuer.logo:
            return None
        try:
            return await logo.named(self.pool, issuer.logo)
        except LookupError:
            # Only while `callout rebuild` fills the tables again.
            raise Refused(
                _("The logo on this document is being fetched again. Please try again in a moment."),
                Why.UNAVAILABLE,
            ) from None

    async def answer_document(self, request: DocumentRequest) -> DocumentAnswer:
        """The PDF on its way to Telegram, or the sentence that says why there is none.

        The sentence is kept, and each reader's language is found by it: it holds no number.
        """
        invoice = await views.shown(self.pool, request.invoice)
        if invoice is None:
            return DocumentAnswer(refusal=_("The invoice was deleted, so it was not sent."))
        if invoice.status is InvoiceStatus.VOID:
            return DocumentAnswer(refusal=_("The invoice is void, so it was not sent."))
        pdf = await self.pdf(invoice)
        if len(pdf) > LARGEST_ANSWER:
            return DocumentAnswer(refusal=_("The PDF is too large to send. Please use shorter lines."))
        site = issued(invoice, self._site())
        with speaking(site.language):
            below = caption(invoice, site)
        return DocumentAnswer(pdf=pdf, filename=document.filename(invoice.number), caption=below)

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


def of_draft(first: Outcome, draft: Draft) -> bool:
    """Whether the first request made an invoice of this draft."""
    match first.events:
        case (InvoiceCreated() as created,):
            return draft_of(created) == draft
    return False


def is_sending(first: Outcome, number: int) -> bool:
    """Whether the first request sent this invoice."""
    match first.events:
        case (InvoiceSent(),):
            return first.key == str(number)
    return False


def issuer_of(site: Site, logo: str) -> Issuer:
    return Issuer(site.company, site.address, site.tax_id, site.time_zone, site.language, logo)


def issued(invoice: views.Shown, site: Site) -> Site:
    """The settings that the invoice's document follows: those of its sending, or else today's."""
    if (issuer := invoice.issuer) is None:
        return site
    return replace(
        site,
        company=issuer.company,
        address=issuer.address,
        tax_id=issuer.tax_id,
        time_zone=issuer.time_zone,
        language=issuer.language,
    )


def status_of(given: str) -> InvoiceStatus | None:
    """The status that somebody asks for by its name; None where nothing is asked."""
    if not given:
        return None
    if given not in {InvoiceStatus.PENDING, InvoiceStatus.PAID, InvoiceStatus.VOID}:
        raise invalid({"status": _("An invoice is pending, paid or void.")})
    return InvoiceStatus(given)


def unreachable(invoice: views.Listed) -> str:
    """Why nothing can be sent to the invoice's technician now; empty where it can."""
    sentence = UNREACHABLE.get(invoice.reach or "")
    return _(sentence, name=technician_of(invoice)) if sentence else ""


def client_of(invoice: views.Listed) -> str:
    """The client's name, or what can be said of one who was erased."""
    return invoice.client_name or _("Client no. %(number)s", number=invoice.client)


def technician_of(invoice: views.Listed) -> str:
    """The technician's name, or what can be said of one who isn't known."""
    return invoice.technician_name or _("Technician %(number)s", number=invoice.technician)


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
    lines = [
        _(
            "Invoice #%(number)s from %(company)s",
            number=invoice.number,
            company=site.company[:LONGEST_TITLE],
        ),
        _("Task #%(number)s: %(title)s", number=invoice.task, title=invoice.title[:LONGEST_TITLE]),
    ]
    total = money(invoice.total, invoice.currency, locale())
    if invoice.due_on:
        lines.append(_("Total %(total)s, due %(day)s", total=total, day=document.day(invoice.due_on)))
    else:
        lines.append(_("Total %(total)s", total=total))
    return "\n".join(lines)
