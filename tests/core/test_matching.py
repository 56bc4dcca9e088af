"""The index finds what asking every subscription would find."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from tidings.core.event import Event, Subject
from tidings.core.filter import compile_filter
from tidings.core.matching import Index
from tidings.core.pattern import compile_types
from tidings.core.subscription import State, Subscription

NOW = 1_767_225_600_000
KINDS = st.sampled_from(["Group", "Action", "Webhook"])
SUBJECTS = st.builds(Subject, KINDS, st.sampled_from(["a", "b", "w-1", "w-2", "*"]))
TYPES = st.sampled_from(["order.created", "order.paid", "invoice"])
PATTERNS = st.sampled_from(["*", "order.*", "order.paid", "invoice"])
FILTERS = st.sampled_from([None, compile_filter([{"path": "data.amount", "op": "gt", "value": 5}])])
SUBSCRIPTIONS = st.builds(
    Subscription,
    number=st.integers(1, 6),
    id=st.sampled_from(["w-1", "w-2", "w-3"]),
    subject=SUBJECTS,
    types=st.lists(PATTERNS, min_size=1, max_size=2).map(compile_types),
    url=st.just("https://example.com/"),
    format=st.just("standard"),
    state=st.sampled_from(State),
    filters=FILTERS,
    only_in=st.sampled_from([None, frozenset(), frozenset("a")]),
    withheld=st.booleans(),
    expires_at=st.sampled_from([NOW, NOW + 1]),
)
EVENTS = st.builds(
    Event,
    type=TYPES,
    subjects=st.lists(SUBJECTS, max_size=4).map(tuple),
    data=st.sampled_from([b'{"amount":3}', b'{"amount":7}']),
    at=st.just(NOW),
    source=st.sampled_from(["", "shop"]),
)


@given(steps=st.lists(st.lists(SUBSCRIPTIONS, max_size=6), max_size=4), events=st.lists(EVENTS, min_size=1, max_size=2))
def test_matching_finds_each_subscription_that_wants_the_event_and_each_once(
    steps: list[list[Subscription]], events: list[Event]
) -> None:
    index = Index()
    latest: dict[int, Subscription] = {}
    for version, changed in enumerate(steps, 1):
        index.take(version, changed)
        latest |= {one.number: one for one in changed}
        # Each twice: of the second of the same subjects, something is known from the first.
        for event in [each for each in events for _ in range(2)]:
            found = index.matches(event)

            wanted = [one for one in latest.values() if one.wants(event, event.document)]
            assert sorted(one.number for one in found) == sorted(one.number for one in wanted)
            assert all(latest[one.number] is one for one in found)


@given(steps=st.lists(st.lists(SUBSCRIPTIONS, max_size=6), max_size=4))
def test_the_index_has_whatever_has_not_ended(steps: list[list[Subscription]]) -> None:
    index = Index()
    latest: dict[int, Subscription] = {}
    for version, changed in enumerate(steps, 1):
        index.take(version, changed)
        latest |= {one.number: one for one in changed}

    alive = {number for number, one in latest.items() if one.state is not State.ENDED}
    assert {number for number in range(1, 7) if index.get(number)} == alive
    assert len(index) == len(alive)
    assert index.version == len(steps)


def test_an_event_that_several_filters_look_at_is_read_once() -> None:
    made: list[str] = []

    class Counted(Event, frozen=True, kw_only=True):
        """An event that tells how often its JSON was made."""

        def document(self) -> dict[str, Any]:
            made.append(self.type)
            return super().document()

    index = Index()
    index.take(
        1,
        [
            Subscription(
                number=number,
                id=f"w-{number}",
                subject=Subject("Group", "a"),
                types=compile_types(["*"]),
                url="https://example.com/",
                format="standard",
                filters=compile_filter([{"path": "data.amount", "op": "exists", "value": True}]),
                expires_at=NOW + 1,
            )
            for number in range(1, 10)
        ],
    )
    event = Counted(type="order.paid", subjects=(Subject("Group", "a"),), data=b'{"amount":1}', at=NOW)

    assert len(index.matches(event)) == 9
    assert made == ["order.paid"]


def test_of_any_number_of_subscriptions_only_those_on_the_events_subjects_are_looked_at() -> None:
    asked: list[int] = []

    class Asked(Subscription):
        """A subscription that tells when it is looked at."""

        def chooses(self, event: Event, document: Callable[[], dict[str, Any]]) -> bool:
            asked.append(self.number)
            return super().chooses(event, document)

    shared: dict[str, Any] = {"types": compile_types(["*"]), "url": "https://example.com/", "format": "standard"}
    index = Index()
    index.take(
        1,
        [
            Asked(number=number, id=f"w-{number}", subject=Subject(kind, of), expires_at=NOW + 1, **shared)
            for number, (kind, of) in enumerate(
                [*(("Group", f"g-{place}") for place in range(10_000)), ("Group", "*"), ("Action", "*")], 1
            )
        ],
    )
    event = Event(type="order.paid", subjects=(Subject("Group", "g-77"),) * 2, data=b"{}", at=NOW)

    found = index.matches(event)

    assert asked == [one.number for one in found] == [78, 10_001]
