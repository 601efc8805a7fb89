"""One line on the next page about what was done, where that page does not show it by itself.

It travels in a cookie that names one of the sentences below and a number, and is gone once it was shown: so
no link can make a page say it, and a reload does not say it again.
"""

import ipaddress
import re
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import litestar
from litestar import Response
from msgspec import Struct

from shared.language import N_, _
from shared.web import cookies
from shared.web.guard import SAFE, known

COOKIE = "callout_done"
SECONDS = 60
"""So long it waits for a page to be shown on."""
FAILED_LOGINS = "failed-logins"
_FAILED = re.compile(r"([1-9]\d{0,8})\.(\d{1,11})\.(.*)", re.ASCII)


class Done(StrEnum):
    CLIENT_ERASED = "client-erased"
    TASK_DELETED = "task-deleted"
    TECHNICIAN_DELETED = "technician-deleted"
    INVOICE_DELETED = "invoice-deleted"
    REPORT_DELETED = "report-deleted"


SENTENCES: dict[str, str] = {
    Done.CLIENT_ERASED: N_("The data of client #%(number)s was erased."),
    Done.TASK_DELETED: N_("Task #%(number)s was deleted."),
    Done.TECHNICIAN_DELETED: N_("The technician was deleted. Tasks that they held are free again."),
    Done.INVOICE_DELETED: N_("Invoice #%(number)s was deleted."),
    Done.REPORT_DELETED: N_("The report of task #%(number)s was deleted."),
}


class FailedLogins(Struct, frozen=True):
    """How many failed under somebody's name between two logins, and when and from where the last one came."""

    count: int
    last_at: datetime
    last_address: str


class Told(Struct, frozen=True):
    """What the page says: a sentence, or how many logins failed, for which `macros.html` has the words."""

    text: str = ""
    failed: FailedLogins | None = None


def tell(answer: Response[Any], done: Done, number: int, *, secure: bool) -> None:
    """The next page that this browser shows says it."""
    cookies.write(answer, COOKIE, f"{done}.{number}", SECONDS, secure=secure)


def tell_failed(answer: Response[Any], failed: FailedLogins, *, secure: bool) -> None:
    """The first page after a login says that others failed before."""
    moment, address = int(failed.last_at.timestamp()), _address(failed.last_address)
    said = f"{FAILED_LOGINS}.{failed.count}.{moment}.{address}"
    cookies.write(answer, COOKIE, said, SECONDS, secure=secure)


def told(request: litestar.Request[Any, Any, Any]) -> Told | None:
    """What the page that is being shown has to say, if anything.

    What a script fetches is no page that is shown: a live part of another tab must not use the sentence up.
    """
    shown = request.headers.get("sec-fetch-dest", "document") == "document"
    if request.method not in SAFE or not shown or request.headers.get("hx-request") or not known(request):
        return None
    said = cookies.read(request, COOKIE, secure=cookies.is_secure(request)) or ""
    name, _dot, number = said.partition(".")
    if name == FAILED_LOGINS:
        failed = _FAILED.fullmatch(number)
        return _failed(failed) if failed else None
    sentence = SENTENCES.get(name)
    if sentence is None or not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    return Told(_(sentence, number=number))


def forget(request: litestar.Request[Any, Any, Any], answer: Response[Any]) -> None:
    cookies.end(answer, COOKIE, secure=cookies.is_secure(request))


def _failed(said: re.Match[str]) -> Told:
    return Told(
        failed=FailedLogins(int(said[1]), datetime.fromtimestamp(int(said[2]), UTC), _address(said[3]))
    )


def _address(given: str) -> str:
    with suppress(ValueError):
        return str(ipaddress.ip_address(given))
    return ""
