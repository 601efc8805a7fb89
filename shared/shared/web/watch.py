"""What a request leaves in the log, in the metrics and among the spans, and the ids that its answer has."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import structlog
from litestar.types import HTTPScope, Message

from shared import tracing
from shared.metrics import REQUEST_SECONDS
from shared.tracing import Span, SpanKind

log = structlog.get_logger()

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = ("/health", "/ready", "/metrics", "/static/")
"""Where the routes begin that are asked for all the time, by nobody who acts: told of where they fail."""
NO_ROUTE = "none"
GONE = 499
"""The status of a request whose client left before it was complete, as proxies have it."""


class Watched:
    """One request. `status` is what it was answered, 500 until then."""

    def __init__(self, span: Span) -> None:
        self.status = 500
        self._ids = [
            (b"x-request-id", span.trace.span_id.encode()),
            (tracing.HEADER.encode(), span.trace.header.encode()),
        ]

    def answered(self, message: Message) -> None:
        """Sees the answer's first message, and gives it the ids under which the log tells of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._ids]


@contextmanager
def watched(service: str, scope: HTTPScope) -> Iterator[Watched]:
    """Around one request. An address may hold what somebody looks for, so the log has its route and path alone,
    and of what no route answers not even that."""
    began = perf_counter()
    method = scope["method"] if scope["method"] in METHODS else "other"
    path = scope["path"]
    came = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    with (
        tracing.span(method, SpanKind.SERVER, after=tracing.read(came.decode("latin-1"))) as span,
        structlog.contextvars.bound_contextvars(request_id=span.trace.span_id),
    ):
        request = Watched(span)
        try:
            yield request
        finally:
            seconds = perf_counter() - began
            route = str(scope.get("path_template") or NO_ROUTE)
            REQUEST_SECONDS.labels(service, method, route, str(request.status)).observe(seconds)
            span.name = f"{method} {route}"
            span.attributes.update(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": request.status,
                }
            )
            if request.status >= 500:
                span.error = span.error or str(request.status)
            who = scope.get("identity")
            tell = log.debug if route.startswith(QUIET) and request.status < 400 else log.info
            tell(
                "request",
                service=service,
                method=method,
                route=route,
                path=path if route != NO_ROUTE else None,
                status=request.status,
                actor=getattr(who, "actor", None),
                ms=round(seconds * 1000, 1),
            )
