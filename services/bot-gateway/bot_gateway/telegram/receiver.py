"""What Telegram brings to the webhook, on any replica: stored first, confirmed by the answer.

Whatever is not answered with 200, Telegram brings again; it keeps each update for a day.
"""

import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from litestar import post
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromPath

from shared.language import _
from shared.refusal import Refused, Why
from shared.web import AS_IT_CAME, PUBLIC, Request, Response, as_it_came

from . import reception
from .arrivals import Arrivals
from .received import numbered

log = structlog.get_logger()

HEADER = "x-telegram-bot-api-secret-token"


def routes(pool: asyncpg.Pool, arrivals: Arrivals, secret: Callable[[int], str]) -> list[Any]:
    """Also where updates are fetched: one that was on its way while that was changed is taken in here."""

    @post(f"{reception.PATH}/{{bot_id:int}}", opt={**PUBLIC, **AS_IT_CAME}, status_code=200)
    async def bring(request: Request, bot_id: FromPath[int]) -> Response[bytes]:
        given = request.headers.get(HEADER, "").encode()
        if not hmac.compare_digest(given, secret(bot_id).encode()):
            log.warning("an update without the webhook's secret was refused")
            raise NotAuthorizedException
        update = _read(as_it_came(request))
        if not await reception.is_connected(pool, bot_id):
            raise Refused(_("No bot is connected."), Why.MISSING)
        await arrivals.brought(bot_id, update)
        return Response(b"", media_type="text/plain")

    return [bring]


def _read(body: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        for update in numbered([json.loads(body)]):
            return update
    raise Refused(_("This is no update as the Bot API describes it."), Why.INVALID)
