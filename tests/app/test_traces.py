"""What became of events is told as traces, to whoever collects them."""

from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.event import Event, Subject
from tidings.core.identifier import outside
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import Endpoint


async def test_all_spans_of_an_event_share_the_trace_that_has_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Endpoint() as collector, Endpoint(500, 200) as endpoint:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.rstrip("/"))
        settings = load(
            {},
            folder=tmp_path,
            database=f"sqlite:{tmp_path / 'tidings.db'}",
            port="0",
            egress_allow="127.0.0.1/32",
            egress_http="on",
            retry_schedule="100ms",
        )
        async with served(settings) as serving:
            subject = Subject("Application", "orders")
            terms = Terms(types=("*",), url=endpoint.url)
            await serving.parts.subscribing.create(subject, terms, connector="shop", owner="")
            event = Event(type="order.created", subjects=(subject,), data=b"{}", at=serving.parts.clock.now())
            kept = await serving.parts.hub.publisher.publish_one(Draft(event=event))
            await endpoint.received(2)
        await collector.received(1)

    spans = [span for request in collector.requests for span in _spans(request.body)]
    of_event = [span for span in spans if span.trace_id.hex() == outside(kept.id).replace("-", "")]
    assert [request.target for request in collector.requests] == ["/v1/traces"] * len(collector.requests)
    assert sorted(span.name for span in of_event) == ["deliver", "deliver", "publish"]
    failed, delivered = sorted(
        (span for span in of_event if span.name == "deliver"), key=lambda span: span.start_time_unix_nano
    )
    assert (failed.status.code, failed.status.message) == (Status.STATUS_CODE_ERROR, "the endpoint answered 500")
    assert delivered.status.code == Status.STATUS_CODE_UNSET
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in of_event)


def _spans(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
