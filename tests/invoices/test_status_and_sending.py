"""What may happen to an invoice once it is there."""

from collections.abc import Iterator

import pytest

from invoices.domain import (
    BY_HAND,
    DeleteInvoice,
    InvoiceCommand,
    SendInvoice,
    SetInvoiceStatus,
    decide,
    may_become,
)
from shared.contract.invoice import InvoiceEvent, InvoiceStatus
from shared.refusal import Refused, Why
from tests.invoices.examples import (
    CREATE,
    DELETED,
    ISSUER,
    PAID,
    PENDING,
    VOID,
    back_to_pending,
    deleted,
    folded,
    given,
    made_void,
    marked_paid,
    sent,
)

mark_as_paid = SetInvoiceStatus(InvoiceStatus.PAID)
set_back = SetInvoiceStatus(InvoiceStatus.PENDING)
make_void = SetInvoiceStatus(InvoiceStatus.VOID)


def test_a_pending_invoice_is_sent_to_its_technician_as_often_as_wanted() -> None:
    """A second sending is one more event, not a repetition that is ignored."""
    given(*PENDING).when(SendInvoice(ISSUER)).then(sent)
    given(*PENDING, sent).when(SendInvoice(ISSUER)).then(sent)


def test_a_paid_or_void_invoice_is_not_sent() -> None:
    """The sentence says what to do instead."""
    given(*PAID).when(SendInvoice(ISSUER)).refused("Set it back to pending")
    given(*VOID).when(SendInvoice(ISSUER)).refused("is void")


def test_a_status_is_set_by_hand() -> None:
    """Pending and paid, there and back; void only from pending."""
    given(*PENDING).when(mark_as_paid).then(marked_paid)
    given(*PAID).when(set_back).then(back_to_pending)
    given(*PENDING).when(make_void).then(made_void)


@pytest.mark.parametrize(
    ("history", "command"), [(PENDING, set_back), (PAID, mark_as_paid), (VOID, make_void)]
)
def test_the_status_it_has_already_changes_nothing(
    history: tuple[InvoiceEvent, ...], command: InvoiceCommand
) -> None:
    """A second click is no second event."""
    given(*history).when(command).nothing_happens()


def test_what_makes_no_sense_is_refused() -> None:
    """Void is the end, and what was paid isn't void."""
    given(*PAID).when(make_void).refused("Set it back to pending first")
    given(*VOID).when(mark_as_paid).refused("stays void")
    given(*VOID).when(set_back).refused("stays void")


@pytest.mark.parametrize("status", [InvoiceStatus.ABSENT, InvoiceStatus.DELETED])
@pytest.mark.parametrize("history", [PENDING, PAID, VOID])
def test_nobody_sets_a_status_that_is_none(history: tuple[InvoiceEvent, ...], status: InvoiceStatus) -> None:
    """Deleting is deleting, not a status."""
    given(*history).when(SetInvoiceStatus(status)).refused("pending, paid or void", Why.INVALID)


@pytest.mark.parametrize("history", [PENDING, PAID, VOID, (*PENDING, sent)])
def test_any_invoice_can_be_deleted(history: tuple[InvoiceEvent, ...]) -> None:
    """Its story stays in the journal."""
    given(*history).when(DeleteInvoice()).then(deleted)


@pytest.mark.parametrize("history", [(), DELETED])
@pytest.mark.parametrize("command", [SendInvoice(ISSUER), mark_as_paid, DeleteInvoice()])
def test_what_is_not_there_can_not_be_changed(
    history: tuple[InvoiceEvent, ...], command: InvoiceCommand
) -> None:
    """Neither an invoice that never was nor one that is deleted."""
    given(*history).when(command).refused("no such invoice", Why.MISSING)


COMMANDS: list[InvoiceCommand] = [
    CREATE,
    SendInvoice(ISSUER),
    DeleteInvoice(),
    *(SetInvoiceStatus(status) for status in InvoiceStatus),
]


def reachable() -> Iterator[tuple[InvoiceEvent, ...]]:
    """A history for each state that commands can lead to."""
    seen, ahead = set[InvoiceStatus](), [tuple[InvoiceEvent, ...]()]
    while ahead:
        history = ahead.pop()
        status = folded(history).status
        if status in seen:
            continue
        seen.add(status)
        yield history
        for command in COMMANDS:
            try:
                ahead.append((*history, *decide(command, folded(history))))
            except Refused:
                continue


def test_every_state_is_reached_and_answers_every_command() -> None:
    """Five states; each command gives events that fold, nothing, or a sentence that ends."""
    histories = list(reachable())
    assert {folded(history).status for history in histories} == set(InvoiceStatus)
    for history in histories:
        for command in COMMANDS:
            try:
                folded([*history, *decide(command, folded(history))])
            except Refused as refused:
                assert refused.sentence.endswith((".", "!"))  # noqa: PT017 - either outcome is fine, silence is not


def test_the_buttons_are_what_the_rules_allow() -> None:
    """No page offers what would be refused, and none hides what wouldn't be."""
    for history in reachable():
        invoice = folded(history)
        for status in InvoiceStatus:
            try:
                allowed = bool(decide(SetInvoiceStatus(status), invoice))
            except Refused:
                allowed = False
            assert allowed == (status in may_become(invoice.status))
    assert len(set(BY_HAND)) == len(BY_HAND)
