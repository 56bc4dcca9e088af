"""Tables in the console: their columns, their rows in any order, and the same as files."""

import re

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.test_data_dashboards import EVIL, filled, lay
from tests.dashboards.forms import AT, TABLE, response
from tidings.console.rights import Role
from tidings.core.clock import HOUR

HERE = f"/console/tables/{TABLE}"
_OLDER = re.compile(r'rel="next" href="([^"]+)"')


def rows(page: str) -> list[str]:
    """The first cell of each row."""
    found = page[page.index(f"Rows of {TABLE}") :]
    return re.findall(r"<tr><td>([^<]*)</td>", found.partition("</table>")[0])


async def shown(reader: Visitor, query: str) -> list[str]:
    return rows((await reader.get(f"{HERE}?{query}")).text)


async def test_tables_are_listed_and_counted(house: ConsoleHouse) -> None:
    nothing = await (await house.person(Role.READER)).get("/console/tables")
    reader = await filled(house)
    await house.clock.advance(1_000)

    page = (await reader.get("/console/tables")).text
    count = (await reader.get(f"{HERE}/count")).text

    assert "No tables yet" in nothing.text
    assert f'href="{HERE}"' in page
    assert "Responses to com.example.OrderForm." in page
    assert count.strip() == "3"
    assert (await reader.get("/console/tables/nothing")).status_code == 404
    assert "No table is called so" in (await reader.get("/console/tables?q=nothing")).text


async def test_a_table_shows_its_columns_and_the_newest_rows_first(house: ConsoleHouse) -> None:
    reader = await filled(house)

    page = (await reader.get(HERE)).text

    assert rows(page) == ["r3", "r2", "r1"]
    assert "Question (Numeric): Rice 1KG" in page
    assert f"odata/v4/{TABLE}" in page
    assert EVIL not in page
    assert "&lt;img src=x" in page


async def test_going_on_shows_every_row_once(house: ConsoleHouse) -> None:
    reader = await filled(house)
    # Some of one time, so that the key decides.
    await lay(house, *(response(f"s{number:03}", ["Market"], 1, at=AT + number // 7 * HOUR) for number in range(130)))
    found: list[str] = []
    address: str | None = HERE

    while address:
        page = (await reader.get(address.replace("&amp;", "&"))).text
        found += rows(page)
        older = _OLDER.search(page)
        address = older[1] if older else None

    assert len(found) == len(set(found)) == 133
    assert (await reader.get(f"{HERE}?cursor=nonsense")).status_code == 422


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("column=outlet&how=is&value=Harbour", ["r1"]),
        ("column=outlet&how=is+not&value=Harbour", ["r3", "r2"]),
        ("column=outlet&how=begins+with&value=%3D", ["r2"]),
        ("column=remark&how=contains&value=onerror", ["r1"]),
        ("column=remark&how=is+empty&value=", ["r3"]),
        ("column=remark&how=is+not+empty&value=", ["r2", "r1"]),
        ("column=rice_1kg&how=is+more+than&value=3", ["r3", "r2"]),
        ("column=rice_1kg&how=is+at+most&value=3.5", ["r3", "r1"]),
        ("column=at&how=is+at+least&value=2024-01-16", ["r3", "r2"]),
        ("column=at&how=is+less+than&value=2024-01-16T00:00Z", ["r1"]),
        ("column=is_update&how=is&value=no&column=outlet&how=is&value=Harbour", ["r1"]),
        ("column=outlet&how=is&value=%27+or+1%3D1+--", []),
        ("order=rice_1kg", ["r1", "r3", "r2"]),
        ("order=-rice_1kg", ["r2", "r3", "r1"]),
    ],
)
async def test_rows_are_filtered_and_put_in_order(house: ConsoleHouse, query: str, expected: list[str]) -> None:
    reader = await filled(house)

    page = (await reader.get(f"{HERE}?{query}")).text

    assert (rows(page) if expected else []) == expected
    assert ("No row is like that" in page) is (not expected)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("column=rice_1kg&how=is&value=much", "Write a number like 12 or 0.5, for rice_1kg is one"),
        ("column=at&how=is&value=soon", "Write a time like 2026-01-31"),
        ("column=is_update&how=is&value=perhaps", "Write yes or no"),
        ("column=outlet&how=is&value=", "Write what to compare outlet with"),
        ("column=rice_1kg&how=contains&value=1", "for rice_1kg is no text"),
        ("column=tidings_version&how=is&value=1", "has no column"),
        ("column=outlet&how=drop+table&value=1", "Choose one of is"),
        ("order=nothing", "has no column"),
        ("&".join(f"column=outlet&how=is&value={number}" for number in range(9)), "There can be 8 conditions"),
    ],
)
async def test_what_cannot_be_asked_is_told_and_the_rows_stay(house: ConsoleHouse, query: str, said: str) -> None:
    reader = await filled(house)

    page = await reader.get(f"{HERE}?{query}")

    assert page.status_code == 422
    assert said in page.text.replace("&#39;", "'")
    assert rows(page.text) == ["r3", "r2", "r1"]


async def test_a_table_is_taken_along_as_a_file_without_another_login(house: ConsoleHouse) -> None:
    reader = await filled(house)

    file = await reader.get(f"{HERE}/{TABLE}.csv")
    workbook = await reader.get(f"{HERE}/{TABLE}.xlsx")

    assert file.headers["content-disposition"] == f'attachment; filename="{TABLE}.csv"'
    assert file.text.splitlines()[0].startswith("response_id,at,")
    assert "'=HYPERLINK(1)" in file.text
    assert workbook.content.startswith(b"PK")
    for missing in (f"{HERE}/events.csv", f"{HERE}/{TABLE}.exe", "/console/tables/nothing/nothing.csv"):
        assert (await reader.get(missing)).status_code == 404
