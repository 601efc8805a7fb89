"""One line on the next page about what was done, where that page does not show it by itself.

It travels in a cookie that names one of the sentences below and a number, and is gone once it was shown: so
no link can make a page say it, and a reload does not say it again.
"""

from enum import StrEnum
from typing import Any

import litestar
from litestar import Response
from litestar.datastructures import Cookie

from shared.language import N_, _
from shared.web.guard import SAFE, known

COOKIE = "callout_done"
SECONDS = 60
"""So long it waits for a page to be shown on."""


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


def tell(answer: Response[Any], done: Done, number: int, *, secure: bool) -> None:
    """The next page that this browser shows says it."""
    answer.set_cookie(
        Cookie(
            key=COOKIE,
            value=f"{done}.{number}",
            path="/",
            max_age=SECONDS,
            httponly=True,
            secure=secure,
            samesite="lax",
        )
    )


def told(request: litestar.Request[Any, Any, Any]) -> str:
    """The sentence for the page that is being shown, or none.

    What a script fetches is no page that is shown: a live part of another tab must not use the sentence up.
    """
    shown = request.headers.get("sec-fetch-dest", "document") == "document"
    if request.method not in SAFE or not shown or request.headers.get("hx-request") or not known(request):
        return ""
    name, _dot, number = request.cookies.get(COOKIE, "").partition(".")
    sentence = SENTENCES.get(name)
    if sentence is None or not (number.isascii() and number.isdecimal() and len(number) < 20):
        return ""
    return _(sentence, number=number)


def forget(answer: Response[Any]) -> None:
    answer.delete_cookie(COOKIE, path="/")
