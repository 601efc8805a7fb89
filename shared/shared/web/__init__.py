"""What every page and every API route needs. Everything is imported from here:

    from litestar import get, post, put, patch, delete
    from shared.web import (
        Request, Response, Identity, Page, Done, OWNER, VIEWER, PUBLIC,
        identity, needs, command_id, form, read, page, fragment, see, problem,
        after_of, limit_of, paged, in_zone, zone_of, clean, scrub,
    )

Routes are functions inside `def routes(handlers, …) -> list[Any]:` (no `from __future__ import annotations`
in such a module, because Litestar reads the annotations):

    @get("/tasks")                                  # looking needs a viewer
    async def index(request: Request) -> Response[str]:
        rows = await views.listed(pool, after_of(request, int), limit_of(request))   # asks for limit + 1 rows
        return page(request, "tasks.html", tasks=paged(rows, limit_of(request), lambda row: row.number))

    @post("/tasks/{number:int}/dispatch")           # changing needs a dispatcher
    async def dispatch(request: Request, number: int) -> Response[Any]:
        await handlers.send(number, actor=identity(request).actor, command_id=command_id(request))
        return see(request, f"/tasks/{number}")     # 303 (or HX-Redirect)

    @get("/settings/telegram", opt=OWNER)           # or VIEWER for a form that everybody may send; PUBLIC for nobody

    @post("/api/tasks")                             # JSON: Litestar decodes `data` and OpenAPI describes it
    async def create(request: Request, data: NewTask) -> TaskView: ...   # 201; use `Page[TaskView]` for lists

Raise `shared.refusal.Refused` anywhere: in `/api` (or with a bearer token, or from htmx) it becomes problem
details with the sentence, `why.value` as status and `fields`; in a browser a page with the sentence and a way
back. To stay at the form instead, with what was typed:

    try:
        wanted = await read(request, NewTask)
        ...
    except Refused as refused:
        return page(request, "task_form.html", refused=refused, typed=form(request), …)

`layout.html` shows `refused` as an alert; `field` of `macros.html` shows `refused.fields[name]` beside its field.

read(request, Struct)   JSON or form → Struct. In forms: empty = left out (unless it is plain text), `lines.0.quantity`
                        is the quantity of the first line, a time without an offset is meant in the site's zone.
                        JSON through `data:` doesn't know the zone: use `in_zone(moment, zone_of(request))`.
upload(request, name)   the bytes of a chosen file, where the form has enctype="multipart/form-data"
form(request)           the typed fields, a MultiDict of str; `as_typed=("password",)` keeps spaces around a secret
command_id(request)     UUID from `Idempotency-Key` or the form's hidden field; the same again for the same request
identity(request)       Identity(login, name, role, token, key); `.actor` for the journal; `needs(request, Role.OWNER)`
page(request, template, status=, refused=, headers=, **context)     fragment(request, template, **context)
see(request, path)      where to look after a POST; `see(request, path, Done.TASK_DELETED, 1042)` has that page say so
after_of(request, kind), limit_of(request), paged(rows, limit, key) → Page(items, next)
                        described in the OpenAPI document by `after: After = None, limit: Limit = None`
cookies.read, .write, .end   the only way to a cookie: `__Host-` and `Secure` where the site is https
as_it_came(request)     the body uncleaned, for a route with AS_IT_CAME: from a machine that would only repeat it
clean(text), scrub(text)  what the wall does for HTTP, for text that comes another way (Telegram)

Before a handler runs, the wall (wall.py) has read the body (256 KB at most), refused control characters,
taken out direction overrides, found out who asks, and refused requests that another site caused.

In templates (`{% extends "layout.html" %}`; blocks `title`, `pretitle`, `actions`, `content`): `identity` (None on
public pages), `site`, `path`, `query`, `link(after=…)` (this page with other query parameters), `refused`, `back`,
`answers_form` (nothing can be asked for again at its address), `asset("callout.css")`, `icon("check")`
(`icon("arrow-right", flip=true)` points along the line of reading), `command_id()`, `Role`. StrictUndefined: pass
every name that a template uses.
Filters: `|time` `|day` `|field_time` (site's zone), `|ago` (5 minutes ago), `|money("EUR")`, `|number`,
`|words` (in_progress → In progress), `|stored` (a reason that was kept in English → in the reader's language).
Macros, `{% from "macros.html" import … %}`:
    status_badge(status)                     a coloured badge for any status of the contract
    taken_for(deleted_at, namesakes)         of a technician: came back after a deletion, and whose namesake they are
    button_form(action, label, class="btn", sign=None, fields={}, confirm=None)   one POST button with its command_id
    delete_form(action, what)                Delete behind a second, plain confirmation (<details>, no script)
    command()                                the hidden command_id; belongs into every <form method="post">
    field(name, label, value="", type="text", required=False, hint=None, refused=None, attrs={})
    textarea(name, label, value="", rows=4, refused=None, hint=None, required=False)
    select(name, label, options, value="", refused=None, hint=None)      options: [(value, label), …]
    empty(title, text)    pager(page, link)    alert(text, kind="danger")
    hit(href, title, more="", status=None)   one line of what `/…/search?q=` of a service answers for the search
    export_menu(link)                        this list, with its filters, as CSV or XLSX (see shared.web.tables)
A page of the settings has `{% include "settings_nav.html" %}` at the top of its content and "Settings" above its title.
No inline script or style is possible (strict CSP); classes are Tabler's, icons `{{ icon("check") }}`.
Sentences: `{{ _("Task #%(number)s", number=task.number) }}`, `{{ ngettext("%(num)s task", "%(num)s tasks", count) }}`;
see `shared.language`. `language()`, `offered_languages()`, `direction()` and `theme` are the reader's.
Drafts: `<form {{ draft("new-task") }}>` keeps what is half typed, sealed for whoever is logged in.
Live parts: `<div {{ live("list") }}>` is fetched again and morphed in when something has changed anywhere; one request
serves all parts of a page. Rows and cards in it have ids of their own, by which morphing knows them again. What is half
typed, chosen or opened stays; what a script draws says `data-drawn` and hears of fresh attributes by `callout:morphed`.
A fragment of another service: `<div hx-get="/invoices/for-task/1042" hx-trigger="load">`, with what is shown while it
isn't there.
`<button data-copy="text">` copies; `<form data-confirm="…">` asks first where scripts run.
"""

