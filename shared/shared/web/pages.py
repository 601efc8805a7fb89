"""Pages by Jinja: one environment for each service, which knows the site and who is looking."""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from string import punctuation
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import litestar
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context
from litestar import MediaType, Response
from litestar.datastructures import State
from markupsafe import Markup

from shared import clock, language
from shared.contract.admin import Role
from shared.contract.site import Site
from shared.language import words
from shared.money import money
from shared.refusal import RETRY_AFTER, Refused
from shared.sentences import stored
from shared.settings import Settings
from shared.web import cookies, done
from shared.web.guard import SAFE, identity, known, parts_of
from shared.web.script_words import script_words

THEME = "callout_theme"
"""The cookie with the colours that a person chose; `auto` is the browser's own wish."""
THEMES = ("light", "dark", "auto")
STATIC = Path(__file__).parent / "static"
MODULES = (STATIC / "callout", STATIC / "vendor" / "ciphers")
"""Scripts that import each other."""


class Dedented(Extension):
    """Templates are indented for those who read them. What goes out is not: of a long list that is an eighth."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


class Web:
    """What pages of one service need; at `request.app.state.web`."""

    def __init__(self, package: str, site: Callable[[], Site], settings: Settings) -> None:
        self.site = site
        self.settings = settings
        self.environment = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader("shared.web")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n", Dedented],
        )
        self.environment.install_gettext_callables(  # type: ignore[attr-defined]
            language.translated, language.translated_count, newstyle=True
        )
        self.environment.globals.update(
            asset=asset,
            icon=icon,
            command_id=lambda: uuid.uuid4().hex,
            Role=Role,
            script_words=script_words,
            language=language.language,
            offered_languages=language.languages,
            direction=language.direction,
        )
        self.environment.filters.update(
            time=self.time,
            day=self.day,
            ago=ago,
            field_time=self.field_time,
            money=self.money,
            number=self.number,
            words=in_words,
            stored=stored,
        )

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        return self.environment.get_template(template).render(context)

    def time(self, moment: datetime | None) -> str:
        """ "22 Nov, 14:05" in the site's zone, with the year where it isn't this one."""
        if moment is None:
            return ""
        local = moment.astimezone(self.zone)
        now = datetime.now(self.zone)
        shown = language.moment(local, year=local.year != now.year)
        return Markup('<time dir="auto" datetime="{}">{}</time>').format(
            local.isoformat(timespec="seconds"), shown
        )

    def day(self, moment: datetime | date | None) -> str:
        """ "22 Nov 2026" in the site's zone."""
        if moment is None:
            return ""
        local = moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment
        return format_date(local, "d MMM y", locale=language.locale())

    def field_time(self, moment: datetime | None) -> str:
        """For the value of an `<input type="datetime-local">`."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M") if moment else ""

    def money(self, amount: Decimal, currency: str | None = None) -> str:
        return money(amount, currency or self.site().currency, language.locale())

    def number(self, value: Decimal | int) -> str:
        return format_decimal(value, locale=language.locale(), decimal_quantization=False)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site().time_zone)


@pass_context
def ago(_context: Context, moment: datetime) -> str:
    """ "5 minutes ago"; below a minute that minute. With a context for the reason that `in_words` gives."""
    lasted = max(clock.now() - moment, timedelta(minutes=1))
    return format_timedelta(-lasted, granularity="minute", add_direction=True, locale=language.locale())


@pass_context
def in_words(_context: Context, name: str) -> str:
    """As `words`. Without a context Jinja would look a constant's word up once, as it compiles the template,
    in the language of that moment."""
    return words(name)


def page(
    request: litestar.Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    refused: Refused | None = None,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A whole page. With `refused` it shows the sentence, and answers with its status."""
    status = refused.why.value if refused else status
    told = done.told(request)
    answer = Response(
        _render(request, template, status, refused, told, context),
        status_code=status,
        media_type=MediaType.HTML,
        headers={**later(status), **(refused.headers if refused else {}), **(headers or {})},
    )
    if told:
        done.forget(request, answer)
    return answer


def later(status: int) -> dict[str, str]:
    """The header that says when to try again, for what may be answered otherwise then."""
    return {"Retry-After": str(RETRY_AFTER)} if status in (429, 503) else {}


