"""How updates come: asked for by long polling, or brought by Telegram to a webhook; and how that goes.

Written down by the replica that leads, for the pages, for programs and for `callout doctor`.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import asyncpg

from shared.settings import TELEGRAM, Settings, SettingsError

from .answers import WebhookInfo
from .connection import Line

PATH = "/telegram/updates"
PORTS = (443, 80, 88, 8443)  # Bot API, setWebhook: "Ports currently supported for webhooks"
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds after the first, second, … failure in a row
FRESH = timedelta(minutes=2)  # between two tries of the same update Telegram waits for a minute at most

Refuse = Callable[[Line, str], Awaitable[None]]
"""Told when a bot's token is no longer accepted, and why."""


def webhook_address(settings: Settings) -> str | None:
    """Where Telegram brings updates, without the bot's id at its end; None: it is asked for them.

    Raises SettingsError where Telegram would bring them nowhere. A Bot API server of one's own takes any address.
    """
    if not settings.telegram_webhook:
        return None
    try:
        parts = urlsplit(settings.public_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise SettingsError("CALLOUT_PUBLIC_URL can't be read as an address.") from None
    telegrams_own = settings.telegram_api.rstrip("/") == TELEGRAM
    if telegrams_own and (parts.scheme != "https" or port not in PORTS):
        raise SettingsError(
            "CALLOUT_TELEGRAM_WEBHOOK needs a CALLOUT_PUBLIC_URL that begins with https:// and has one of the ports "
            f"443, 80, 88 and 8443, because Telegram brings updates to no other; it is {settings.public_url}. "
            "Without CALLOUT_TELEGRAM_WEBHOOK Telegram is asked for them, which works everywhere."
        )
    return f"{settings.public_url.rstrip('/')}{PATH}"


def webhook_secret(settings: Settings, bot_id: int) -> str:
    """What Telegram says with each update, so that nobody else can bring one (Bot API, setWebhook: secret_token)."""
    return settings.derived(f"telegram-webhook/{bot_id}").rstrip("=")


async def is_connected(pool: asyncpg.Pool, bot_id: int) -> bool:
    found: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM bot WHERE bot_id = $1 AND link = 'connected')", bot_id
    )
    return found


async def is_let_go(pool: asyncpg.Pool, bot_id: int) -> bool:
    """Whether it was disconnected, or replaced by another bot; not where its token is only refused."""
    found: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM bot WHERE bot_id <> $1 OR link = 'none')", bot_id
    )
    return found


async def note(
    pool: asyncpg.Pool,
    bot_id: int,
    address: str = "",
    *,
    waiting: int = 0,
    trouble: str = "",
    taken: bool = False,
) -> None:
    """address  the webhook's; without one, Telegram is asked for updates"""
    await pool.execute(
        """
        INSERT INTO reception AS was (bot_id, address, waiting, trouble, taken_at)
        VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END)
        ON CONFLICT (only_row) DO UPDATE SET
            bot_id = $1, address = $2, waiting = $3, trouble = $4, looked_at = now(),
            taken_at = coalesce(excluded.taken_at, CASE WHEN was.bot_id = $1 THEN was.taken_at END)
        """,
        bot_id,
        address,
        waiting,
        trouble,
        taken,
    )


def trouble_of(told: WebhookInfo) -> str:
    """Why what waits does not come, in Telegram's words; empty where nothing waits, or it comes."""
    if not told.pending_update_count or told.last_error_date is None:
        return ""
    since = datetime.now(UTC).timestamp() - told.last_error_date
    return (told.last_error_message or "unknown") if since < FRESH.total_seconds() else ""
