"""What the bot counts; names and labels hold nothing private."""

from prometheus_client import Counter, Gauge

UPDATES = Counter("callout_telegram_updates_total", "Updates from Telegram that were stored")
SET_ASIDE = Counter(
    "callout_telegram_updates_set_aside_total", "Updates that could not be handled, kept aside"
)
POLL_TROUBLE = Counter("callout_telegram_poll_failures_total", "getUpdates that failed, by kind", ["kind"])
DELIVERIES = Counter("callout_deliveries_total", "Deliveries that ended", ["purpose", "status"])
CALLS = Counter("callout_telegram_calls_total", "Calls of the Bot API, by outcome", ["method", "outcome"])
WAITING = Gauge("callout_deliveries_in_flight", "Deliveries that are being carried out now")
