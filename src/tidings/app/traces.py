"""Traces: what became of each event, as OpenTelemetry spans sent by OTLP; an extra (`pip install tidings[otel]`).

All spans of an event share one trace, whose id is the event's: `publish` until it was on disk, and a `deliver` for each
attempt. Where they go is told by the variables that OpenTelemetry defines (OTEL_EXPORTER_OTLP_ENDPOINT and so on).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from tidings.core.delivery import Attempt, State
from tidings.core.event import Event
from tidings.core.identifier import instant_of, outside

_NS = 1_000_000
_Values = Mapping[str, str | int]


class Traces:
    """Makes spans of what the outbox tells, after the fact; a thread of the library's sends them in batches."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def kept(self, event: Event) -> None:
        """An event is on disk."""
        end = instant_of(event.id)
        values: _Values = {"tidings.event": outside(event.id), "tidings.event.type": event.type}
        span = self._begun("publish", event.id, values=values, at=min(event.at, end))
        span.end(end * _NS)

    def attempted(self, attempt: Attempt) -> None:
        """An attempt is on disk."""
        values: _Values = {
            "tidings.delivery": outside(attempt.event, attempt.subscription),
            "tidings.outcome": attempt.outcome,
            "tidings.state": attempt.state,
            "http.response.status_code": attempt.status,
            "network.peer.address": attempt.address,
        }
        span = self._begun("deliver", attempt.event, values=values, at=attempt.at)
        if attempt.state is not State.DELIVERED:
            span.set_status(Status(StatusCode.ERROR, attempt.error))
        span.end((attempt.at + max(0, round(attempt.timings[-1]))) * _NS)

    def _begun(self, name: str, event: int, *, values: _Values, at: int) -> Span:
        return self._tracer.start_span(name, context=_within(event), attributes=values, start_time=at * _NS)


@contextlib.asynccontextmanager
async def tracing() -> AsyncIterator[Traces]:
    """Send spans while in the context; on leaving, those that are there."""
    provider = TracerProvider(resource=Resource.create({"service.name": "tidings"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Traces(provider.get_tracer("tidings", version("tidings")))
    finally:
        await asyncio.to_thread(provider.shutdown)


def _within(event: int) -> Context:
    """The context of an event's trace: its id, and a parent that stands for the event itself."""
    context = SpanContext(UUID(outside(event)).int, event, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(context))
