"""What the services count, in one place; names and labels hold nothing private."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from shared.version import VERSION

COMMANDS = Counter(
    "callout_commands_total",
    "Commands by outcome: done, repeated, undone, away, failed, or why they were refused",
    ["command", "outcome"],
)
CONFLICTS = Counter(
    "callout_command_conflicts_total", "Version conflicts that were decided again", ["command"]
)
COMMAND_SECONDS = Histogram("callout_command_seconds", "From a command to its commit", ["command"])
PUBLISHED = Counter("callout_events_published_total", "Events published to the bus", ["service"])
FOLDED = Counter("callout_events_folded_total", "Events folded into this service's tables", ["service"])
RESTARTS = Counter(
    "callout_worker_restarts_total", "Workers started again after a failure", ["service", "worker"]
)
REQUEST_SECONDS = Histogram(
    "callout_http_request_seconds",
    "From a request to its answer",
    ["service", "method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FULL = Counter("callout_database_full_total", "Requests refused because the database has no room left")
BUILD = Gauge("callout_build_info", "Which Callout this is", ["version"])
BUILD.labels(VERSION).set(1)

LEADING = Gauge("callout_leading", "Whether this replica relays and folds for its service", ["service"])
OUTBOX = Gauge("callout_outbox_events", "Events that wait to be published", ["service"])
OUTBOX_AGE = Gauge(
    "callout_outbox_oldest_seconds", "How long the first of them has waited to be published", ["service"]
)
DEAD_LETTERS = Gauge("callout_dead_letters", "Events that could not be applied", ["service"])
FOLD_LAG = Gauge("callout_fold_pending_events", "Events on the bus that are not folded yet", ["service"])

_OF_LEADERS = (OUTBOX, OUTBOX_AGE, DEAD_LETTERS, FOLD_LAG)


@contextmanager
def leading(service: str) -> Iterator[None]:
    """As long as this replica leads. What only the leader knows is absent elsewhere, never old."""
    LEADING.labels(service).set(1)
    try:
        yield
    finally:
        LEADING.labels(service).set(0)
        for gauge in _OF_LEADERS:
            gauge.remove(service)