def fragment(request: litestar.Request[Any, Any, Any], template: str, **context: Any) -> Response[str]:
    """A part of a page that the browser fetches, maybe into another service's page; its template extends nothing."""
    return page(request, template, **context)


def see(
    request: litestar.Request[Any, Any, Any], path: str, what: done.Done | None = None, number: int = 0
) -> Response[Any]:
    """Where to look after something was done; and what that page shall say of it, with the number of what is gone."""
    if request.headers.get("hx-request"):
        answer: Response[Any] = Response(None, status_code=204, headers={"HX-Redirect": path})
    else:
        answer = Response(b"", status_code=303, media_type=MediaType.TEXT, headers={"Location": path})
    if what:
        web: Web = request.app.state.web
        done.tell(answer, what, number, secure=web.settings.secure)
    return answer


@cache
def asset(name: str) -> str:
    """The address of a static file, with its content's hash, so that browsers may keep it for ever.

    Looked up once: like its templates, a running service has one version of its files.
    """
    try:
        return f"/static/~{version(name)}/{name}"
    except OSError:
        return f"/static/{name}"


def version(name: str) -> str:
    """The hash of a static file; of a module, that of all modules, since they import each other relatively."""
    file = STATIC / name
    modules = file.parent in MODULES and file.suffix == ".js"
    files = sorted(each for folder in MODULES for each in folder.glob("*.js")) if modules else [file]
    return _digest(tuple((each, each.stat().st_mtime_ns) for each in files))


@cache
def icon(name: str, *, flip: bool = False) -> Markup:
    """One of Tabler's outline icons, from the sprite that `make static` puts together.

    flip  it points along the line of reading, so it is mirrored where that runs from right to left
    """
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        " callout-flip" if flip else "", asset("vendor/icons.svg"), name
    )


def _render(
    request: litestar.Request[Any, Any, Any],
    template: str,
    status: int,
    refused: Refused | None,
    told: done.Told | None,
    context: Mapping[str, Any],
) -> str:
    web: Web = request.app.state.web
    path = request.url.path
    theme = cookies.read(request, THEME, secure=web.settings.secure) or ""

    def link(**changes: Any) -> str:
        """This page with other query parameters; None takes one away."""
        query = {**request.query_params.dict(), **changes}
        pairs = {name: value for name, value in query.items() if value not in (None, "", [])}
        return f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path

    def draft(name: str) -> Markup:
        """The attributes of a form that keeps what is half typed: its name, and the key that seals it in the browser.

        The key is this person's, in any session of theirs, and no page of anybody else has it.
        """
        key = web.settings.derived(f"drafts/{identity(request).actor}")
        return Markup('data-draft="{}" data-seal="{}"').format(name, key)

    def live(part: str) -> Markup:
        """The attributes of a part that is fetched again, and morphed in, when something has changed.

        An error, and what answers a form, stay as they are: the page at their address is another one.
        """
        again = request.method == "GET" and status == 200
        return Markup('id="{}"{}').format(part, Markup(" data-live") if again else "")

    return web.render(
        template,
        {
            "identity": known(request),
            "site": web.site(),
            "path": path,
            "query": request.query_params,
            "link": link,
            "live": live,
            "draft": draft,
            "theme": theme if theme in THEMES else "auto",
            "refused": refused,
            "told": told,
            "back": back(request),
            "answers_form": request.method not in SAFE,
            **context,
        },
    )


def back(request: litestar.Request[Any, Any, Any]) -> str:
    """The page this came from, if it is one of ours."""
    referer = parts_of(request.headers.get("referer", ""))
    if referer.netloc != request.headers.get("host", ""):
        return "/"
    path = "/" + referer.path.lstrip("/\\")  # two slashes would lead to another site
    return f"{path}?{referer.query}" if referer.query else path


def local_path(given: str) -> str:
    """An address that a form or a link names, if it is a path of this site; else the first page."""
    parts = parts_of(given)
    foreign = parts.scheme or parts.netloc or not given.startswith("/") or given.startswith(("//", "/\\"))
    if foreign or any(ord(letter) < 32 for letter in given):
        return "/"
    return quote(given, safe=punctuation)  # a header holds no other letters than these


@lru_cache(maxsize=512)
def _digest(files: tuple[tuple[Path, int], ...]) -> str:
    """files  each with the time of its last change"""
    digest = hashlib.sha256()
    for file, _changed in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def state(web: Web) -> State:
    return State({"web": web})
