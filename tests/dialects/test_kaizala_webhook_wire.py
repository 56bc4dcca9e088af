"""What is asked for about webhooks, understood; and what is told of them."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tidings.core.errors import Invalid
from tidings.core.event import ANY, Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_key_pair, new_secret
from tidings.core.subscription import State, Subscription
from tidings.dialects.discovery import discover
from tidings.dialects.kaizala.sampling import sample_for
from tidings.dialects.kaizala.wire.lenient import read
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES, NewWebhook, WebhookChanges, object_type, told
from tidings.outbox.terms import Terms, agree

NOW = 1_773_640_800_000
SAMPLES = discover().samples


def asked(kind: str = "Group", /, **fields: object) -> Terms:
    body = {"objectId": "g", "objectType": kind, "eventTypes": ["MemberAdded"], "callBackUrl": "https://example.com/h"}
    return read(NewWebhook, body | fields).terms(kind)


def subscription(*types: str, subject: Subject = Subject("Group", "g"), **terms: Any) -> Subscription:  # noqa: ANN401, B008 - the fields of Terms; a frozen value
    blank = Subscription(
        id="9b2f6f0a-4d5c-4a38-8a8e-6f0c3b1d7e24",
        subject=subject,
        types=compile_types(types),
        url="https://example.com/h",
        format="kaizala",
        secrets=(new_secret(),),
        created_at=NOW,
        expires_at=NOW + 1,
    )
    return agree(blank, Terms(**terms), now=NOW, formats={"kaizala", "raw"})


def test_every_object_type_is_known_in_any_case() -> None:
    assert [object_type(name.upper()) for name in OBJECT_TYPES] == list(OBJECT_TYPES)
    with pytest.raises(Invalid, match="objectType: 'Team' is not known; use one of Group, Action, ActionPackage, Appl"):
        object_type("Team")


def test_kaizalas_event_types_count_in_any_case_and_others_as_they_are() -> None:
    assert asked(eventTypes=["memberadded"]).types == ("MemberAdded",)
    assert asked("Application", eventTypes=["memberadded", "order.*"]).types == ("memberadded", "order.*")


def test_what_is_not_sent_leaves_what_there_is() -> None:
    assert read(WebhookChanges, {}).terms("Group") == Terms()


def test_an_event_that_cannot_occur_at_the_object_is_refused() -> None:
    with pytest.raises(Invalid, match=r"eventTypes\[0\]: TextMessageCreated does not occur at Action; use objectType"):
        asked("Action", eventTypes=["TextMessageCreated"])


@pytest.mark.parametrize("validity", [1_805_000_000_000, "1805000000000", 1_805_000_000, "1805000000", 1805000000.0])
def test_validity_is_text_or_a_number_in_seconds_or_milliseconds(validity: object) -> None:
    assert asked(validity=validity).expires_at == 1_805_000_000_000


def test_a_validity_after_the_year_9999_is_refused() -> None:
    with pytest.raises(Invalid, match="validity: lies beyond the year 9999"):
        asked(validity=253_402_300_800_000)


def test_every_field_of_ours_is_understood() -> None:
    terms = asked(
        callBackHeaders={"X-Env": "test"},
        schedule="1s,1m",
        timeout="5s",
        order="true",
        orderKey="data.actionId",
        rateLimit="2.5",
        basicAuth={"user": "u", "password": "p:w"},
        filters=[{"path": "data.type", "op": "eq", "value": "Admin"}],
        format="raw",
        validate=False,
    )

    assert terms.headers == {"X-Env": "test"}
    assert (terms.schedule, terms.timeout_ms, terms.is_ordered, terms.order_key) == (
        "1s,1m",
        5_000,
        True,
        "data.actionId",
    )
    assert (terms.rate, terms.basic_auth, terms.format, terms.validate) == (2.5, "u:p:w", "raw", False)
    assert terms.filters == [{"path": "data.type", "op": "eq", "value": "Admin"}]


def test_an_order_that_is_denied_and_named_at_once_is_refused() -> None:
    with pytest.raises(Invalid, match="order: is false, but there is an orderKey"):
        asked(order=False, orderKey="data.id")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timeout": "soon"}, "timeout: 'soon' is not a duration"),
        ({"basicAuth": {"user": "a:b"}}, "basicAuth.user: expected a text"),
        ({"signature": "rsa"}, "signature: expected one of ed25519, hmac$"),
        ({"objectId": ""}, "objectId: expected a text of at least 1 characters"),
        ({"filters": {"path": "a"}}, "filters: expected a list"),
        ({"rateLimit": "-1"}, "rateLimit: expected a number$"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(fields: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        asked(**fields)


def test_a_request_shows_no_secrets_when_it_is_printed() -> None:
    body = {"callBackToken": "hush", "basicAuth": {"user": "u", "password": "hush"}, "callBackHeaders": {"a": "hush"}}

    request = read(WebhookChanges, body)

    assert "hush" not in repr(request)
    assert "hush" not in repr(request.basic_auth)


def test_a_webhook_is_told_in_the_spelling_of_get() -> None:
    webhook = json.loads(msgspec.json.encode(told(subscription("MemberAdded", token="t", context="c"))))

    assert list(webhook)[:11] == [
        "id",
        "objectId",
        "objectType",
        "events",
        "filters",
        "callbackUrl",
        "callbackToken",
        "ts",
        "validity",
        "active",
        "callBackContext",
    ]
    assert webhook["events"] == ["MemberAdded"]
    assert (webhook["filters"], webhook["ts"], webhook["validity"], webhook["active"]) == ([], NOW, NOW + 1, True)
    assert webhook["callbackToken"] == "t"
    assert webhook["callBackContext"] == webhook["callbackContext"] == "c"
    assert "health" not in webhook


def test_of_headers_basic_auth_and_certificate_no_secrets_are_told() -> None:
    webhook = told(subscription("MemberAdded", headers={"X-Key": "hush"}, basic_auth="u:hush"))

    assert b"hush" not in msgspec.json.encode(webhook)
    assert (webhook.call_back_header_names, webhook.basic_auth_user) == (["X-Key"], "u")
    assert webhook.has_client_certificate is False


def test_a_webhook_says_how_its_callbacks_are_signed() -> None:
    shared = subscription("MemberAdded")

    assert told(shared).signature == "hmac"
    assert told(replace(shared, secrets=(new_key_pair(),))).signature == "ed25519"


def test_what_get_tells_can_be_sent_back_by_put_and_changes_nothing() -> None:
    before = subscription(
        "MemberAdded",
        "MemberRemoved",
        token="t",
        context="c",
        schedule="1s,1m",
        timeout_ms=5_000,
        order_key="data.member",
        rate=2.0,
        headers={"X-Key": "hush"},
        basic_auth="u:hush",
        filters=[{"path": "data.type", "op": "eq", "value": "Admin"}],
    )
    sent = msgspec.json.decode(msgspec.json.encode(told(before)))

    terms = read(WebhookChanges, sent).terms("Group")

    assert agree(before, terms, now=NOW, formats={"kaizala"}) == before


def test_a_test_event_is_of_the_first_type_and_about_the_webhooks_own_object() -> None:
    sample = sample_for(subscription("ActionResponse", "MemberAdded"), SAMPLES)

    assert sample.type == "ActionResponse"
    assert sample.subjects[0] == Subject("Group", "g")
    assert [subject.kind for subject in sample.subjects] == ["Group", "Action", "ActionPackage"]
    assert sample.wire_id == ""


def test_a_test_event_can_be_chosen_among_the_types_that_are_heard() -> None:
    heard = subscription("ActionResponse", "MemberAdded")

    assert sample_for(heard, SAMPLES, wanted="MemberAdded").type == "MemberAdded"
    with pytest.raises(Invalid, match="eventType: this webhook does not hear GroupAdded; it hears ActionResponse, Mem"):
        sample_for(heard, SAMPLES, wanted="GroupAdded")


def test_a_wildcard_is_tested_with_a_sample_that_it_hears() -> None:
    shop = Subject("Application", "mine")

    assert sample_for(subscription("order.*", subject=shop), SAMPLES).type == "order.created"


def test_a_type_without_a_sample_is_tested_with_a_plain_event() -> None:
    shop = Subject("Application", "mine")
    plain = Event(type="invoice.paid", subjects=(shop,), data=b'{"test":true}', at=0)

    assert sample_for(subscription("invoice.paid", subject=shop), SAMPLES) == plain
    assert sample_for(subscription("invoice.*", subject=shop), SAMPLES).type == "invoice.test"


def test_a_webhook_on_everything_is_tested_with_the_samples_own_object() -> None:
    everything = subscription("*", subject=Subject("Application", ANY))

    assert sample_for(everything, {}).subjects == (Subject("Application", "test"),)
    assert sample_for(everything, SAMPLES, wanted="order.shipped").subjects == (Subject("Application", "shop"),)


def test_a_disabled_webhook_is_not_active() -> None:
    assert told(replace(subscription("MemberAdded"), state=State.DISABLED)).active is False
