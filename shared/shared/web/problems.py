"""Every error's one way out: problem details (RFC 9457) for programs, a page for people, never a trace."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import litestar
import structlog
from litestar import MediaType, Response
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType
from nats.errors import Error as NatsError

from shared.journal.database import DATABASE_AWAY, is_away
from shared.language import N_, _
from shared.metrics import FULL as NO_ROOM
from shared.refusal import Refused, Why
from shared.web.forms import invalid
from shared.web.guard import SAFE, bearer_token, known, parts_of
from shared.web.pages import later, page

log = structlog.get_logger()

LATER = N_("The database does not answer just now, so nothing was changed. Please try again in a moment.")
FULL = N_(
    "There is no room left to store anything, so nothing was changed. Please tell whoever runs this installation."
)
NO_BUS = N_("A part of Callout does not answer just now. Please try again in a moment.")

SENTENCES = {
    400: N_("This request can't be understood. Where it carries JSON, please check that it is valid."),
    401: N_("Please log in, or send a valid API token."),
    404: N_("There is no such page."),
    405: N_("That can't be done here."),
    413: N_("That is too large."),
    415: N_("This kind of content can't be read here. Please send JSON."),
}


HEADINGS = {
    400: N_("That was not understood"),
    401: N_("Please log in"),
    403: N_("You may not do that"),
    404: N_("Not found"),
    405: N_("That can't be done here"),
    409: N_("Not possible just now"),
    413: N_("That is too large"),
    415: N_("That can't be read"),
    422: N_("Please check what was sent"),
    429: N_("Too many tries"),
    500: N_("Something went wrong"),
    503: N_("Not available just now"),
}
"""What a page says above the sentence."""


class Problem(Struct, frozen=True):
    """RFC 9457. `detail` says what to do; `fields` has a sentence for each field that doesn't fit."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    fields: dict[str, str] | UnsetType = UNSET


def problem(
    request: litestar.Request[Any, Any, Any],
    status: int,
    detail: str,
    fields: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """The answer to whoever asks: JSON for a program or htmx, a page for a browser."""
    title = HTTPStatus(status).phrase
    if wants_page(request):
        heading = _(HEADINGS.get(status, HEADINGS[500]))
        return page(request, "error.html", status=status, headers=headers, heading=heading, detail=detail)
    return Response(
        Problem(title, status, detail, fields=fields or UNSET),
        status_code=status,
        headers={**later(status), **(headers or {})},
        media_type=MediaType.JSON if request.method == "HEAD" else "application/problem+json",
    )


def wants_page(request: litestar.Request[Any, Any, Any]) -> bool:
    """A person in a browser; a program asks for `/api/…`, has a token, or doesn't take HTML."""
    accept = request.headers.get("accept", "*/*")
    return not (
        request.url.path.startswith("/api/")
        or bearer_token(request) is not None
        or request.headers.get("hx-request")
        or ("text/html" not in accept and "*/*" not in accept)
    )


def _refused(request: litestar.Request[Any, Any, Any], refused: Refused) -> Response[Any]:
    if refused.why is Why.UNKNOWN_CALLER:
        return _nobody(request)
    return problem(request, refused.why.value, refused.sentence, refused.fields, refused.headers)


def _http(request: litestar.Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = error.status_code
    if status == 401:
        return _nobody(request)
    if status in (404, 405) and not _may_know(request):
        return _nobody(request)  # a stranger is not told which pages exist
    if isinstance(error, ValidationException):
        fields = _fields(error)
        first = next(iter(fields.items()), None)
        detail = (
            _("Please check “%(field)s”: %(what)s", field=first[0], what=first[1])
            if first
            else _("Please check what was sent.")
        )
        return problem(request, 422, detail, fields)
    if status >= 500:
        return _fault(request, error)
    return problem(
        request,
        status,
        _(SENTENCES[status]) if status in SENTENCES else error.detail,
        headers=dict(error.headers or {}),
    )


def _may_know(request: litestar.Request[Any, Any, Any]) -> bool:
    opt: dict[str, Any] = getattr(request.scope.get("route_handler"), "opt", {})
    return known(request) is not None or bool(opt.get("public"))


def _fields(error: ValidationException) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.extra or []:
        if isinstance(each, dict) and "message" in each:
            what = "This is needed" if each["message"] == "'data'" else each["message"]
            refused = invalid(f"{what} - at `$.{each.get('key', '')}`")
            found.update(refused.fields or {"body": refused.sentence})
    return found


def _nobody(request: litestar.Request[Any, Any, Any]) -> Response[Any]:
    if request.headers.get("hx-request"):
        shown = parts_of(request.headers.get("hx-current-url", ""))
        login = _login(shown.path or "/", shown.query)
        return problem(request, 401, _(SENTENCES[401]), headers={"HX-Redirect": login})
    if request.method in SAFE and wants_page(request):
        login = _login(request.url.path, request.scope["query_string"].decode("latin-1"))
        return Response(b"", status_code=303, media_type=MediaType.TEXT, headers={"Location": login})
    return problem(request, 401, _(SENTENCES[401]), headers={"WWW-Authenticate": "Bearer"})


def _login(path: str, query: str) -> str:
    """The login, from which the way leads back."""
    return f"/login?next={quote(f'{path}?{query}' if query else path)}"


def _database(request: litestar.Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if not is_away(error):
        return _fault(request, error)
    log.warning("database away", path=request.url.path, error=f"{type(error).__name__}: {error}")
    full = isinstance(error, asyncpg.DiskFullError)
    if full:
        NO_ROOM.inc()
    return problem(request, 503, _(FULL if full else LATER))


def _bus(request: litestar.Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.warning("bus away", path=request.url.path, error=f"{type(error).__name__}: {error}")
    return problem(request, 503, _(NO_BUS))


def _fault(request: litestar.Request[Any, Any, Any], error: Exception) -> Response[Any]:
    reference = uuid4().hex[:8]
    log.error("request failed", path=request.url.path, reference=reference, exc_info=error)
    return problem(
        request,
        500,
        _(
            "Something went wrong on our side. Please try again; if it stays, tell your admin "
            "the reference %(reference)s.",
            reference=reference,
        ),
    )


HANDLERS: ExceptionHandlersMap = {
    Refused: _refused,
    HTTPException: _http,
    NotAuthorizedException: _http,
    NatsError: _bus,
    **dict.fromkeys(DATABASE_AWAY, _database),
    Exception: _fault,
}
