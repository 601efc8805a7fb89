"""Every cookie is read, written and ended here, so that all are as safe as the site's address lets them be.

Where that is https, a cookie is `Secure` and its name begins with `__Host-`, so that no other host and nothing sent in
the clear can plant it. One that an older version has set under the plain name is still read, where there is no other.
"""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

HOST = "__Host-"


def name_of(name: str, *, secure: bool) -> str:
    return HOST + name if secure else name


def read(connection: ASGIConnection[Any, Any, Any, Any], name: str, *, secure: bool) -> str | None:
    """Its value; None where the browser has none."""
    cookies = connection.cookies
    return cookies.get(name_of(name, secure=secure), cookies.get(name))


def write(
    answer: Response[Any],
    name: str,
    value: str,
    seconds: int,
    *,
    secure: bool,
    scripts: bool = False,
    path: str = "/",
) -> None:
    """scripts  whether those of a page may read it; path  where it goes, on a site without https"""
    answer.set_cookie(
        Cookie(
            name_of(name, secure=secure),
            value=value,
            path="/" if secure else path,
            max_age=seconds,
            httponly=not scripts,
            secure=secure,
            samesite="lax",
        )
    )


def end(answer: Response[Any], name: str, *, secure: bool) -> None:
    """Under both names."""
    write(answer, name, "", 0, secure=secure)
    if secure:
        answer.set_cookie(
            Cookie(name, value="", path="/", max_age=0, httponly=True, secure=True, samesite="lax")
        )


def is_secure(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether browsers reach this site by https."""
    return bool(connection.app.state.web.settings.secure)
