"""What the services count, in one place; names and labels hold nothing private."""

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("callout_commands_total", "Commands by outcome", ["command", "outcome"])
CONFLICTS = Counter(
    "callout_command_conflicts_total", "Version conflicts that were decided again", ["command"]
)
COMMAND_SECONDS = Histogram("callout_command_seconds", "From a command to its commit", ["command"])
PUBLISHED = Counter("callout_events_published_total", "Events published to the bus", ["service"])
OUTBOX = Gauge("callout_outbox_events", "Events that wait to be published", ["service"])
FOLDED = Counter("callout_events_folded_total", "Events folded into this service's tables", ["service"])
FOLD_LAG = Gauge("callout_fold_pending_events", "Events on the bus that are not folded yet", ["service"])
DEAD_LETTERS = Gauge("callout_dead_letters", "Events that could not be applied", ["service"])
RESTARTS = Counter(
    "callout_worker_restarts_total", "Workers started again after a failure", ["service", "worker"]
)
REQUESTS = Counter("callout_http_requests_total", "HTTP requests by answer", ["service", "method", "status"])
REQUEST_SECONDS = Histogram("callout_http_request_seconds", "From a request to its answer", ["service"])
