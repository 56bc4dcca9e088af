"""What every reader keeps to, shown on what its dialect writes or on the examples in its folder."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.test_conformance import subscription_to
from tidings.core.dialect import Reader
from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.receipt import Receipt
from tidings.core.row import Change, Field, Row
from tidings.core.secret import Secret
from tidings.core.signature import new_secret
from tidings.dialects.discovery import SAMPLE_AT, discover
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.tables.tables import Tables

FOUND = discover()
GOLDEN = Path(__file__).parent / "golden"
LATER = 60_000


PROVING = ["kz-callback-token", "authorization", "x-hub-signature-256", "stripe-signature"]
PROVING += ["webhook-id", "webhook-timestamp", "webhook-signature"]
NEARLY = ["", "x", "Bearer ", "Bearer x", "sha256=", "sha256=é", "t=1,v1=", "v1,", "v1a,x", "9" * 30]
FORGED = st.sampled_from(NEARLY) | st.text(st.characters(max_codepoint=255), max_size=20)


NAMES = ["id", "type", "source", "time", "timestamp", "data", "object", "created", "trigger", "reportTask", "eventType"]
NAMES += ["eventId", "subject", "status", "startOn", "url"]
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)


def received(name: str) -> list[Receipt]:
    """What a reader of that name gets."""
    if name in FOUND.received:
        return list(FOUND.received[name])
    dialect = FOUND.dialects[name]
    return [
        Receipt(
            source=name,
            at=SAMPLE_AT + LATER,
            headers=(
                ("Content-Type", dialect.content_type),
                ("Webhook-Id", f"message {event.type}"),
                ("Tidings-Event-Time", str(event.at)),
            ),
            body=dialect.write(msgspec.structs.replace(event, id=number), subscription_to(event)),
        )
        for number, event in enumerate(FOUND.samples.values(), 1)
    ]


RECEIPTS = [
    pytest.param(reader, receipt, id=f"{reader.name}-{number}")
    for reader in FOUND.readers.values()
    for number, receipt in enumerate(received(reader.name))
]
READERS = pytest.mark.parametrize("reader", FOUND.readers.values(), ids=FOUND.readers)


def rows(changes: Sequence[Change]) -> Iterator[Row]:
    for change in changes:
        yield from [change] if isinstance(change, Row) else change.rows


def as_lines(changes: Sequence[Change]) -> Iterator[str]:
    def cells(fields: Sequence[Field]) -> dict[str, object]:
        return {one.name: one.value for one in fields if one.value is not None}

    for row in rows(changes):
        shown = {"table": row.place.name, "key": cells(row.key), "fields": cells(row.fields)}
        yield json.dumps(shown, ensure_ascii=False)


@pytest.mark.parametrize(("reader", "receipt"), RECEIPTS)
def test_reading_twice_says_the_same(reader: Reader, receipt: Receipt) -> None:
    reading = reader.read(receipt)

    assert reader.read(receipt) == reading
    assert reading.once


@pytest.mark.parametrize(("reader", "receipt"), RECEIPTS)
def test_every_receipt_is_one_event_and_every_row_has_a_time(reader: Reader, receipt: Receipt) -> None:
    changes = reader.read(receipt).changes

    [event] = [row for row in rows(changes) if row.place.origin == "events"]
    assert [one.origin for one in event.key] == ["event_id"]
    assert all("at" in {one.origin for one in row.fields} for row in rows(changes))


@pytest.mark.parametrize(("reader", "receipt"), RECEIPTS)
def test_fields_of_a_row_are_columns_of_their_own(reader: Reader, receipt: Receipt) -> None:
    for row in rows(reader.read(receipt).changes):
        origins = [one.origin for one in (*row.key, *row.fields)]
        assert len(set(origins)) == len(origins)


@READERS
def test_what_receipts_say_is_what_they_said_at_the_last_release(reader: Reader) -> None:
    """One line a row. To change tables on purpose, change the golden file in the same commit."""
    lines = [line for receipt in received(reader.name) for line in as_lines(reader.read(receipt).changes)]

    assert lines == (GOLDEN / f"rows_{reader.name}.ndjson").read_text().splitlines()


@READERS
def test_tables_take_what_was_read_and_reading_it_again_changes_nothing(reader: Reader, tables: Tables) -> None:
    receipts = received(reader.name)
    tables.write([change for receipt in receipts for change in reader.read(receipt).changes])
    before = {name: list(tables.rows(name)) for name in tables.known()}

    for receipt in receipts:
        tables.write(reader.read(msgspec.structs.replace(receipt, at=receipt.at + LATER)).changes)

    assert {name: list(tables.rows(name)) for name in tables.known()} == before
    assert len(before["events"]) == len(receipts)


@READERS
@given(body=st.binary(max_size=200) | GARBAGE.map(msgspec.json.encode))
def test_garbage_is_invalid_and_nothing_else(reader: Reader, body: bytes) -> None:
    with contextlib.suppress(Invalid):
        reader.read(Receipt(source="s", at=SAMPLE_AT, body=body))


@READERS
@given(
    headers=st.lists(st.tuples(st.sampled_from(PROVING), FORGED), max_size=4).map(tuple),
    query=st.sampled_from(["", "token=", "key=x", "token=x&key=%00", "&" * 300]),
    secret=st.sampled_from(["", "of our own", new_secret().text, "whpk_"]),
)
def test_forged_receipts_are_not_from_who_has_the_secret(
    reader: Reader, *, headers: tuple[tuple[str, str], ...], query: str, secret: str
) -> None:
    receipt = Receipt(source="s", at=SAMPLE_AT, headers=headers, query=query, body=b"{}")

    with pytest.raises(Unauthenticated) as refusal:
        reader.check(receipt, secret=Secret(secret), now=SAMPLE_AT)

    assert not secret or secret not in refusal.value.message


def test_every_event_type_of_kaizala_has_a_table_besides_that_of_all_events() -> None:
    types = {}
    for receipt in received("kaizala"):
        reading = FOUND.readers["kaizala"].read(receipt)
        types[reading.type] = {change.place.name for change in reading.changes} - {"events"}

    assert {name for name, tables in types.items() if tables} >= set(EVENT_TYPES)
