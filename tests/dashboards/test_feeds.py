"""Tables as files, as the programs read them for which they are meant."""

import csv
import gc
import io
import json
import tempfile
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.dashboards.orders import AT, COLUMNS, ORDERS, order
from tidings.core.errors import Invalid, NotFound
from tidings.core.row import Cell, Shape
from tidings.dashboards.feeds import Feeds, Format, Wish
from tidings.dashboards.moment import moment_text
from tidings.dashboards.texts import FORMULA_SIGNS
from tidings.dashboards.workbook import WorkbookWriter
from tidings.tables.query import Query
from tidings.tables.selection import Column
from tidings.tables.tables import Tables

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def feeds(query: Query) -> Feeds:
    return Feeds(lambda: query)


async def fetch(feeds: Feeds, wanted: Format, **wishes: object) -> bytes:
    wish = Wish(**{"table": "orders", "format": wanted} | wishes)  # type: ignore[arg-type]  # what a test wishes
    return b"".join([piece async for piece in await feeds.pieces(wish)])


def told(cells: tuple[Cell, ...]) -> dict[str, Cell]:
    row = dict(zip(COLUMNS, cells, strict=True))
    return row | {"at": moment_text(int(row["at"])) if row["at"] is not None else None}


def cells_of(book: bytes, number: int = 1) -> list[list[tuple[str, str]]]:
    """Each cell's type and text, as they stand in the file."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        root = ET.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314 - our own
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{SHEET}c")]
        for row in root.iter(f"{SHEET}row")
    ]


async def test_csv_has_a_header_and_lets_no_text_be_a_formula(feeds: Feeds) -> None:
    header, *rows = csv.reader(io.StringIO((await fetch(feeds, Format.CSV)).decode(), newline=""))

    assert header == list(COLUMNS)
    assert rows[0] == ["a", "1", "rice", "10.5", "true", "2024-01-15T10:30:45.678Z"]
    assert rows[1][2] == "'" + str(ORDERS[1][2])
    assert rows[1][3:5] == ["-3.0", "false"]
    assert rows[2] == ["b", "1", "", "", "", ""]
    assert rows[3][:3] == ["o'neil", str(2**53 + 1), ORDERS[3][2]]


@pytest.mark.parametrize("sign", sorted(FORMULA_SIGNS))
async def test_every_sign_of_a_formula_is_neutralised_unless_raw_is_asked_for(
    feeds: Feeds, tables: Tables, sign: str
) -> None:
    tables.write([order("0", 1, f"{sign}1+1", None, None, None)])

    neutral = await fetch(feeds, Format.CSV, columns=("goods",))
    raw = await fetch(feeds, Format.CSV, columns=("goods",), is_raw=True)

    assert next(csv.reader(io.StringIO(neutral.decode()[7:], newline=""))) == [f"'{sign}1+1"]
    assert next(csv.reader(io.StringIO(raw.decode()[7:], newline=""))) == [f"{sign}1+1"]


async def test_json_and_ndjson_hold_every_value_as_it_is(feeds: Feeds) -> None:
    assert json.loads(await fetch(feeds, Format.JSON)) == [told(cells) for cells in ORDERS]
    lines = (await fetch(feeds, Format.NDJSON)).decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [told(cells) for cells in ORDERS]
    assert lines[-1] == ""


async def test_a_workbook_holds_texts_as_texts_numbers_as_numbers_and_instants_as_dates(feeds: Feeds) -> None:
    header, first, formula, empty, last = cells_of(await fetch(feeds, Format.XLSX))

    assert [text for _, text in header] == list(COLUMNS)
    assert first[:5] == [("inlineStr", "a"), ("n", "1"), ("inlineStr", "rice"), ("n", "10.5"), ("b", "1")]
    # Days since 1899-12-30.
    assert float(first[5][1]) == pytest.approx(25_569 + AT / 86_400_000)
    assert formula[2] == ("inlineStr", ORDERS[1][2])
    assert empty == [("inlineStr", "b"), ("n", "1")]
    assert last[1] == ("inlineStr", str(2**53 + 1))


async def test_parquet_keeps_types_comments_and_values(feeds: Feeds) -> None:
    table = pq.read_table(io.BytesIO(await fetch(feeds, Format.PARQUET)))

    assert [str(field.type) for field in table.schema] == [
        "string", "int64", "string", "double", "bool", "timestamp[ms, tz=UTC]",
    ]  # fmt: skip
    assert table.schema.field("goods").metadata == {b"comment": b"The goods, & more."}
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert [row[:5] for row in rows] == [cells[:5] for cells in ORDERS]
    assert rows[0][5].timestamp() * 1_000 == AT


async def test_a_table_without_rows_is_a_file_without_rows(feeds: Feeds, tables: Tables) -> None:
    tables.empty()

    assert await fetch(feeds, Format.CSV) == b"id,line,goods,price,paid,at\r\n"
    assert json.loads(await fetch(feeds, Format.JSON)) == []
    assert await fetch(feeds, Format.NDJSON) == b""
    assert len(cells_of(await fetch(feeds, Format.XLSX))) == 1
    assert pq.read_table(io.BytesIO(await fetch(feeds, Format.PARQUET))).num_rows == 0


async def test_columns_times_and_a_limit_can_be_wished_for(feeds: Feeds) -> None:
    async def rows(**wishes: object) -> list[dict[str, Cell]]:
        found: list[dict[str, Cell]] = json.loads(await fetch(feeds, Format.JSON, **wishes))
        return found

    assert await rows(columns=("price", "id"), limit=2) == [{"price": 10.5, "id": "a"}, {"price": -3.0, "id": "a"}]
    assert [row["id"] for row in await rows(since=AT + 1_000)] == ["a", "o'neil"]
    assert [row["line"] for row in await rows(since=AT, until=AT + 1_001)] == [1, 2]
    assert await rows(until=AT) == []


@pytest.mark.parametrize("name", ["tidings_version", "other", "goods; drop table orders", "*"])
async def test_a_column_that_is_not_there_is_refused_by_name(feeds: Feeds, name: str) -> None:
    with pytest.raises(Invalid, match="has no column"):
        await fetch(feeds, Format.CSV, columns=("id", name))


async def test_a_table_that_is_not_there_is_not_found(feeds: Feeds) -> None:
    for name in ("other", "tidings_table", "orders'--"):
        with pytest.raises(NotFound):
            await fetch(feeds, Format.CSV, table=name)


def test_more_rows_than_a_sheet_holds_go_on_in_another() -> None:
    column = Column(name="id", shape=Shape.TEXT, is_key=True, comment="")
    writer = WorkbookWriter([column], name="a_table_with_a_rather_long_name_of_its_own", most_rows=3)

    writer.add([(str(number),) for number in range(5)])
    book = b"".join(writer.end())
    writer.close()

    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        names = parts.read("xl/workbook.xml").decode()
    assert 'name="a_table_with_a_rather_long_name"' in names
    assert 'name="a_table_with_a_rather_long_na 2"' in names
    assert cells_of(book, 2) == [[("inlineStr", "id")], [("inlineStr", "2")], [("inlineStr", "3")]]
    assert cells_of(book, 3)[1:] == [[("inlineStr", "4")]]


def test_a_text_that_excel_cannot_hold_is_cut_and_a_date_before_1900_is_a_text() -> None:
    columns = [Column(name=str(shape), shape=shape, is_key=False, comment="") for shape in (Shape.TEXT, Shape.INSTANT)]
    writer = WorkbookWriter(columns, name="x")

    writer.add([("y" * 40_000, -3_000_000_000_000), ("🍚" * 20_000, None)])
    _, [text, moment], [rice] = cells_of(b"".join(writer.end()))
    writer.close()

    assert text == ("inlineStr", "y" * 32_767)
    assert moment == ("inlineStr", "1874-12-07T18:40:00.000Z")
    # Excel counts as UTF-16 does.
    assert rice == ("inlineStr", "🍚" * 16_383)


@pytest.mark.parametrize("wanted", Format)
async def test_who_goes_away_leaves_nothing_behind(
    feeds: Feeds, wanted: Format, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()

    pieces = await feeds.pieces(Wish(table="orders", format=wanted))
    async for _ in pieces:
        break
    await pieces.aclose()

    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_memory_does_not_grow_with_the_rows(
    feeds: Feeds, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.dashboards.feeds._AT_ONCE", 500)
    tables.write([order(f"k{number}", number, "x" * 100, 1.5, None, AT) for number in range(6_000)])

    async def peak(wanted: Format, *, limit: int) -> int:
        gc.collect()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        async for _ in await feeds.pieces(Wish(table="orders", format=wanted, limit=limit)):
            pass
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        for wanted in Format:
            await peak(wanted, limit=1)
            few, many = await peak(wanted, limit=2_000), await peak(wanted, limit=6_000)
            assert many < 1.3 * few, wanted
    finally:
        tracemalloc.stop()
