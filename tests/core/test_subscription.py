"""Which events a subscription wants, and why not."""

from dataclasses import replace
from typing import Any

import pytest

from tidings.core.event import Event, Subject
from tidings.core.filter import compile_filter
from tidings.core.pattern import compile_types
from tidings.core.subscription import State, Subscription

NOW = 1_767_225_600_000
ORDERS = Subject("Application", "orders")
SUBSCRIPTION = Subscription(
    number=1,
    id="w-1",
    subject=ORDERS,
    types=compile_types(["order.*"]),
    url="https://example.com/",
    format="standard",
    expires_at=NOW + 1,
)
EVENT = Event(type="order.created", subjects=(Subject("Group", "g"), ORDERS), data=b'{"amount":3}', at=NOW)
ABOUT_ITSELF = Event(
    type="order.created", subjects=(ORDERS, Subject("Webhook", "w-1")), data=b'{"amount":3}', at=NOW, source=""
)
LARGE = compile_filter([{"path": "data.amount", "op": "gt", "value": 10}])
SMALL = compile_filter([{"path": "data.amount", "op": "lt", "value": 10}])


@pytest.mark.parametrize(
    ("subscription", "event", "why_not"),
    [
        pytest.param(SUBSCRIPTION, EVENT, None, id="one of its subjects and types"),
        pytest.param(replace(SUBSCRIPTION, filters=SMALL), EVENT, None, id="let through by its filter"),
        pytest.param(replace(SUBSCRIPTION, state=State.DISABLED), EVENT, None, id="while disabled: it is held"),
        pytest.param(replace(SUBSCRIPTION, withheld=True), EVENT, None, id="while withheld: it is held"),
        pytest.param(replace(SUBSCRIPTION, subject=Subject("Group", "*")), EVENT, None, id="by all of its kind"),
        pytest.param(replace(SUBSCRIPTION, state=State.ENDED), EVENT, "the webhook has ended", id="ended"),
        pytest.param(
            replace(SUBSCRIPTION, expires_at=NOW), EVENT, "the webhook's validity had run out", id="not valid any more"
        ),
        pytest.param(
            replace(SUBSCRIPTION, types=compile_types(["invoice.*"])),
            EVENT,
            "the webhook does not listen to order.created",
            id="another type",
        ),
        pytest.param(
            replace(SUBSCRIPTION, subject=Subject("Group", "orders")),
            EVENT,
            "the event is not about Group orders",
            id="another kind of the same name",
        ),
        pytest.param(replace(SUBSCRIPTION, only_in=frozenset("g")), EVENT, None, id="in one of its groups"),
        pytest.param(
            replace(SUBSCRIPTION, only_in=frozenset({"orders", "other"})),
            EVENT,
            "the event happened in no group in which this webhook hears",
            id="in another group",
        ),
        pytest.param(SUBSCRIPTION, ABOUT_ITSELF, "the event is about this webhook itself", id="about itself"),
        pytest.param(
            replace(SUBSCRIPTION, filters=SMALL),
            ABOUT_ITSELF,
            "the event is about this webhook itself",
            id="about itself, and the filter would let it through",
        ),
    ],
)
def test_whether_an_event_is_wanted_and_why_not(
    *, subscription: Subscription, event: Event, why_not: str | None
) -> None:
    assert subscription.why_not(event, event.document) == why_not
    assert subscription.wants(event, event.document) is (why_not is None)


def test_what_a_filter_refuses_is_explained_by_the_filter() -> None:
    subscription = replace(SUBSCRIPTION, filters=LARGE)

    assert not subscription.wants(EVENT, EVENT.document)
    assert "data.amount" in (subscription.why_not(EVENT, EVENT.document) or "")


def test_an_event_that_somebody_published_about_a_webhook_is_not_one_of_ours() -> None:
    published = Event(
        type="order.created", subjects=(ORDERS, Subject("Webhook", "w-1")), data=b"{}", at=NOW, source="shop"
    )

    assert SUBSCRIPTION.wants(published, published.document)


def test_without_a_filter_the_data_is_not_read() -> None:
    def document() -> dict[str, Any]:
        raise AssertionError("nobody asked for it")

    assert SUBSCRIPTION.wants(EVENT, document)


@pytest.mark.parametrize(
    ("subscription", "because"),
    [
        (SUBSCRIPTION, ""),
        (replace(SUBSCRIPTION, withheld=True), "or its connector was revoked; it goes out when that is mended"),
        (replace(SUBSCRIPTION, withheld=True, unopened="no key opens it"), "no key opens it"),
        (replace(SUBSCRIPTION, state=State.DISABLED, disabled_why="410"), "the webhook is disabled: 410; it goes out"),
        (replace(SUBSCRIPTION, state=State.ENDED), "the webhook has ended, so this is cancelled"),
    ],
    ids=["active", "withheld", "unopened", "disabled", "ended"],
)
def test_only_an_active_subscription_that_is_not_withheld_is_sent_to_and_any_other_says_why(
    *, subscription: Subscription, because: str
) -> None:
    assert subscription.is_sending == (not because)
    assert because in subscription.held_because
    assert bool(because) == bool(subscription.held_because)
