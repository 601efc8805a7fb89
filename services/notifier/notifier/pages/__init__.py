"""HTTP as HTML: logging in, the team, the settings, the notifications, the search."""

from typing import Any

import asyncpg

from notifier.handlers import Handlers
from notifier.logins import Logins
from notifier.pages import entrance, news, search, site, team
from shared.settings import Settings


def routes(handlers: Handlers, logins: Logins, pool: asyncpg.Pool, settings: Settings) -> list[Any]:
    return [
        *entrance.routes(logins, pool, secure=settings.secure),
        *team.routes(handlers, logins, pool),
        *site.routes(handlers, pool),
        *news.routes(handlers, pool, settings),
        *search.routes(),
    ]
