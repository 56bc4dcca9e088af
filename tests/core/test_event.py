"""What an event is called, and the JSON that filters and order keys look at."""

import pytest

from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import outside


def event(**fields: object) -> Event:
    values: dict[str, object] = {"type": "order.created", "subjects": (Subject("Group", "g"),), "data": b"{}", "at": 1}
    return Event(**values | fields)  # type: ignore[arg-type]  # the test names real fields


@pytest.mark.parametrize(
    ("wire_id", "name"),
    [
        pytest.param("r-1", "r-1", id="its source's word for it"),
        pytest.param("", outside(77 << 20), id="ours, if its source has none"),
    ],
)
def test_an_event_is_called(wire_id: str, name: str) -> None:
    assert event(id=77 << 20, wire_id=wire_id).name == name


def test_filters_see_type_names_subjects_data_and_actor() -> None:
    said = event(data=b'{"amount":{"value":1}}', wire_id="w", actor=Actor(phone="+910000000001", id="i", name="Ada"))

    assert said.document() == {
        "eventType": "order.created",
        "eventId": "w",
        "subjects": [{"objectType": "Group", "objectId": "g"}],
        "data": {"amount": {"value": 1}},
        "fromUser": "+910000000001",
        "fromUserId": "i",
        "fromUserName": "Ada",
    }
