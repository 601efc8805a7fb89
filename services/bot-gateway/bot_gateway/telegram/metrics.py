"""What the bot counts; names and labels hold nothing private."""

from prometheus_client import Counter, Gauge

SERVICE = "bot-gateway"

UPDATES = Counter("callout_telegram_updates_total", "Updates from Telegram that were stored")
SET_ASIDE = Counter(
    "callout_telegram_updates_set_aside_total", "Updates that could not be handled, kept aside"
)
POLL_TROUBLE = Counter(
    "callout_telegram_poll_failures_total", "getUpdates or getWebhookInfo that failed, by kind", ["kind"]
)
DELIVERIES = Counter("callout_deliveries_total", "Deliveries that ended", ["purpose", "status"])
CALLS = Counter("callout_telegram_calls_total", "Calls of the Bot API, by outcome", ["method", "outcome"])
IN_FLIGHT = Gauge("callout_deliveries_in_flight", "Deliveries that are being carried out now")
WAITING = Gauge("callout_deliveries_waiting", "Deliveries that have not ended yet", ["service"])
WAITING_AGE = Gauge(
    "callout_deliveries_oldest_seconds", "How long the first of them has waited for its end", ["service"]
)
LINK = Gauge("callout_telegram_link", "1 for how the bot is connected: none, connected or refused", ["state"])
RECEIVING = Gauge(
    "callout_telegram_polled_timestamp_seconds",
    "When Telegram last answered getUpdates, or said that its webhook works",
    ["service"],
)
