"""Rows that were laid reach the sinks, each once in effect, whatever fails on the way."""

import asyncio

import msgspec
import pytest
import standardwebhooks

from tests.dashboards.office import REAL, Office, OpenOffice, Words
from tests.outbox.conftest import failing_once
from tidings.core.clock import MINUTE, SECOND
from tidings.core.errors import Conflict, Invalid, NotFound, Unavailable
from tidings.core.receipt import Receipt
from tidings.core.row import Field, Place, Shape, row_of
from tidings.core.subscription import State
from tidings.dashboards.parcel import LARGEST, MOST_ROWS, Item, items_of, parcels_of
from tidings.store.audit import Audit


async def test_a_row_that_is_laid_arrives_signed_and_once(office: Office) -> None:
    await office.passing.create("all", to=office.endpoint.url, source="box", actor="test")
    await office.passing.end("all", actor="test")
    _, secret = await office.passing.create("signed", to=office.endpoint.url, table="words", actor="test")
    await office.passing.end("list", actor="test")
    at = office.clock.now()

    await office.tell({"word": "rice", "count": 2})
    [request] = await office.endpoint.received(1)

    body = standardwebhooks.Webhook(secret.text).verify(request.body, dict(request.headers))
    assert body["type"] == "rows.laid"
    [row] = body["data"].pop("rows")
    assert body["data"] == {"sink": "signed", "gone": []}
    assert (row["table"], row["key"], row["version"]) == ("words", {"word": "rice"}, at)
    assert (row["values"]["count"], row["values"]["is_long"]) == (2, False)
    assert row["values"]["at"].endswith("Z")
    assert await office.passing.step() == 0


async def test_a_changed_row_is_sent_again_with_a_greater_version(office: Office) -> None:
    await office.tell({"word": "rice", "count": 2})
    await office.clock.advance(SECOND)
    await office.tell({"word": "rice", "count": 3})

    await office.reaches(lambda: len(office.arrived()) == 2)
    first, second = sorted(office.arrived(), key=lambda row: int(row["version"]))
    assert first["key"] == second["key"]
    assert (first["values"]["count"], second["values"]["count"]) == (2, 3)
    assert second["version"] == first["version"] + SECOND


async def test_a_receiver_that_fails_gets_the_same_rows_later_under_the_same_id(office: Office) -> None:
    office.endpoint.script(500, 503, 200)

    await office.tell({"word": "rice", "count": 2})
    await office.reaches(lambda: len(office.endpoint.requests) == 3, by=2 * SECOND)

    assert len({request.header("webhook-id") for request in office.endpoint.requests}) == 1
    assert len({request.body for request in office.endpoint.requests}) == 1
    assert {request.header("kz-callback-token") for request in office.endpoint.requests} == {"sesame"}


async def test_what_was_laid_by_a_process_that_died_before_sending_it_is_sent_by_the_next(
    office: Office, open_office: OpenOffice
) -> None:
    await office.keep({"word": "rice", "count": 2})
    await office.parts.database.close()

    async with open_office() as restarted:
        await restarted.passing.step()
        await restarted.reaches(restarted.arrived)

    assert [row["key"]["word"] for row in restarted.arrived()] == ["rice"]


