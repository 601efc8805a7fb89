"""Who is asking, and may they: decided before any handler runs.

`Wall` (wall.py) finds out who asks; `guard` compares that with what the route needs.
"""

from typing import Any
from urllib.parse import SplitResult, urlsplit

import litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from shared.contract.admin import Role
from shared.contract.event import by_admin, by_token
from shared.language import _, word
from shared.refusal import Refused, Why
from shared.settings import Settings
from shared.web import cookies
from shared.web.sessions import SessionBook, digest

COOKIE = "callout_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

PUBLIC: dict[str, Any] = {"public": True}
OWNER: dict[str, Any] = {"role": Role.OWNER}
VIEWER: dict[str, Any] = {"role": Role.VIEWER}
"""For `opt=`: a form that anyone who is logged in may send, such as their own password."""
AS_IT_CAME: dict[str, Any] = {"as_it_came": True}
"""For `opt=`: a body from a machine that can't be asked to correct it; `as_it_came` reads it."""


class Identity(Struct, frozen=True):
    """Somebody who is logged in, or a program with an API token.

    login  of the admin, or the token's name
    key    the hash under which the session is known
    """

    login: str
    name: str
    role: Role
    token: bool
    key: str

    @property
    def actor(self) -> str:
        """As it stands in an event."""
        return by_token(self.login) if self.token else by_admin(self.login)


def identity(request: ASGIConnection[Any, Any, Any, Any]) -> Identity:
    """Who is asking. Every route that isn't public has somebody."""
    found = known(request)
    if found is None:
        raise NotAuthorizedException
    return found


def known(request: ASGIConnection[Any, Any, Any, Any]) -> Identity | None:
    """As `identity`, or None on a public route."""
    found: Identity | None = request.scope.get("identity")  # type: ignore[assignment]
    return found


def needs(request: ASGIConnection[Any, Any, Any, Any], role: Role) -> Identity:
    """Refuses whoever has a lesser role; for what depends on more than the route."""
    who = identity(request)
    if not who.role.covers(role):
        sentence = _(
            "Your role is “%(role)s”; this needs “%(needed)s”.", role=word(who.role), needed=word(role)
        )
        raise Refused(sentence, Why.FORBIDDEN)
    return who


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A route asks for a viewer to look and a dispatcher to change, where its `opt` says nothing else.

    It awaits nothing, and is async all the same: Litestar would run it in another thread for each request.
    """
    refused = connection.scope.get("refused")
    if refused is None and not handler.opt.get("as_it_came"):
        refused = connection.scope.get("unclean")
    if isinstance(refused, Refused):
        raise refused
    role = role_of(handler, str(connection.scope.get("method", "GET")))
    if role is not None:
        needs(connection, role)


def role_of(handler: BaseRouteHandler, method: str) -> Role | None:
    """The least that may; None where everybody may."""
    if handler.opt.get("public"):
        return None
    needed: Role = handler.opt.get("role", Role.VIEWER if method in SAFE else Role.DISPATCHER)
    return needed


async def identify(
    connection: litestar.Request[Any, Any, Any], sessions: SessionBook, *, secure: bool, waits: bool = True
) -> Identity | None:
    """By bearer token, else by cookie. A wrong bearer token is nobody, whatever the cookie says. waits: see `of`"""
    bearer = bearer_token(connection)
    secret = bearer if bearer is not None else cookies.read(connection, COOKIE, secure=secure)
    if not secret or not 20 <= len(secret) <= 200:
        return None
    session = await sessions.of(secret, waits=waits)
    if session is None or session.token != (bearer is not None):
        return None
    return Identity(session.admin, session.name, session.role, session.token, digest(secret))


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def as_it_came(request: ASGIConnection[Any, Any, Any, Any]) -> bytes:
    """The whole body, with all that would have to be cleaned out of a person's."""
    body: bytes = request.scope.get("came", b"")  # type: ignore[assignment]
    return body


def check_origin(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings, *, strict: bool) -> None:
    """Refuses what another site made the browser send.

    Every browser of the last years says where a request comes from. strict: whoever says nothing is
    refused too, since the request is believed because of its cookie.
    """
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if origin is not None:
        fine = origin == _origin(settings.public_url) or parts_of(origin).netloc == connection.headers.get(
            "host"
        )
    elif site is not None:
        fine = True
    else:
        fine = not strict
    if not fine or site not in (None, "same-origin", "none"):
        raise Refused(
            _("This came from another site, so it was not carried out. Please do it on Callout's own page."),
            Why.FORBIDDEN,
        )


def parts_of(address: str) -> SplitResult:
    """The parts of an address that a request names; nothing of one that can't be read."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _origin(url: str) -> str:
    parts = parts_of(url)
    return f"{parts.scheme}://{parts.netloc}"
