"""What a batch of events leaves in the log and among the spans, on its way out and in."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import structlog

from shared import tracing
from shared.contract.event import Envelope
from shared.tracing import Span, SpanKind, Trace

log = structlog.get_logger()

ONE_BY_ONE = 20
"""A bigger batch has a single line and no spans: who is behind would be held up by telling of it."""


class Followed:
    """One batch; `traces` has the place in its trace from which each event goes on."""

    def __init__(self, step: str, kind: SpanKind, service: str, headers: Mapping[UUID, str | None]) -> None:
        """
        step     as it is logged once it is done: `published`
        headers  the `traceparent` with which each event came; not all have one
        """
        self._step = step
        self._service = service
        came = {event: trace for event, header in headers.items() if (trace := tracing.read(header))}
        self._spans = {
            event: Span(step, kind, trace, {"event_id": str(event)})
            for event, trace in (came.items() if len(headers) <= ONE_BY_ONE else ())
        }
        self.traces: Mapping[UUID, Trace] = {
            **came,
            **{event: span.trace for event, span in self._spans.items()},
        }

    def tell(self, events: Iterable[Envelope[Any]]) -> None:
        """It is done for these."""
        done = list(events)
        if len(done) > ONE_BY_ONE:
            log.info(self._step, service=self._service, events=len(done))
            return
        for event in done:
            with tracing.inside(self.traces.get(event.id)):
                log.info(
                    self._step,
                    service=self._service,
                    type=event.type,
                    stream=event.stream,
                    version=event.version,
                    event_id=str(event.id),
                )
            if span := self._spans.get(event.id):
                span.name = f"{self._step} {event.type}"
                span.end()
