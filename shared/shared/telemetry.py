"""Sending spans to an OpenTelemetry collector, by OTLP over HTTP. Loaded only where one is named."""

import logging
from collections.abc import Callable
from threading import Thread

import structlog
from opentelemetry import trace as otel
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision

from shared import tracing
from shared.tracing import Span, Trace
from shared.version import VERSION

log = structlog.get_logger()

PATIENCE = 2.0  # seconds that a stop waits for the collector to take what is left


class _Given(IdGenerator):
    """The ids that the span has in the log already."""

    trace: Trace

    def generate_span_id(self) -> int:
        return int(self.trace.span_id, 16)

    def generate_trace_id(self) -> int:
        return int(self.trace.trace_id, 16)


def send_to(endpoint: str, service: str) -> Callable[[], None]:
    """Begins to send; the answer ends it, and waits a moment for what is still to be sent.

    endpoint  base address of the collector; empty: the standard variables say where, as they say all else
              (headers, certificates, sampling)
    """
    ids = _Given()
    provider = TracerProvider(
        resource=Resource.create(
            {"service.name": service, "service.namespace": "callout", "service.version": VERSION}
        ),
        id_generator=ids,
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("callout", VERSION)

    def send(span: Span, ended: int) -> None:
        ids.trace = span.trace
        around = otel.set_span_in_context(otel.NonRecordingSpan(_context(span.after))) if span.after else None
        told = tracer.start_span(
            span.name,
            around,
            otel.SpanKind[span.kind.value],
            attributes=span.attributes,
            start_time=span.began,
        )
        if span.error:
            told.set_attribute("error.type", span.error)
            told.set_status(otel.StatusCode.ERROR)
        told.end(ended)

    def sampled(trace_id: str) -> bool:
        return provider.sampler.should_sample(None, int(trace_id, 16), "").decision is not Decision.DROP

    tracing.export(send, sampled)

    def stop() -> None:
        tracing.export(None)
        # It would wait for each batch's timeout and its tries.
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(PATIENCE)
        if ending.is_alive():
            log.warning("spans dropped", reason="the collector does not take them")
            logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
            exporter.shutdown()  # type: ignore[no-untyped-call]

    return stop


def _context(trace: Trace) -> otel.SpanContext:
    flags = otel.TraceFlags(otel.TraceFlags.SAMPLED if trace.sampled else otel.TraceFlags.DEFAULT)
    return otel.SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), True, flags)
