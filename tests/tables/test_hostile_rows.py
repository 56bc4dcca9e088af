"""Rows that readers make of hostile bodies, in real databases of three engines."""

import msgspec

from tests.dialects.orders import HOSTILE, question, receipt, response
from tidings.core.receipt import Receipt
from tidings.dialects.discovery import discover
from tidings.tables.tables import Tables

READERS = discover().readers


def test_every_engine_takes_hostile_titles_and_answers(tables: Tables) -> None:
    questions = [question(title, answer=f"{number} {title}") for number, title in enumerate(HOSTILE)]

    tables.write(READERS["kaizala"].read(receipt(response(questions))).changes)

    [row] = tables.rows("responses_orderformdemo")
    assert {f"{number} {title}" for number, title in enumerate(HOSTILE)} <= set(row.values())
    assert len(list(tables.rows("events"))) == 1


def test_every_engine_takes_hostile_names_and_types(tables: Tables) -> None:
    body = msgspec.json.encode({title: {title: 1, "list": [{title: "x"}]} for title in HOSTILE})
    headers = (("ce-id", "1"), ("ce-source", "s"), ("ce-type", '"; drop table events; -- %s ' + "t" * 200))
    for name, sent in (("raw", ()), ("cloudevents", headers)):
        told = Receipt(id=1, source="shop", at=1_773_640_800_000, headers=sent, body=body)
        tables.write(READERS[name].read(told).changes)

    assert len(list(tables.rows("events"))) == 2
    assert len(list(tables.rows("shop"))) == 1


def test_every_engine_takes_instants_and_numbers_at_their_limits(tables: Tables) -> None:
    ends = [("1000-01-01T00:00:00Z", -30_610_224_000_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999)]
    numbers = {"big": 1.7976931348623157e308, "small": 5e-324, "id": 2**64}
    for number, (said, _) in enumerate(ends):
        body = msgspec.json.encode({"said": said, **numbers})
        receipt_ = Receipt(id=number, source="shop", at=1_773_640_800_000, body=body)
        tables.write(READERS["raw"].read(receipt_).changes)

    assert {row["said"] for row in tables.rows("shop")} == {at for _, at in ends}
    assert {row["id"] for row in tables.rows("shop")} == {str(2**64)}
