"""How updates come from Telegram, and whether they do, as the service that leads writes it down."""

from datetime import timedelta

import asyncpg

from local.doctor.findings import Finding, ok, warning, wrong

SEEN = timedelta(minutes=2)
"""A webhook is looked at every half minute."""
LATELY = timedelta(days=1)

_RECEPTION = """
SELECT address, waiting, trouble, taken_at, looked_at, now() - looked_at > $1::interval AS unseen,
       taken_at > now() - $2::interval AS taken
FROM reception JOIN bot USING (bot_id)
"""
_ANSWERED = "Wrong response from the webhook: "
_DO = (
    (
        f"{_ANSWERED}401",
        "Something between Telegram and Callout takes the header with the webhook's secret away.",
    ),
    (
        f"{_ANSWERED}403",
        "Something between Telegram and Callout refuses it: a firewall, or a proxy that wants a login.",
    ),
    (f"{_ANSWERED}404", "The proxy in front must send /telegram to bot-gateway, as deploy/Caddyfile does."),
    (
        f"{_ANSWERED}5",
        "The service or its database was away: Telegram tries again. The service's log says more.",
    ),
    (_ANSWERED, "The proxy in front must pass POST /telegram/updates to bot-gateway as it comes."),
    (
        "SSL",
        "The certificate at this address must be valid, with the chain of its issuer; Caddy gets one by itself.",
    ),
    (
        "certificate",
        "The certificate at this address must be valid, with its issuer's; Caddy gets one by itself.",
    ),
    (
        "Bad Request",
        "Telegram refuses this address: CALLOUT_PUBLIC_URL must be one that the whole internet reaches.",
    ),
    ("resolve", "The name in CALLOUT_PUBLIC_URL must be known to the whole internet: see its DNS records."),
)
"""What to do, by a part of what Telegram says (it documents none of its words)."""
_ELSE = (
    "Telegram must reach this address from the internet: see DNS, the firewall and the proxy. Updates are kept for a "
    "day. Without CALLOUT_TELEGRAM_WEBHOOK they are fetched, which needs no way in."
)


async def findings(connection: asyncpg.Connection, service: str) -> list[Finding]:
    if not await connection.fetchval("SELECT to_regclass('reception') IS NOT NULL"):
        return []  # the schema is behind, as is said elsewhere
    row = await connection.fetchrow(_RECEPTION, SEEN, LATELY)
    if row is None:
        do = "It is heard as soon as the service leads: see whether it runs. Its log says what keeps it."
        return [warning("telegram", service, "the bot is not heard yet", do)]
    if not row["address"] and row["trouble"]:
        do = "Callout must reach the Bot API: see CALLOUT_TELEGRAM_API and its way out (DNS, firewall)."
        return [wrong("telegram", service, f"updates are not fetched from Telegram: {row['trouble']}", do)]
    if not row["address"]:
        return [ok("telegram", service, "updates are fetched from Telegram (long polling)")]
    return [_webhook(service, row), *_taken(service, row)]


def _webhook(service: str, row: asyncpg.Record) -> Finding:
    brought = f"updates are brought by Telegram to {row['address']} (webhook)"
    if row["unseen"]:
        return wrong(
            "telegram",
            service,
            f"{brought}; nobody has looked whether they come since {row['looked_at']:%Y-%m-%d %H:%M:%S} UTC",
            "See whether the service runs and reaches Telegram; its log says what keeps it.",
        )
    if trouble := row["trouble"]:
        do = next((each for words, each in _DO if words in trouble), _ELSE)
        return wrong("telegram", service, f"{brought}, but {row['waiting']} wait there: {trouble}", do)
    return ok("telegram", service, f"{brought}; {row['waiting']} wait there")


def _taken(service: str, row: asyncpg.Record) -> list[Finding]:
    if not row["taken"]:
        return []
    return [
        warning(
            "telegram",
            service,
            f"another program had taken the webhook away at {row['taken_at']:%Y-%m-%d %H:%M:%S} UTC; it was set again",
            "Only one program may use a bot's token: give each a bot of its own, or a new token by @BotFather.",
        )
    ]
