"""What an admin types in: each refusal is a sentence beside its field, and nothing is half taken."""

from datetime import UTC, datetime

import pytest

from shared.contract.task import ClientInfo, Priority, Status, TaskDetails
from shared.refusal import Refused, Why
from tasks.domain import checks
from tasks.domain.checks import Typed


def test_details_are_taken_as_typed() -> None:
    """Blanks around are dropped, lines inside are kept, a time becomes UTC."""
    typed = Typed(
        "  Leaking boiler ", "Line one\r\nline two\n", "Altstadt", "urgent", "2030-05-17T11:30:00+02:00"
    )
    scheduled_at = datetime(2030, 5, 17, 9, 30, tzinfo=UTC)
    assert checks.task_details(typed) == TaskDetails(
        "Leaking boiler", "Line one\nline two", "Altstadt", Priority.URGENT, scheduled_at
    )


def test_a_form_time_is_meant_in_the_sites_zone() -> None:
    """A browser's datetime-local has no offset."""
    found = checks.task_details(Typed("x", scheduled_at="2030-05-17T11:30"), "Europe/Berlin")
    assert found.scheduled_at == datetime(2030, 5, 17, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (Typed(""), "title", "“Title” is missing."),
        (Typed("  "), "title", "“Title” is missing."),
        (Typed("x" * 201), "title", "at most 200"),
        (Typed("two\nlines"), "title", "one line"),
        (Typed("a\x00b"), "title", "control character"),
        (Typed("\ud800"), "title", "control character"),
        (Typed("x", description="y" * 4001), "description", "at most 4000"),
        (Typed("x", area="y" * 201), "area", "at most 200"),
        (Typed("x", priority="asap"), "priority", "Use one of: low, normal, high, urgent."),
        (Typed("x", scheduled_at="tomorrow"), "scheduled_at", "“tomorrow” is no time"),
        (Typed("x", scheduled_at="2030-05-17T11:30"), "scheduled_at", "needs its zone"),
        (Typed("x", scheduled_at="0001-01-01T00:00:00+14:00"), "scheduled_at", "2000"),
        (Typed("x", scheduled_at="9999-12-31T23:59:59-12:00"), "scheduled_at", "2199"),
    ],
)
def test_unusable_details_are_refused(typed: Typed, field: str, sentence: str) -> None:
    """The sentence names the limit and what to do."""
    with pytest.raises(Refused) as refused:
        checks.task_details(typed)
    assert refused.value.why is Why.INVALID
    assert list(refused.value.fields) == [field]
    assert sentence in refused.value.fields[field]


def test_all_unusable_fields_are_named_at_once() -> None:
    """An admin corrects a form once, not field by field."""
    with pytest.raises(Refused) as refused:
        checks.task_details(Typed("", "y" * 5000, priority="asap"))
    assert set(refused.value.fields) == {"title", "description", "priority"}


LINDQVIST = ClientInfo(
    "Sigrid Lindqvist", "+46 8 123 45 67", "sigrid@example.se", "Storgatan 1\nStockholm", "Dog!"
)


def test_contact_data_is_taken_as_typed() -> None:
    """A name is enough; the rest may be open."""
    assert checks.contact(LINDQVIST) == LINDQVIST
    assert checks.contact(ClientInfo(" Bakery ")) == ClientInfo("Bakery")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (ClientInfo(""), "client.name"),
        (ClientInfo("x" * 201), "client.name"),
        (ClientInfo("x", phone="call me"), "client.phone"),
        (ClientInfo("x", phone="12"), "client.phone"),
        (ClientInfo("x", email="nobody"), "client.email"),
        (ClientInfo("x", email="a b@example.com"), "client.email"),
        (ClientInfo("x", address="y" * 501), "client.address"),
        (ClientInfo("x", notes="\x07"), "client.notes"),
    ],
)
def test_unusable_contact_data_is_refused(typed: ClientInfo, field: str) -> None:
    """The field's name says which part of the task's form is meant, and the sentence repeats no contact data."""
    with pytest.raises(Refused) as refused:
        checks.contact(typed, "client.")
    assert list(refused.value.fields) == [field]
    assert "call me" not in str(refused.value)
    assert "nobody" not in str(refused.value)


@pytest.mark.parametrize(
    "phone", ["112", "+1 (555) 010-9999", "030/1234567", "+49 30 1234567 ext. 12", "1234 x5"]
)
def test_phone_numbers_are_taken_as_people_write_them(phone: str) -> None:
    """No country's habit is refused."""
    assert checks.contact(ClientInfo("x", phone=phone)).phone == phone


def test_changed_fields_are_named_without_their_content() -> None:
    """The journal learns that the phone changed, never to what."""
    after = ClientInfo("Sigrid Berg", "112", LINDQVIST.email, LINDQVIST.address, "")
    assert checks.changed(LINDQVIST, after) == ("phone", "notes")


def test_a_status_is_read() -> None:
    """Only what the pages show can be asked for."""
    assert checks.status_of("in_progress") is Status.IN_PROGRESS
    for typed in ("absent", "deleted", "done", "<script>"):
        with pytest.raises(Refused, match="is no status"):
            checks.status_of(typed)
