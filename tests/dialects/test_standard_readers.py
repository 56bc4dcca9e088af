"""The readers of Standard Webhooks, CloudEvents and any JSON: who is let in, and what they read."""

from datetime import UTC, datetime

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.receipt import Receipt
from tidings.core.row import Family, Row
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret, new_key_pair, new_secret, sign
from tidings.dialects.standard.cloud_events_reader import CloudEventsReader
from tidings.dialects.standard.raw_reader import RawReader
from tidings.dialects.standard.standard_reader import StandardReader

AT = 1_773_640_800_000
LATE = 5 * 60_000 + 1_000
BODY = b'{"type":"order.created","timestamp":"2026-03-16T05:59:59Z","data":{"id":7,"lines":[{"sku":"a"}]}}'

Reader = StandardReader | CloudEventsReader | RawReader


def signed(*secrets: SigningSecret, body: bytes = BODY, prefix: str = "webhook") -> Receipt:
    signature = sign(secrets, "msg_1", timestamp=AT // 1_000, body=body)
    values = {"id": "msg_1", "timestamp": str(AT // 1_000), "signature": signature}
    headers = tuple((f"{prefix}-{name}", value) for name, value in values.items())
    return Receipt(source="shop", at=AT, headers=headers, body=body, id=1)


def plain(body: bytes, *, query: str = "", **headers: str) -> Receipt:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Receipt(source="shop", at=AT, headers=named, query=query, body=body, id=1)


def tables(receipt: Receipt, reader: Reader) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for change in reader.read(receipt).changes:
        rows = [change] if isinstance(change, Row) else change.rows
        cells: list[dict[str, object]] = [
            {one.name: one.value for one in row.fields if one.value is not None} for row in rows
        ]
        found.setdefault(change.place.name, []).extend(cells)
    return found


@pytest.mark.parametrize("reader", [StandardReader(), CloudEventsReader(), RawReader()])
@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_what_is_signed_just_now_is_let_in(reader: Reader, prefix: str) -> None:
    shared, pair = new_secret(), new_key_pair()

    reader.check(signed(shared, prefix=prefix), secret=Secret(shared.text), now=AT)
    reader.check(signed(pair, prefix=prefix), secret=Secret(pair.public_text), now=AT)


@pytest.mark.parametrize("reader", [StandardReader(), CloudEventsReader(), RawReader()])
@pytest.mark.parametrize("late", [LATE, -LATE])
def test_what_was_signed_at_another_time_by_another_or_otherwise_is_not(reader: Reader, late: int) -> None:
    shared = new_secret()
    genuine = signed(shared)

    with pytest.raises(Unauthenticated, match="webhook-timestamp is too"):
        reader.check(genuine, secret=Secret(shared.text), now=AT + late)
    with pytest.raises(Unauthenticated, match="no signature"):
        reader.check(genuine, secret=Secret(new_secret().text), now=AT)
    with pytest.raises(Unauthenticated, match="no signature"):
        reader.check(msgspec.structs.replace(genuine, body=BODY + b" "), secret=Secret(shared.text), now=AT)
    with pytest.raises(Unauthenticated, match="webhook-id is missing"):
        reader.check(plain(BODY, authorization=f"Bearer {shared.text}"), secret=Secret(shared.text), now=AT)


def test_a_shared_secret_without_its_prefix_is_one_too() -> None:
    text = new_secret().text.removeprefix("whsec_")
    verifier = Webhook(text)
    body = BODY.decode()
    signature = verifier.sign("msg_1", datetime.fromtimestamp(AT / 1_000, tz=UTC), body)
    receipt = plain(BODY, webhook_id="msg_1", webhook_timestamp=str(AT // 1_000), webhook_signature=signature)

    StandardReader().check(receipt, secret=Secret(text), now=AT)


def test_a_source_whose_secret_is_none_says_so_and_lets_nobody_in() -> None:
    with pytest.raises(Unauthenticated, match="its owner gave it"):
        StandardReader().check(signed(new_secret()), secret=Secret("short"), now=AT)


@pytest.mark.parametrize("reader", [CloudEventsReader(), RawReader()])
def test_a_plain_secret_is_brought_as_a_token(reader: Reader) -> None:
    secret = Secret("token of ours")

    reader.check(plain(b"{}", authorization="Bearer token of ours"), secret=secret, now=AT)
    reader.check(plain(b"{}", query="token=token%20of%20ours"), secret=secret, now=AT)
    for receipt in (plain(b"{}"), plain(b"{}", authorization="Basic token of ours"), signed(new_secret())):
        with pytest.raises(Unauthenticated, match="expected this source's secret"):
            reader.check(receipt, secret=secret, now=AT)


def test_a_standard_webhook_is_an_event_its_data_and_the_lines_in_it() -> None:
    assert tables(signed(new_secret()), StandardReader()) == {
        "events": [{"at": AT - 1_000, "source": "shop", "type": "order.created", "wire_id": "msg_1"}],
        "shop_order.created": [{"at": AT - 1_000, "id": 7.0}],
        "shop_order.created_lines": [{"at": AT - 1_000, "sku": "a"}],
    }


def test_the_first_telling_of_an_event_stays() -> None:
    first = signed(new_secret())
    again = msgspec.structs.replace(first, at=AT + 60_000)

    versions = [StandardReader().read(one).changes[0].version for one in (first, again)]

    assert versions[0] > versions[1]
    assert StandardReader().read(first).once == StandardReader().read(again).once


def test_a_body_of_another_form_is_all_data() -> None:
    receipt = signed(new_secret(), body=b'{"type":5,"object":"ping"}')

    assert tables(receipt, StandardReader())["shop"] == [{"at": AT, "object": "ping"}]


CLOUD_EVENT = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order.created", "subject": "7"}


def test_a_structured_and_a_binary_cloud_event_are_one() -> None:
    structured = plain(
        msgspec.json.encode({**CLOUD_EVENT, "time": "2026-03-16T05:00:00Z", "data": {"n": 1}}),
        content_type="application/cloudevents+json; charset=utf-8",
    )
    binary = plain(
        b'{"n":1}',
        content_type="application/json",
        ce_time="2026-03-16T05:00:00Z",
        **{f"Ce-{name}": value for name, value in CLOUD_EVENT.items()},
    )

    assert CloudEventsReader().read(structured) == CloudEventsReader().read(binary)
    assert tables(binary, CloudEventsReader())["shop_order.created"] == [
        {"at": AT - 3_600_000, "event_source": "/shop", "subject": "7", "n": 1.0}
    ]


@pytest.mark.parametrize("data", [[{"n": 1}, {"n": 2}], 5, None, "text"])
def test_the_data_of_a_cloud_event_may_be_any_json(data: object) -> None:
    found = tables(plain(msgspec.json.encode({**CLOUD_EVENT, "data": data})), CloudEventsReader())

    assert len(found["shop_order.created"]) == 1
    assert len(found.get("shop_order.created_data", [])) == (2 if isinstance(data, list) else 0)


@pytest.mark.parametrize("missing", ["id", "source", "type"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_a_cloud_event_without_what_it_must_have_is_invalid(missing: str, value: object) -> None:
    with pytest.raises(Invalid, match=f"{missing}: a CloudEvent must have it"):
        CloudEventsReader().read(plain(msgspec.json.encode({**CLOUD_EVENT, missing: value})))


def test_a_batch_of_cloud_events_and_attributes_that_are_no_text_are_invalid() -> None:
    with pytest.raises(Invalid, match="one a request"):
        CloudEventsReader().read(plain(b"[]", content_type="application/cloudevents-batch+json"))
    with pytest.raises(Invalid, match="ce-subject: holds what is not text"):
        CloudEventsReader().read(plain(b"{}", ce_id="1", ce_source="s", ce_type="t", ce_subject="a%00"))


@pytest.mark.parametrize(
    ("body", "row"),
    [(b'{"a":1}', {"a": 1.0}), (b"5", {"value": 5.0}), (b'["a","b"]', {"items": "a, b"}), (b"null", {})],
)
def test_any_json_is_a_row_of_its_source(body: bytes, row: dict[str, object]) -> None:
    assert tables(plain(body), RawReader())["shop"] == [{"at": AT, **row}]


def test_an_array_of_objects_is_rows_below_its_source() -> None:
    [_, _, items] = RawReader().read(plain(b'[{"a":1},{"a":2}]')).changes

    assert isinstance(items, Family)
    assert (items.place.name, len(items.rows)) == ("shop_items", 2)


def test_equal_measurements_are_two_events_unless_they_bring_an_id() -> None:
    one, two = plain(b'{"t":20}'), msgspec.structs.replace(plain(b'{"t":20}'), id=2)
    named, again = (plain(b'{"t":20}', Idempotency_Key="k"), plain(b'{"t":20}', Idempotency_Key="k"))

    assert RawReader().read(one).once != RawReader().read(two).once
    assert RawReader().read(named).once == RawReader().read(again).once
