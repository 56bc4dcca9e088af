"""From callbacks to tables: what happens in a group stands in rows that dashboards read."""

import asyncio
from typing import Any

from tests.journey.conftest import REAL, House
from tests.web.conversation import ask
from tidings.core.clock import SECOND
from tidings.core.row import Cell

FORM = {
    "id": "com.example.OrderForm",
    "name": "Order form",
    "questions": [
        {"title": "Outlet", "type": "SingleOption", "options": [{"title": "Harbour"}, {"title": "Market"}]},
        {"title": "Rice 1KG", "type": "Numeric"},
        {"title": "Extras", "type": "MultiOption", "options": [{"title": "Salt"}, {"title": "Oil"}]},
        {"title": "Place", "type": "Location"},
        {"title": "ResponseTime", "type": "DateTime", "isInvisible": True},
    ],
}


class Shop:
    """A group with an order form, whose webhook leads to a source of our own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.group = self.action = ""

    async def open(self) -> "Shop":
        await self.house.sign_in()
        self.group = await self.house.make_group()
        source = await self.house.parts.inbox.create_source("shop", dialect="kaizala", actor="test")
        await self.house.call("POST /v1/actionPackages", FORM)
        await self.house.call(
            "POST /v1/webhook",
            {
                "objectId": self.group,
                "objectType": "Group",
                "eventTypes": ["ActionCreated", "ActionResponse", "TextMessageCreated"],
                "callBackUrl": f"{self.house.parts.settings.base_url}receive/shop",
                "callBackToken": source.secret.reveal(),
            },
        )
        sent = await self.house.call(
            f"POST /v1/groups/{self.group}/actions", {"id": FORM["id"], "actionBody": {"title": "May"}}
        )
        self.action = sent["actionId"]
        return self

    async def order(self, *answers: Any, response: str = "") -> str:  # noqa: ANN401 - answers of any type
        body: dict[str, Any] = {"id": FORM["id"], "actionBody": {"answers": answers}}
        path = f"/v1/groups/{self.group}/actions/{self.action}/responses"
        made = await self.house.call(f"POST {path}", body | ({"responseId": response} if response else {}))
        return str(made["responseId"])

    async def rows(self, table: str, *, least: int) -> list[dict[str, Cell]]:
        """The rows of a table, as soon as there are so many."""
        parts = self.house.parts
        tables = await asyncio.to_thread(parts.open_tables)

        def look() -> list[dict[str, Cell]]:
            tables.refresh()
            return [dict(row) for row in tables.rows(table)] if table in tables.known() else []

        ends_at = REAL.monotonic() + 60
        while len(found := await asyncio.to_thread(look)) < least:
            assert REAL.monotonic() < ends_at, f"{table} has {len(found)} rows"
            await self.house.clock.advance(SECOND // 10)
            await REAL.sleep(0.01)  # another process lays the rows, and takes real time
        return found


async def test_orders_stand_in_the_wide_table_and_an_update_takes_the_place_of_what_it_updates(house: House) -> None:
    shop = await Shop(house).open()
    first = await shop.order(["Market"], 2, ["Salt", "Oil"], {"lt": 1.5, "lg": 2.5, "n": "Quay"})
    others = [await shop.order(["Harbour"], number, [], None) for number in range(50)]
    await house.clock.advance(SECOND)
    await shop.order(["Harbour"], 3, ["Oil"], None, response=first)

    rows = {row["response_id"]: row for row in await shop.rows("responses_orderform", least=51)}
    await house.reaches(lambda: house.parts.inbox.laying.laid >= 53, by=100)
    rows = {row["response_id"]: row for row in await shop.rows("responses_orderform", least=51)}

    assert rows.keys() == {first, *others}
    assert (rows[first]["outlet"], rows[first]["rice_1kg"], rows[first]["is_update"]) == ("Harbour", 3.0, True)
    assert rows[first]["place_latitude"] is None
    assert sum(float(row["rice_1kg"] or 0) for row in rows.values()) == 3 + sum(range(50))
    options = await shop.rows("responses_orderform_options", least=1)
    assert [(row["response_id"], row["option"]) for row in options] == [(first, "Oil")]


async def test_what_is_forged_is_refused_counted_and_not_kept(house: House) -> None:
    shop = await Shop(house).open()

    answer = await ask(
        house.parts.settings.port,
        "POST /receive/shop",
        headers={"content-type": "application/json", "kz-callback-token": "guessed"},
        body=b'{"eventType":"TextMessageCreated","eventId":"1","data":{"text":"false news"}}',
    )

    assert answer.status == 401
    assert house.parts.inbox.receiving.forged == {"shop": 1}
    assert [one.source for one in house.parts.inbox.receiving.refused] == ["shop"]
    await shop.rows("actions", least=1)
    assert "messages" not in (await asyncio.to_thread(house.parts.open_tables)).known()


async def test_what_cannot_be_understood_is_kept_with_the_reason_and_laid_again_after_a_fix(house: House) -> None:
    await house.sign_in()
    source = await house.parts.inbox.create_source("shop", dialect="kaizala", actor="test")
    headers = {"kz-callback-token": source.secret.reveal()}

    answer = await ask(house.parts.settings.port, "POST /receive/shop", headers=headers, body=b'{"eventType": 7')
    await house.reaches(lambda: house.parts.inbox.laying.unreadable, by=100)
    [entry] = await house.parts.inbox.receipts.of_source("shop", unreadable=True, most=10)

    assert answer.status == 200
    assert (entry.receipt.body, entry.reason) != (b"", "")
    assert await house.parts.inbox.replay(progress=lambda _: None) == 1


async def test_the_handshake_is_answered_in_plain_text_that_no_browser_runs(house: House) -> None:
    await house.parts.inbox.create_source("shop", dialect="kaizala", actor="test")
    port = house.parts.settings.port

    echoed = await ask(port, "GET /receive/shop?validationToken=12345")
    too_long = await ask(port, f"GET /receive/shop?validationToken={'1' * 257}")
    unknown = await ask(port, "GET /receive/nobody?validationToken=12345")

    assert (echoed.status, echoed.body) == (200, b"12345")
    assert echoed.headers["content-type"].startswith("text/plain")
    assert (echoed.headers["x-content-type-options"], echoed.headers["content-security-policy"]) == (
        "nosniff",
        "sandbox",
    )
    assert (too_long.status, unknown.status) == (400, 404)