from typing import Any, TypeAlias

import litestar
from litestar import Response

from shared.language import words
from shared.text import clean, scrub

from . import cookies
from .app import build_app
from .done import Done
from .forms import command_id, form, in_zone, invalid, read, upload, zone_of
from .guard import AS_IT_CAME, COOKIE, OWNER, PUBLIC, VIEWER, Identity, as_it_came, identity, known, needs
from .pages import asset, fragment, page, see
from .paging import DAY, After, Limit, Page, after_of, limit_of, paged, seal
from .problems import problem
from .sessions import BUCKET, FILLED, USED, Session, SessionBook, digest

Request: TypeAlias = litestar.Request[Any, Any, Any]

__all__ = [
    "AS_IT_CAME",
    "BUCKET",
    "COOKIE",
    "DAY",
    "FILLED",
    "OWNER",
    "PUBLIC",
    "USED",
    "VIEWER",
    "After",
    "Done",
    "Identity",
    "Limit",
    "Page",
    "Request",
    "Response",
    "Session",
    "SessionBook",
    "after_of",
    "as_it_came",
    "asset",
    "build_app",
    "clean",
    "command_id",
    "cookies",
    "digest",
    "form",
    "fragment",
    "identity",
    "in_zone",
    "invalid",
    "known",
    "limit_of",
    "needs",
    "page",
    "paged",
    "problem",
    "read",
    "scrub",
    "seal",
    "see",
    "upload",
    "words",
    "zone_of",
]
