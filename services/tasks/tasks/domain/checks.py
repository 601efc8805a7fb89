"""What may be typed in for a task, a client and a reason; each refusal is a sentence beside its field."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.contract.task import ClientInfo, Priority, Status, TaskDetails
from shared.language import N_, _
from shared.phone import LONGEST, NO_PHONE, is_phone
from shared.refusal import Refused, Why

TITLE, AREA, DESCRIPTION = 200, 200, 4000
NAME, EMAIL, ADDRESS, NOTES = 200, 254, 500, 4000
REASON = 1000

TITLE_FIELD, AREA_FIELD, DESCRIPTION_FIELD = N_("Title"), N_("Area"), N_("Description")
NAME_FIELD, PHONE_FIELD, EMAIL_FIELD = N_("Client's name"), N_("Phone"), N_("E-mail")
ADDRESS_FIELD, NOTES_FIELD = N_("Address"), N_("Notes")

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
EMAIL_LIKE = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
YEARS = range(2000, 2200)
SHOWN = [status for status in Status if status not in (Status.ABSENT, Status.DELETED)]


class Typed(Struct, frozen=True):
    """What an admin typed for a task. scheduled_at is an ISO time; a form's has no offset."""

    title: str
    description: str = ""
    area: str = ""
    priority: str = Priority.NORMAL
    scheduled_at: str = ""


T = TypeVar("T")


class Checked(Generic[T]):
    """Collects one sentence for each field, so that a form shows all of them at once."""

    def __init__(self, prefix: str = "") -> None:
        self.fields: dict[str, str] = {}
        self.prefix = prefix

    def take(self, field: str, check: Callable[[], T], otherwise: T) -> T:
        try:
            return check()
        except ValueError as error:
            self.fields[self.prefix + field] = str(error)
            return otherwise


def task_details(typed: Typed, zone: str | None = None) -> TaskDetails:
    """zone  the IANA name in which a time without an offset is meant; None where one is required"""
    texts: Checked[str] = Checked()
    title = texts.take("title", lambda: line(TITLE_FIELD, typed.title, TITLE, needed=True), "")
    description = texts.take(
        "description", lambda: text(DESCRIPTION_FIELD, typed.description, DESCRIPTION), ""
    )
    area = texts.take("area", lambda: line(AREA_FIELD, typed.area, AREA), "")
    priorities: Checked[Priority] = Checked()
    priority = priorities.take("priority", lambda: priority_of(typed.priority), Priority.NORMAL)
    times: Checked[datetime | None] = Checked()
    scheduled_at = times.take("scheduled_at", lambda: moment(typed.scheduled_at, zone), None)
    refuse(texts.fields | priorities.fields | times.fields)
    return TaskDetails(title, description, area, priority, scheduled_at)


def contact(typed: ClientInfo, prefix: str = "") -> ClientInfo:
    """prefix  goes before each field's name, for a client that is typed in as a part of a task"""
    checked: Checked[str] = Checked(prefix)
    found = ClientInfo(
        name=checked.take("name", lambda: line(NAME_FIELD, typed.name, NAME, needed=True), ""),
        phone=checked.take("phone", lambda: phone(typed.phone), ""),
        email=checked.take("email", lambda: email(typed.email), ""),
        address=checked.take("address", lambda: text(ADDRESS_FIELD, typed.address, ADDRESS), ""),
        notes=checked.take("notes", lambda: text(NOTES_FIELD, typed.notes, NOTES), ""),
    )
    refuse(checked.fields)
    return found


def changed(before: ClientInfo, after: ClientInfo) -> tuple[str, ...]:
    """The contact fields that differ; the name is no contact field."""
    fields = ("phone", "email", "address", "notes")
    return tuple(field for field in fields if getattr(before, field) != getattr(after, field))


def reason(typed: str) -> str:
    """Of a rejection. A long one is cut, because a technician's words are not to be lost."""
    return CONTROL.sub(" ", typed).strip()[:REASON]


def status_of(typed: str) -> Status:
    if typed not in SHOWN:
        sentence = _(
            "“%(typed)s” is no status. Use one of: %(known)s.", typed=shorten(typed), known=", ".join(SHOWN)
        )
        raise Refused(sentence, Why.INVALID, {"status": sentence})
    return Status(typed)


def one_priority(typed: str) -> Priority:
    """In a filter."""
    try:
        return priority_of(typed)
    except ValueError as error:
        raise Refused(str(error), Why.INVALID, {"priority": str(error)}) from None


# ── One field each: ValueError carries the sentence ──────────────────────────


def line(what: str, typed: str, longest: int, *, needed: bool = False) -> str:
    found = text(what, typed, longest, needed=needed)
    if "\n" in found or "\t" in found:
        raise ValueError(_("“%(field)s” must be one line.", field=_(what)))
    return found


def text(what: str, typed: str, longest: int, *, needed: bool = False) -> str:
    found = typed.replace("\r\n", "\n").strip()
    if needed and not found:
        raise ValueError(_("“%(field)s” is missing.", field=_(what)))
    if len(found) > longest:
        raise ValueError(
            _(
                "“%(field)s” has %(count)s characters; at most %(most)s are possible.",
                field=_(what),
                count=len(found),
                most=longest,
            )
        )
    if CONTROL.search(found):
        raise ValueError(_("“%(field)s” contains a control character. Type it again without.", field=_(what)))
    return found


def phone(typed: str) -> str:
    found = line(PHONE_FIELD, typed, LONGEST)
    if found and not is_phone(found):
        raise ValueError(_(NO_PHONE))
    return found


def email(typed: str) -> str:
    found = line(EMAIL_FIELD, typed, EMAIL)
    if found and not EMAIL_LIKE.fullmatch(found):
        raise ValueError(_("That is no e-mail address. Write it like name@example.com."))
    return found


def priority_of(typed: str) -> Priority:
    if typed not in list(Priority):
        raise ValueError(
            _(
                "“%(typed)s” is no priority. Use one of: %(known)s.",
                typed=shorten(typed),
                known=", ".join(Priority),
            )
        )
    return Priority(typed)


def moment(typed: str, zone: str | None) -> datetime | None:
    """UTC, to the minute, as a form shows it."""
    if not typed.strip():
        return None
    try:
        found = datetime.fromisoformat(typed.strip())
    except ValueError:
        raise ValueError(
            _("“%(typed)s” is no time. Write it like 2030-05-17T14:30:00Z.", typed=shorten(typed))
        ) from None
    if found.tzinfo is None:
        if zone is None:
            raise ValueError(_("The time needs its zone, as in 2030-05-17T14:30:00Z or …+02:00."))
        found = found.replace(tzinfo=ZoneInfo(zone))
    if found.year not in YEARS:  # asked before it is converted: the year 1 has no UTC time
        raise ValueError(_("The time must lie between the years 2000 and 2199."))
    return found.astimezone(UTC).replace(second=0, microsecond=0)


def refuse(fields: dict[str, str]) -> None:
    if fields:
        raise Refused(" ".join(fields.values()), Why.INVALID, fields)


def shorten(typed: str) -> str:
    return typed if len(typed) <= 40 else f"{typed[:40]}…"
