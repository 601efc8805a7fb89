"""One thread from a click to the message that it leads to: the ids that log lines and spans share.

A trace goes with the context that works for it, and between contexts as the header `traceparent`
(W3C Trace Context): in HTTP, in questions and events on the bus, and in the rows that wait for somebody.
Spans leave the process only where `export` was called; the ids are there always.
"""

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from time import time_ns
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from shared.refusal import Refused

HEADER = "traceparent"
ENDPOINTS = ("CALLOUT_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Where spans go, if one of these is set: the base address of a collector, or as OpenTelemetry has them."""

_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_ids = random.Random()  # noqa: S311 - they tell requests apart, and open nothing

Value: TypeAlias = str | int


class SpanKind(Enum):
    """As OpenTelemetry has it: who waits for whom."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Trace(Struct, frozen=True):
    """A place in a trace: the trace's id (32 hexadecimal digits) and the span's (16)."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def header(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


class Span:
    """Something that takes time. `error` is the kind of what it failed by; its words could be private.

    Whoever sets `held` ends it; it outlasts the block that it stands around.
    """

    __slots__ = ("after", "attributes", "began", "error", "held", "kind", "name", "trace")

    def __init__(self, name: str, kind: SpanKind, after: Trace | None, attributes: dict[str, Value]) -> None:
        self.name = name
        self.kind = kind
        self.after = after
        self.attributes = attributes
        self.error = ""
        self.held = False
        self.began = time_ns()
        span_id = f"{_ids.getrandbits(64) or 1:016x}"
        self.trace = Trace(after.trace_id, span_id, after.sampled) if after else _begin(span_id)

    def end(self) -> None:
        if _export:
            _export(self, time_ns())


Export = Callable[[Span, int], None]
"""Takes a span that has ended, and when, in nanoseconds since 1970."""

Sampled = Callable[[str], bool]
"""Whether a trace that begins here is to be recorded, by its id; whoever goes on with it keeps to that."""

_export: Export | None = None
_sampled: Sampled | None = None
_here: ContextVar[Trace | None] = ContextVar("callout_trace", default=None)
_events: ContextVar[Mapping[UUID, Trace] | None] = ContextVar("callout_traces_of_events", default=None)


def export(to: Export | None, sampled: Sampled | None = None) -> None:
    """Has every span of this process sent there from now on."""
    global _export, _sampled  # where spans go is a fact about the process, as is its log
    _export, _sampled = to, sampled


def export_as(service: str, environment: Mapping[str, str] = os.environ) -> Callable[[], None]:
    """Sends spans to the collector that the environment names, if it does; the answer ends that."""
    if not any(environment.get(name) for name in ENDPOINTS):
        return lambda: None
    from shared.telemetry import send_to  # its libraries take memory, and time at the start

    return send_to(environment.get(ENDPOINTS[0], ""), service)


def _begin(span_id: str) -> Trace:
    trace_id = f"{_ids.getrandbits(128) or 1:032x}"
    return Trace(trace_id, span_id, _sampled is None or _sampled(trace_id))


def current() -> Trace | None:
    """The trace that this context works for."""
    return _here.get()


def header() -> str | None:
    """The same, to be sent or kept for whoever goes on with it."""
    here = _here.get()
    return here.header if here else None


def headers() -> dict[str, str]:
    here = _here.get()
    return {HEADER: here.header} if here else {}


def read(given: str | None) -> Trace | None:
    """What somebody sent or kept; None for what is no `traceparent`."""
    found = _FORM.fullmatch(given) if given else None
    return Trace(found[1], found[2], bool(int(found[3], 16) & 1)) if found else None


@contextmanager
def inside(trace: Trace | None) -> Iterator[None]:
    """Works for that trace; for None, for the same as before."""
    if trace is None:
        yield
        return
    before = _here.set(trace)
    try:
        yield
    finally:
        _here.reset(before)


@contextmanager
def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, *, after: Trace | None = None, **attributes: Value
) -> Iterator[Span]:
    """A step of the trace `after`, or of the current one; where there is neither, a trace begins."""
    one = Span(name, kind, after or _here.get(), attributes)
    before = _here.set(one.trace)
    try:
        yield one
    except Refused as refused:
        one.attributes["refused"] = refused.why.name.lower()
        raise
    except Exception as error:
        one.error = type(error).__name__
        raise
    finally:
        _here.reset(before)
        if not one.held:
            one.end()


@contextmanager
def carrying(traces: Mapping[UUID, Trace]) -> Iterator[None]:
    """While a batch of events is taken in: the trace that each of them came with."""
    before = _events.set(traces)
    try:
        yield
    finally:
        _events.reset(before)


def of_event(event: UUID) -> Trace | None:
    """The trace that an event of this batch came with."""
    traces = _events.get()
    return traces.get(event) if traces else None
