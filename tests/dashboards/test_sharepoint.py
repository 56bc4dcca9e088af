"""Rows get into a list of SharePoint, an item for each key, whatever Graph answers on the way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.dashboards.far_list import LIST, SITE, FarList, answered
from tests.dashboards.office import REAL, Office, OpenOffice
from tidings.core.clock import MINUTE, SECOND
from tidings.core.delivery import State
from tidings.core.errors import Invalid, Undeliverable
from tidings.core.secret import Secret
from tidings.core.vault import Drawer, Vault, new_key
from tidings.dashboards.carrying import ListAddress
from tidings.store.database import Statement, Value

Trouble = tuple[int, dict[str, str]] | None


@pytest.fixture
def database_url(tmp_path: Any) -> str:  # noqa: ANN401 - pytest's own
    """One engine: what the store has to do with it is told by tests of both."""
    return f"sqlite:{tmp_path / 'tidings.db'}"


def address(office: Office, **changed: Any) -> ListAddress:  # noqa: ANN401 - any field of it
    url = office.endpoint.url
    fields: dict[str, Any] = {
        "tenant": "tenant",
        "client": "client",
        "secret": Secret("hush"),
        "site": SITE,
        "list": LIST,
    }
    return ListAddress(**fields | {"authority": url, "graph": url} | changed)


@pytest.fixture
async def office(open_office: OpenOffice) -> AsyncIterator[Office]:
    """With tables of words and of lists already, and no sinks."""
    async with open_office() as office:
        await office.inbox.create_source("box", dialect="words", actor="test")
        await office.tell({"word": "first", "count": 0}, {"list": "first", "words": ["none"]})
        yield office


@pytest.fixture
def far(office: Office) -> FarList:
    return FarList(office.endpoint)


async def keep_words(office: Office) -> None:
    await office.passing.create("list", to=address(office), table="words", actor="test")


async def states(office: Office) -> list[State]:
    """How the deliveries to the sink stand, newest first."""
    [sink] = await office.passing.sinks.list()
    deliveries, _ = await office.parts.history.deliveries(sink.webhook, limit=100)
    return [one.state for one in deliveries]


async def settled(office: Office, *, count: int = 1, by: int = SECOND // 5, state: State = State.DELIVERED) -> None:
    """Wait, moving the clock, until so many deliveries have been made."""
    async with asyncio.timeout(60):
        while (await states(office)).count(state) != count:
            await REAL.sleep(0.005)  # disk and network are real, and take real time
            await office.clock.advance(by)


async def test_a_row_becomes_an_item_and_columns_that_are_lacking_are_made(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)

    [row] = far.rows()
    assert (row["word"], row["count"], row["is_long"]) == ("rice", 2, False)
    assert row["at"].endswith("Z")
    kinds = {name: far.column(name).keys() & {"text", "number", "boolean", "dateTime"} for name in row}
    assert kinds == {"word": {"text"}, "count": {"number"}, "at": {"dateTime"}, "is_long": {"boolean"}}
    assert (far.column("TidingsKey")["indexed"], far.column("TidingsKey")["enforceUniqueValues"]) == (True, True)
    [item] = far.items.values()
    assert item["fields"]["Title"] == "rice"


async def test_a_row_that_is_told_again_changes_its_item(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)
    await office.clock.advance(SECOND)
    await office.tell({"word": "rice", "count": 3})
    await settled(office, count=2)

    assert [(row["word"], row["count"]) for row in far.rows()] == [("rice", 3)]
    assert {part["method"] for parts in far.batches for part in parts} == {"GET", "POST", "PATCH"}


async def test_what_is_older_than_the_item_changes_nothing(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)
    [item] = far.items.values()
    item["fields"] |= {"TidingsVersion": office.clock.now() + MINUTE, "count": 9}

    await office.tell({"word": "rice", "count": 3})
    await settled(office, count=2)

    assert [row["count"] for row in far.rows()] == [9]


async def test_rows_go_in_batches_of_twenty_and_of_two_with_one_key_the_newer_counts(
    office: Office, far: FarList
) -> None:
    await keep_words(office)
    words: list[dict[str, Any]] = [{"word": f"word-{number:02}", "count": number} for number in range(45)]
    await office.tell(*words, {"word": "word-07", "count": 70})
    await settled(office)

    assert len(far.rows()) == 45
    assert far.rows()[7]["count"] == 70
    assert [len(parts) for parts in far.batches] == [20, 20, 5, 20, 20, 5]
    assert far.tokens == 2  # when the sink was made, and for all that is written


@pytest.mark.parametrize("status", [429, 503])
async def test_what_is_throttled_in_a_batch_is_asked_again_alone_and_not_too_early(
    office: Office, far: FarList, status: int
) -> None:
    asked: list[int] = []

    def once(part: dict[str, Any]) -> Trouble:
        if part["method"] != "POST" or part["body"]["fields"]["word"] != "oil":
            return None
        asked.append(office.clock.now())
        return (status, {"Retry-After": "7"}) if len(asked) == 1 else None

    far.troubles.append(once)
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2}, {"word": "oil", "count": 1})
    await settled(office)

    assert [row["word"] for row in far.rows()] == ["oil", "rice"]
    assert asked[1] - asked[0] >= 7 * SECOND
    assert [len(parts) for parts in far.batches] == [2, 2, 1, 1]


async def test_a_whole_batch_that_is_throttled_for_long_is_left_to_the_next_attempt(
    office: Office, far: FarList
) -> None:
    await keep_words(office)
    far.whole = [answered(429, {"error": {"code": "tooManyRequests"}}, **{"retry-after": "300"})]
    began = office.clock.now()
    await office.tell({"word": "rice", "count": 2})
    await settled(office, by=2 * SECOND)

    assert [row["word"] for row in far.rows()] == ["rice"]
    assert office.clock.now() - began >= 300 * SECOND


async def test_a_token_that_is_wanted_no_more_is_renewed_once(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)
    far.tokens = 7  # the one that was given counts no more

    await office.tell({"word": "oil", "count": 2})
    await settled(office, count=2)

    assert far.tokens == 8
    assert len(far.rows()) == 2


async def test_a_token_is_renewed_before_it_ends(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)
    before = far.tokens
    await office.clock.jump(56 * MINUTE)

    await office.tell({"word": "oil", "count": 2})
    await settled(office, count=2)

    assert far.tokens == before + 1
    refused = [request for request in office.endpoint.requests if request.header("authorization") == "Bearer token-0"]
    assert refused == []


async def test_an_item_that_somebody_else_makes_or_changes_meanwhile_is_looked_at_again(
    office: Office, far: FarList
) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 1})
    await settled(office)
    [item] = far.items.values()

    def meddle(part: dict[str, Any]) -> Trouble:
        if part["method"] == "PATCH" and item["eTag"] == '"1,1"':
            item["eTag"] = '"1,changed"'
        return None

    far.troubles.append(meddle)
    await office.clock.advance(SECOND)
    await office.tell({"word": "rice", "count": 2})
    await settled(office, count=2)

    assert [row["count"] for row in far.rows()] == [2]


async def test_a_creation_whose_answer_was_lost_makes_no_second_item(office: Office, far: FarList) -> None:
    lost: list[dict[str, Any]] = []

    def lose(part: dict[str, Any]) -> Trouble:
        if part["method"] != "POST" or lost:
            return None
        lost.append(part)
        far.create(part["body"]["fields"])
        return 504, {}

    far.troubles.append(lose)
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)

    assert [row["word"] for row in far.rows()] == ["rice"]


async def test_a_row_that_is_refused_for_good_does_not_keep_the_others_out(office: Office, far: FarList) -> None:
    def refuse(part: dict[str, Any]) -> Trouble:
        fields = part.get("body", {}).get("fields", {})
        return (400, {}) if fields.get("word") == "oil" else None

    far.troubles.append(refuse)
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2}, {"word": "oil", "count": 1})
    [sink] = await office.passing.sinks.list()
    await settled(office, state=State.RETRYING)

    assert [row["word"] for row in far.rows()] == ["rice"]
    [delivery], _ = await office.parts.history.deliveries(sink.webhook, limit=9)
    [attempt], _ = await office.parts.history.attempts(delivery.event, delivery.subscription, limit=9)
    assert attempt.status == 400
    assert attempt.error.startswith("1 of what was told did not get into the list")
    far.troubles.clear()
    await settled(office)
    assert [row["word"] for row in far.rows()] == ["oil", "rice"]


async def test_items_that_are_gone_are_taken_away_page_by_page(office: Office, far: FarList) -> None:
    await office.passing.create("list", to=address(office), table="lists", actor="test")
    await office.tell(
        {"list": "it's fruit", "words": ["fig", "lime", "pear", "plum"]}, {"list": "nuts", "words": ["fig"]}
    )
    await settled(office)
    await office.clock.advance(SECOND)
    await office.tell({"list": "it's fruit", "words": ["fig"]})
    await settled(office, count=2)

    assert [(row["list"], row["word"]) for row in far.rows()] == [("it's fruit", "fig"), ("nuts", "fig")]
    assert far.column("list")["indexed"]


async def test_a_column_of_another_kind_is_left_alone_and_names_that_sharepoint_keeps_are_not_used(
    office: Office, far: FarList
) -> None:
    far.columns.append({"name": "count", "displayName": "Count", "text": {"allowMultipleLines": True}})
    far.columns.append({"name": "field_3", "displayName": "is_long", "boolean": {}})
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)

    [row] = far.rows()
    assert "count" not in row
    assert (row["count__"], row["field_3"]) == (2, False)


async def test_a_column_that_was_taken_away_is_made_again(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "rice", "count": 2})
    await settled(office)
    far.columns = [one for one in far.columns if one["name"] != "count"]

    await office.tell({"word": "oil", "count": 1})
    await settled(office, count=2)

    assert far.column("count")["number"] == {}
    assert [row["word"] for row in far.rows()] == ["oil", "rice"]


async def test_texts_are_as_long_as_the_column_bears(office: Office, far: FarList) -> None:
    await keep_words(office)
    await office.tell({"word": "a" * 300, "count": 1}, {"word": "a" * 299 + "b", "count": 2})
    await settled(office)

    assert [len(row["word"]) for row in far.rows()] == [255, 255]


async def test_a_list_that_cannot_be_entered_is_refused_at_once(office: Office, far: FarList) -> None:
    for changed, match in (
        ({"secret": Secret("wrong")}, "401 invalid_client"),
        ({"site": ""}, "site"),
        ({"authority": "login"}, "no URL"),
    ):
        with pytest.raises(Invalid, match=match):
            await office.passing.create("list", to=address(office, **changed), table="words", actor="test")
    far.whole = [answered(404, {"error": {"code": "itemNotFound"}})]
    with pytest.raises(Undeliverable, match="404 itemNotFound"):
        await keep_words(office)
    with pytest.raises(Invalid, match="name the table"):
        await office.passing.create("list", to=address(office), source="box", actor="test")
    with pytest.raises(Invalid, match="token"):
        await office.passing.create("list", to=address(office), table="words", token="sesame", actor="test")
    with pytest.raises(Undeliverable):
        await office.passing.create("list", to=address(office, graph="https://10.0.0.1"), table="words", actor="test")
    assert await office.passing.sinks.list() == []


async def test_a_sink_whose_key_is_missing_is_held_by_name_until_the_key_is_there(open_office: OpenOffice) -> None:
    async with open_office() as office:
        far = FarList(office.endpoint)
        await office.inbox.create_source("box", dialect="words", actor="test")
        await office.tell({"word": "first", "count": 0})
        await keep_words(office)
        [sealed] = await office.parts.database.read(str, "sink_settings", name="list")
        foreign = Vault([new_key()]).seal("{}", Drawer.SINK_SETTINGS)
        await reseal(office, foreign, was=sealed)
        asked = far.tokens
    async with open_office() as office:
        await office.tell({"word": "rice", "count": 2})
        [sink] = await office.passing.sinks.list()
        webhook = await office.passing.webhook(sink)
        await office.clock.advance(MINUTE)

        assert await states(office) == [State.HELD]
        assert webhook is not None
        assert "which is not in TIDINGS_SECRET_KEY" in webhook.held_because
        assert webhook.held_because.endswith("; or end the sink list and make a new one")
        assert far.tokens == asked
        await reseal(office, sealed, was=foreign)
    async with open_office() as office:
        await settled(office)
        assert [row["word"] for row in far.rows()] == ["rice"]


async def reseal(office: Office, sealed: str, *, was: str) -> None:
    values: dict[str, Value] = {"id": "list", "settings": sealed, "was_settings": was}
    await office.parts.database.write(Statement("reseal_sink", values))


async def test_its_secret_is_sealed_shown_nowhere_and_forgotten_at_the_end(office: Office, far: FarList) -> None:
    await keep_words(office)
    [sink] = await office.passing.sinks.list()
    webhook = await office.passing.webhook(sink)

    assert "hush" not in repr((sink, webhook, address(office)))
    assert await office.parts.database.read(str, "sink_settings", name="list") != [""]
    assert "hush" not in str(await office.parts.database.read(str, "sink_settings", name="list"))
    await office.passing.end("list", actor="test")
    assert await office.passing.sinks.settings("list") is None
    assert far.tokens
