"""From tables to the dashboards that people already have: a key for the feeds, and what is read with it."""

import asyncio
import csv
import io

import httpx

from tests.journey.conftest import House
from tests.journey.test_tables import Shop
from tidings.core.clock import MINUTE


async def test_orders_are_read_as_csv_and_odata_with_a_key_whose_use_is_shown(house: House) -> None:
    access = house.parts.access
    shop = await Shop(house).open()
    orders = {await shop.order(["Market"], number, [], None) for number in range(5)}
    await shop.rows("responses_orderform", least=5)
    connector = await access.create_connector("Power BI", actor="test")
    key = await access.create_key(connector.id, actor="test", scopes=["tables.read"])
    everything = await access.create_key(connector.id, actor="test")

    async with httpx.AsyncClient(base_url=house.parts.settings.base_url, auth=("anybody", key)) as http:
        listed = (await http.get("tables")).json()["tables"]
        table = await http.get("tables/responses_orderform.csv", params={"columns": "response_id,rice_1kg"})
        odata = (await http.get("odata/v4/responses_orderform", params={"$filter": "rice_1kg ge 3"})).json()
        elsewhere = [
            await http.get("v1/groups"),
            await http.get("v1/groups", auth=None, headers={"authorization": f"Bearer {key}"}),
        ]
        unasked = await http.get("tables", auth=("anybody", everything))

    assert {"responses_orderform", "actions"} <= {one["name"] for one in listed}
    header, *rows = csv.reader(io.StringIO(table.text))
    assert header == ["response_id", "rice_1kg"]
    assert {row[0] for row in rows} == orders
    assert sorted(one["rice_1kg"] for one in odata["value"]) == [3.0, 4.0]
    # A password opens nothing but the feeds, and this key not even as Bearer.
    assert [one.status_code for one in (*elsewhere, unasked)] == [401, 403, 403]

    async def uses() -> list[int | None]:
        return [one.used_at for one in await access.keys(connector.id) if one.scopes == "tables.read"]

    assert await uses() == [None]
    async with asyncio.timeout(60):
        while await uses() == [None]:
            await house.clock.advance(MINUTE)