async def test_what_was_taken_by_a_process_that_died_is_sent_a_minute_later(office: Office) -> None:
    await office.keep({"word": "rice", "count": 2})
    await office.passing.sinks.claim("list", most=9, now=office.clock.now(), patience_ms=MINUTE)

    assert await office.passing.step() == 0
    await office.clock.advance(MINUTE + 1)
    assert await office.passing.step() == 1
    assert await office.passing.step() == 0

    await office.reaches(office.arrived, by=SECOND)
    assert [row["key"]["word"] for row in office.arrived()] == ["rice"]


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_lost_connection_loses_no_delivery_and_doubles_none(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    database = office.parts.database
    await office.keep({"word": "rice", "count": 2})

    monkeypatch.setattr(database, "keep", failing_once(database.keep, is_done=is_done))
    with pytest.raises(Unavailable, match="was lost"):
        await office.passing.step()
    await office.clock.advance(MINUTE + 1)
    assert await office.passing.step() == (0 if is_done else 1)
    assert await office.passing.step() == 0

    [sink] = await office.passing.sinks.list()
    deliveries, _ = await office.parts.history.deliveries(sink.webhook, limit=9)
    assert len(deliveries) == 1


async def test_many_rows_come_in_batches_each_once_though_two_send_at_a_time(office: Office) -> None:
    words = [f"word-{number}" for number in range(250)]
    await office.keep(*({"word": word, "count": 1} for word in words))

    while sum(await asyncio.gather(office.passing.step(), office.passing.step())):
        continue
    await office.reaches(lambda: len(office.arrived()) >= len(words))

    assert sorted(row["key"]["word"] for row in office.arrived()) == sorted(words)
    assert len(office.endpoint.requests) == 3


async def test_rows_of_other_tables_are_not_sent_and_nothing_is_owed_of_them(office: Office) -> None:
    await office.tell({"list": "fruit", "words": ["fig"]})
    await office.tell({"word": "rice", "count": 2})
    await office.reaches(office.arrived)

    assert len(office.endpoint.requests) == 1
    assert office.arrived("gone") == []
    assert await office.passing.sinks.waiting(before=office.clock.now()) == []


async def test_a_sink_of_a_source_gets_all_of_its_tables_and_nothing_of_others(office: Office) -> None:
    await office.inbox.create_source("tin", dialect="words", actor="test")
    await office.passing.create("tins", to=office.endpoint.url, source="tin", actor="test")
    await office.passing.end("list", actor="test")

    await office.tell({"word": "rice", "count": 2})
    await office.tell({"word": "oil", "count": 1}, {"list": "fruit", "words": ["fig"]}, source="tin")
    await office.reaches(office.arrived)

    assert [(row["table"], row["key"]) for row in office.arrived()] == [
        ("words", {"word": "oil"}),
        ("lists", {"list": "fruit", "word": "fig"}),
    ]


async def test_rows_that_a_later_telling_leaves_out_are_told_to_be_gone(office: Office) -> None:
    await office.tell({"list": "fruit", "words": ["fig", "lime"]})
    await office.passing.create("lists", to=office.endpoint.url, table="lists", actor="test")
    await office.clock.advance(SECOND)

    await office.tell({"list": "fruit", "words": ["fig"]})
    await office.reaches(office.arrived)

    [row], [gone] = office.arrived(), office.arrived("gone")
    assert row["key"] == {"list": "fruit", "word": "fig"}
    assert gone == {"table": "lists", "where": {"list": "fruit"}, "olderThan": row["version"]}


async def test_laying_everything_again_sends_everything_again(office: Office) -> None:
    await office.inbox.replay(progress=lambda _: None)
    await office.passing.step()

    await office.reaches(office.arrived)
    assert [row["key"]["word"] for row in office.arrived()] == ["first"]


async def test_a_sink_that_was_gone_gets_what_was_held_when_it_is_resumed(office: Office) -> None:
    office.endpoint.script(410, 200)
    [sink] = await office.passing.sinks.list()
    await office.tell({"word": "rice", "count": 2})
    while (webhook := await office.passing.webhook(sink)) is None or webhook.state is State.ACTIVE:
        await REAL.sleep(0.005)
    await office.tell({"word": "oil", "count": 1})

    await office.passing.resume("list", actor="test")
    await office.reaches(lambda: len(office.endpoint.requests) == 3, by=SECOND)

    assert {row["key"]["word"] for row in office.arrived()} == {"rice", "oil"}
    assert "webhook.resumed" in {entry.action for entry in await Audit(office.parts.database).entries()}


async def test_nothing_is_sent_to_a_sink_that_has_ended_and_its_name_stays_taken(office: Office) -> None:
    await office.keep({"word": "rice", "count": 2})
    await office.passing.end("list", actor="test")

    assert await office.passing.step() == 0
    await office.tell({"word": "oil", "count": 1})
    assert not office.endpoint.requests
    assert await office.passing.sinks.list() == []
    with pytest.raises(NotFound):
        await office.passing.end("list", actor="test")
    with pytest.raises(Conflict, match="is or was"):
        await office.passing.create("list", to=office.endpoint.url, table="words", actor="test")


async def test_a_sink_of_nothing_is_refused(office: Office) -> None:
    with pytest.raises(Invalid, match="name a table"):
        await office.passing.create("new", to=office.endpoint.url, actor="test")
    with pytest.raises(Invalid, match="no such table"):
        await office.passing.create("new", to=office.endpoint.url, table="nothing", actor="test")
    with pytest.raises(NotFound, match="no such source"):
        await office.passing.create("new", to=office.endpoint.url, source="nobody", actor="test")


async def test_a_running_installation_sends_what_it_receives(open_office: OpenOffice) -> None:
    async with open_office(is_at_work=True) as office:
        source = await office.parts.inbox.create_source("shop", dialect="raw", actor="test")
        await office.parts.passing.create("list", to=office.endpoint.url, source="shop", actor="test")
        bearing = (("Authorization", f"Bearer {source.secret.reveal()}"),)
        receipt = Receipt(source="shop", at=office.clock.now(), body=b'{"a":1.5}', headers=bearing, peer="192.0.2.1")

        await office.parts.inbox.receiving.receive(receipt)
        await office.reaches(office.arrived, by=SECOND)

    rows = {row["table"]: row for row in office.arrived()}
    assert rows["shop"]["values"]["a"] == 1.5
    assert rows["events"]["key"] == rows["shop"]["key"]


async def test_rows_of_a_table_that_is_not_there_any_more_keep_no_other_row_back(office: Office) -> None:
    said = {"word": "rice", "count": 1}
    await office.keep(said)
    tables = await asyncio.to_thread(office.parts.open_tables)
    [known] = Words().read(Receipt(source="box", at=0, body=msgspec.json.encode(said))).changes
    survey = Place("survey:1", "survey_1", "A survey.")
    gone = row_of(place=survey, key=(Field("id", "id", Shape.TEXT, "1"),), fields=(), version=1)

    told = await asyncio.to_thread(lambda: list(items_of([gone, known], tables=tables, wish="")))

    assert [msgspec.json.decode(item.json)["table"] for item in told] == ["words"]


def test_a_parcel_holds_so_many_rows_and_bytes_and_a_receipt_is_told_with_its_last_one() -> None:
    small, large = Item(b'{"n":1}'), Item(b'{"text":"%b"}' % (b"a" * LARGEST))
    told = {1: [small] * (MOST_ROWS - 1), 2: [small, small], 3: [large], 4: [], 5: [small]}

    parcels = list(parcels_of(told, sink="list"))

    assert [parcel.receipts for parcel in parcels] == [(1,), (2,), (3,), (5,)]
    sizes = [len(msgspec.json.decode(parcel.data)["rows"]) for parcel in parcels]
    assert sizes == [MOST_ROWS, 1, 1, 1]
    assert list(parcels_of({4: []}, sink="list")) == []
