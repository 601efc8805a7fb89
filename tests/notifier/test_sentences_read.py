"""What people read about an event, and which events are notifications."""

import pytest

from notifier.feed import actions, frame, link
from shared.contract import OWNER, AnyEvent
from shared.contract.delivery import DeliveryFailed, DeliveryUnknown, Purpose, Trouble
from shared.language import speaking
from shared.names import Names
from shared.sentences import (
    AGGREGATES,
    LABELS,
    kept_failing,
    lacking,
    maybe_there,
    mentioned,
    notification,
    sentence,
    unreadable,
)
from tests.notifier.examples import EXAMPLES, SAMI, WHO, every_event_type, recorded

MARKS = "\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"

AUDIT = """
Anna created task #1042: Kitchen tap drips
Anna edited task #1042
Anna assigned task #1042 to Sami
Task #1042 is free again, because Sami is no longer there
Anna sent task #1042 to Sami
Task #1042 accepted by technician Sami
Task #1042 rejected by technician Sami
Sami said why task #1042 was rejected: too far away
Task #1042: technician Sami took the rejection back, it was the wrong button
Anna sent the client info of Mrs Haddad for task #1042 to Sami
Task #1042 marked as completed by technician Sami
Anna withdrew the offer of task #1042 from Sami
Anna changed the status of task #1042 from in progress to cancelled
Anna deleted task #1042
Anna added the client Mrs Haddad
Anna renamed the client Mrs Haddad
Anna changed the phone, e-mail, and address of the client Mrs Haddad
Anna erased client 7 and all contact data
New technician Sami pressed Start in the bot
Sami changed their Telegram profile; it shows the name Sami H.
Anna edited technician Sami
Anna reviewed technician Sami
Sami blocked the bot, so no message arrives
The Telegram account of Sami is gone, so no message arrives
Sami can be reached by the bot again
Anna paused technician Sami
Anna took technician Sami back into service
Anna deleted technician Sami
Anna connected the bot @harbour_bot
Anna disconnected the bot @harbour_bot
Telegram no longer accepts the token of @harbour_bot: Unauthorized
The task info of task #1042 reached the Telegram chat of Sami
The client info of task #1042 could not be delivered to Sami: the bot was blocked
It is not known whether the invoice #3 reached Sami
Anna created invoice #3 for task #1042: €23.68
Anna sent invoice #3 of task #1042 to Sami
Anna changed the status of invoice #3 from pending to paid
Anna deleted invoice #3
Anna added the viewer Bo (bo)
Anna made Bo an owner
Anna changed the password of Bo
Anna disabled the login of Bo
Anna enabled the login of Bo
Bo logged in
Bo logged out
Anna created the API token “ci” as a dispatcher
Anna revoked the API token “ci”
Anna changed the settings
Anna changed the company's logo
Anna deleted the report of task #1042
reporting could not apply TaskSent (task.1042, version 5), so it is kept aside
""".strip().splitlines()

NOTIFIED = {
    "TaskCreated": ("task_created", 'Task "#1042" created: Kitchen tap drips'),
    "TaskSent": ("task_sent", 'Task "#1042" sent to Sami'),
    "TaskAccepted": ("task_accepted", 'Task "#1042" accepted by technician Sami'),
    "TaskRejected": ("task_rejected", 'Task "#1042" rejected by technician Sami'),
    "RejectionTakenBack": ("task_rejection_taken_back", 'Task "#1042": Sami took the rejection back'),
    "TaskCompleted": ("task_completed", 'Task "#1042" marked as completed'),
    "TaskStatusChanged": ("task_status_changed", 'Status changed for task "#1042": cancelled'),
    "TaskDeleted": ("task_deleted", 'Task "#1042" deleted'),
    "ClientInfoSent": ("client_info_sent", 'Client info sent for task "#1042" (Mrs Haddad)'),
    "TechnicianRegistered": ("technician_added", "New technician added: Sami"),
    "TechnicianDeleted": ("technician_deleted", "Technician Sami deleted"),
    "InvoiceCreated": ("invoice_created", 'Invoice "#3" created'),
    "InvoiceSent": ("invoice_sent", 'Invoice "#3" sent'),
    "InvoiceStatusChanged": ("invoice_status_changed", 'Status changed for invoice "#3": paid'),
    "InvoiceDeleted": ("invoice_deleted", 'Invoice "#3" deleted'),
    "ReportDeleted": ("report_deleted", 'Report of task "#1042" deleted'),
    "DeliveryFailed": (
        "delivery_failed",
        "The client info of task #1042 could not be delivered to Sami: the bot was blocked",
    ),
    "EventNotApplied": (
        "event_not_applied",
        "An event could not be applied in reporting: TaskSent of task.1042 (KeyError: 'x')",
    ),
}
"""Every kind of the design's section 6."""


def test_there_is_an_example_of_every_event() -> None:
    """Else the tests below would prove less than they say."""
    assert {type(event) for _, _, event in EXAMPLES} == every_event_type()


@pytest.mark.parametrize(
    ("example", "expected"), list(zip(EXAMPLES, AUDIT, strict=True)), ids=lambda each: str(each)[:40]
)
def test_every_event_reads_as_a_sentence(example: tuple[str, str, AnyEvent], expected: str) -> None:
    """With the names of the people, not their numbers."""
    assert sentence(recorded(*example), WHO) == expected


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: type(each[2]).__name__)
def test_every_event_has_a_sentence_without_names(example: tuple[str, str, AnyEvent]) -> None:
    """Before a name is known, and after it is forgotten."""
    assert "Haddad" not in sentence(recorded(*example), Names())
    assert notification(recorded(*example), Names()) is None or frame(recorded(*example), "x", Names()).text


