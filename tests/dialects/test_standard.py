"""The forms for applications' own events."""

import json

from tidings.core.event import ANY, Event, Subject
from tidings.core.identifier import identifier_at, outside
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.dialects.standard.bare import Bare
from tidings.dialects.standard.cloud_events import CloudEvents
from tidings.dialects.standard.standard_webhooks import StandardWebhooks

EVENT = Event(
    id=identifier_at(1_773_640_800_123),
    type="order.created",
    subjects=(Subject("Application", "shop"),),
    data=b'{ "n": 1.0 }',
    at=1_773_640_800_123,
)


def subscription(*, object_id: str = "shop") -> Subscription:
    return Subscription(
        id="9b2f6f0a-4d5c-4a38-8a8e-6f0c3b1d7e24",
        subject=Subject("Application", object_id),
        types=compile_types(["order.*"]),
        url="https://example.com/hook",
        format="standard",
        expires_at=1,
    )


def test_standard_is_type_timestamp_and_data() -> None:
    body = StandardWebhooks().write(EVENT, subscription())

    assert body == b'{"type":"order.created","timestamp":"2026-03-16T06:00:00.123000Z","data":{ "n": 1.0 }}'


def test_raw_is_the_data_alone() -> None:
    assert Bare().write(EVENT, subscription()) == b'{ "n": 1.0 }'


def test_a_cloud_event_has_the_required_attributes_and_ours() -> None:
    body = CloudEvents().write(EVENT, subscription())

    assert json.loads(body) == {
        "specversion": "1.0",
        "id": outside(EVENT.id),
        "source": "/tidings",
        "type": "order.created",
        "subject": "Application/shop",
        "time": "2026-03-16T06:00:00.123000Z",
        "datacontenttype": "application/json",
        "data": {"n": 1.0},
    }


def test_a_cloud_event_names_the_program_that_published_it_and_the_publishers_own_event_id() -> None:
    event = Event(
        id=1, type="a", subjects=(Subject("Application", "shop"),), data=b"{}", at=0, wire_id="mine", source="c 1"
    )

    document = json.loads(CloudEvents().write(event, subscription(object_id=ANY)))

    assert (document["source"], document["eventid"]) == ("/connectors/c%201", "mine")
    assert document["id"] == outside(1)
    assert document["subject"] == "Application/shop"