def test_every_kind_of_event_has_a_label_to_choose_it_by() -> None:
    """In words, each its own, grouped by what it is about."""
    assert set(LABELS) == {event.__name__ for event in every_event_type()}
    assert len(set(LABELS.values())) == len(LABELS)
    assert set(AGGREGATES) == set(OWNER)


def test_names_and_numbers_are_kept_apart_where_reading_goes_from_the_right() -> None:
    """Else “#1042” would be shown as “1042#” behind Arabic words, and a name could drag its neighbours along."""
    stream, actor, event = EXAMPLES[4]
    told = recorded(stream, actor, event)
    assert not any(mark in sentence(told, WHO) for mark in MARKS)
    with speaking("ar"):
        line = notification(told, WHO)
        assert line is not None
        for text in (sentence(told, WHO), line.text):
            assert "\N{FIRST STRONG ISOLATE}#1042\N{POP DIRECTIONAL ISOLATE}" in text
            assert "\N{FIRST STRONG ISOLATE}Sami\N{POP DIRECTIONAL ISOLATE}" in text


def test_a_reason_that_an_event_holds_may_have_any_letters_or_none() -> None:
    """A percent sign in it is no place to fill something in, and an empty one stays empty."""
    for reason in ("100 % full: %(name)s", ""):
        failed = DeliveryFailed(Purpose.TASK_INFO, 77, Trouble.REFUSED, reason, 1042, 1)
        told = recorded("delivery.1", "service:bot-gateway", failed)
        assert sentence(told, WHO).endswith(f"could not be delivered to Sami: {reason}")


def test_an_invoice_that_stays_in_a_chat_is_named() -> None:
    """A withdrawal is of a task's messages, or else of one invoice."""
    event = DeliveryFailed(Purpose.RETRACTION, SAMI, Trouble.BLOCKED, "the bot was blocked", 1042, invoice=3)
    told = sentence(recorded("delivery.1", "service:bot-gateway", event), WHO)
    assert told == "Invoice #3 could not be taken back from the Telegram chat of Sami: the bot was blocked"


def test_the_designs_kinds_are_notified_in_its_words() -> None:
    """All of section 6, by the slug that the sound will go by."""
    told = {type(event).__name__: notification(recorded(s, a, event), WHO) for s, a, event in EXAMPLES}
    for name, (kind, text) in NOTIFIED.items():
        line = told[name]
        assert line is not None, name
        assert (line.kind, line.text) == (kind, text)


def test_logins_and_edits_make_no_noise() -> None:
    """What admins do to their own records is in the audit log alone."""
    quiet = {
        type(event).__name__ for s, a, event in EXAMPLES if notification(recorded(s, a, event), WHO) is None
    }
    assert {"AdminLoggedIn", "TaskEdited", "TaskAssigned", "TechnicianReviewed", "DeliverySent"} <= quiet


def test_a_sentence_names_the_streams_it_needs() -> None:
    """The names of actor, technician, client and admin."""
    found = {type(event).__name__: mentioned(recorded(s, a, event)) for s, a, event in EXAMPLES}
    assert found["ClientInfoSent"] == {"task.1042", "admin.anna", "technician.77", "client.7"}
    assert found["AdminRoleChanged"] == {"admin.team", "admin.anna", "admin.bo"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "technician_added",
            [("Review / edit", "GET", "/technicians/77"), ("Keep as is", "POST", "/technicians/77/review")],
        ),
        ("task_rejected", [("Reassign", "GET", "/tasks/1042/assignment")]),
        ("task_accepted", [("Send client info", "POST", "/tasks/1042/client-info")]),
        ("task_completed", [("Create invoice", "GET", "/invoices/new?task=1042")]),
        ("task_deleted", []),
    ],
)
def test_a_notification_carries_its_actions(kind: str, expected: list[tuple[str, str, str]]) -> None:
    """The buttons of section 6."""
    for example in EXAMPLES:
        line = notification(recorded(*example), WHO)
        if line and line.kind == kind:
            found = [
                (action.label, action.method, action.href) for action in actions(recorded(*example), kind)
            ]
            assert found == expected


def test_every_notification_leads_somewhere() -> None:
    """A path of this site; of something deleted, a page that is still there."""
    links = {}
    for example in EXAMPLES:
        if line := notification(recorded(*example), WHO):
            links[line.kind] = link(recorded(*example), line.kind)
    assert all(where.startswith("/") for where in links.values())
    assert links["delivery_failed"] == "/tasks/1042"
    assert links["task_deleted"] == "/audit?task=1042"
    assert links["technician_deleted"] == "/technicians"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            unreadable("http://telegram:8081"),
            "What the Bot API at http://telegram:8081 answers can't be read.",
        ),
        (
            lacking("http://telegram:8081", "sendDocument"),
            "The Bot API at http://telegram:8081 does not know",
        ),
        (maybe_there(unreadable("http://telegram:8081")), "It may be in the chat or not."),
        (kept_failing(lacking("http://telegram:8081", "x")), "It kept failing: The Bot API at"),
    ],
)
def test_a_reason_with_an_address_in_it_is_read_in_every_language(reason: str, told: str) -> None:
    """It is kept in English; the address stays as it is."""
    event = DeliveryUnknown(Purpose.TASK_INFO, SAMI, 1042, 1, reason=reason)
    read = recorded("delivery.1", "service:bot-gateway", event)
    assert told in sentence(read, WHO)
    with speaking("ar"):
        text = sentence(read, WHO)
    assert "http://telegram:8081" in text
    assert not any(word in text for word in ("answers", "know", "chat", "failing"))
