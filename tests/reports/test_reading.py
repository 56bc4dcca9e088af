"""Data of reports, read by a clerk's own process: whole, as files, kept for later, and whatever the SQL is."""

import asyncio
import contextlib
import csv
import io
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.children import children_of
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import MOST_SEEN, Filter, ReportFormat, ReportQuery
from tidings.core.row import Field, Place, Shape, row_of
from tidings.core.secret import Secret
from tidings.reports.reading import Clerk, Cycling, Reach, Read, Reading
from tidings.reports.sheets import CsvSheet, JsonSheets, XlsxSheets
from tidings.reports.snapshot import SnapshotWriter, open_snapshot
from tidings.tables.tables import Tables, open_tables

AT = 1_706_691_600_000  # 2024-01-31T09:00:00Z
PLACES = ["Pune", "=1+1", 'नमस्ते, "so"\nहै', None]
SALES = ReportQuery(name="sales", sql="SELECT id, place, at FROM orders WHERE id <= :most ORDER BY id")
COUNTS = ReportQuery(name="Per [place]", sql="SELECT count(*) AS many FROM orders")
HOG = (
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT hex(zeroblob(9000000)) x FROM n"
)
ENDLESS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n"


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as tables:
        place = Place("orders", "orders", "")
        tables.write(
            [
                row_of(
                    place=place,
                    key=(Field("id", "id", Shape.WHOLE, number),),
                    fields=(
                        Field("place", "place", Shape.TEXT, words),
                        Field("at", "at", Shape.INSTANT, AT + number * 1_000),
                    ),
                    version=1,
                )
                for number, words in enumerate(PLACES)
            ]
        )
        yield tables


@pytest.fixture
async def clerk(tables: Tables) -> AsyncIterator[Clerk]:
    clerk = Clerk(tables_url=Secret(f"sqlite:{tables.engine.url.database}"))
    yield clerk
    await clerk.close()


def order(folder: Path, *queries: ReportQuery, **others: Any) -> Reading:  # noqa: ANN401 - as they are there
    folder.mkdir(exist_ok=True)
    return replace(
        Reading(queries=queries, folder=folder, title="Sales & co", within_s=60.0, parameters={"most": 9}), **others
    )


def text_of(read: Read, kind: ReportFormat) -> str:
    [path] = [Path(one.path) for one in read.made if one.format is kind]
    octets = path.read_bytes()
    assert [one.size for one in read.made if one.format is kind] == [len(octets)]
    return octets.decode()


def status_of(pid: int) -> str:
    return (Path("/proc") / str(pid) / "status").read_text("utf-8")


async def test_rows_come_as_files_and_as_what_a_template_sees_and_again_from_the_snapshot(
    clerk: Clerk, tables: Tables, tmp_path: Path
) -> None:
    filters = (Filter(field="place", values=(*PLACES[:3], "nobody's")),)
    formats = frozenset(ReportFormat)

    read = await clerk.read(order(tmp_path / "one", SALES, COUNTS, filters=filters, formats=formats))
    tables.empty()
    again = await clerk.read(order(tmp_path / "two", SALES, formats=formats, snapshot=read.snapshot))

    sheet = read.sheets["sales"]
    assert (sheet.columns, sheet.total, sheet.is_cut, read.rows) == (("id", "place", "at"), 3, False, 4)
    assert sheet.rows == [(n, PLACES[n], f"2024-01-31T09:00:0{n}.000Z") for n in range(3)]
    assert read.sheets["Per [place]"].rows == [(4,)]
    assert (again.sheets, again.rows, again.snapshot) == (read.sheets, read.rows, read.snapshot)
    assert [one.format for one in read.made] == [ReportFormat.CSV, ReportFormat.JSON, ReportFormat.XLSX]
    for first, second in zip(read.made, again.made, strict=True):
        assert first.format is ReportFormat.XLSX or (first.format, first.size) == (second.format, second.size)
    lines = list(csv.reader(io.StringIO(text_of(read, ReportFormat.CSV), newline="")))
    assert lines[:5] == [
        ["# place = Pune"],
        ["# place = =1+1"],
        ["# place = नमस्ते", ' "so" है'],
        ["# place = nobody's"],
        ["id", "place", "at"],
    ]
    assert [line[1] for line in lines[5:]] == ["Pune", "'=1+1", PLACES[2]]
    document = json.loads(text_of(read, ReportFormat.JSON))
    assert document["title"] == "Sales & co"
    assert document["filters"] == [{"field": "place", "values": list(filters[0].values)}]
    assert document["queries"]["sales"][1] == {"id": 1, "place": "=1+1", "at": "2024-01-31T09:00:01.000Z"}
    assert "cut" not in document
    book = openpyxl.load_workbook(again.made[2].path)
    assert book.sheetnames == ["sales", "Per  place", "Filters"]
    assert [cell.data_type for cell in book["sales"][3]] == ["n", "s", "d"]
    assert [cell.value for cell in book["Filters"][2]][:3] == ["place", "Pune", "=1+1"]


async def test_more_rows_than_are_wanted_are_cut_and_every_file_says_so(clerk: Clerk, tmp_path: Path) -> None:
    many = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT i FROM n"
    query = ReportQuery(name="many", sql=many, most_rows=15_000)

    read = await clerk.read(order(tmp_path / "one", query, formats=frozenset(ReportFormat)))

    sheet = read.sheets["many"]
    assert (len(sheet.rows), sheet.rows[-1], sheet.total, sheet.is_cut) == (MOST_SEEN, (MOST_SEEN,), 15_000, True)
    assert text_of(read, ReportFormat.CSV).endswith("\r\n15000\r\n# cut after 15000 rows; there are more\r\n")
    assert json.loads(text_of(read, ReportFormat.JSON))["cut"] == ["many"]
    told = [[cell.value for cell in row] for row in openpyxl.load_workbook(read.made[2].path)["Filters"].rows]
    assert told[-1] == ["many", "cut after 15000 rows; there are more"]


async def test_data_larger_than_its_memory_passes_through_a_clerk(clerk: Clerk, tmp_path: Path) -> None:
    long = (
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n LIMIT 80000) SELECT i, :text AS text FROM n"
    )
    query, text = ReportQuery(name="long", sql=long), {"text": "long and longer " * 160}

    read = await clerk.read(order(tmp_path / "one", query, parameters=text, formats=frozenset({ReportFormat.CSV})))

    [pid] = children_of(os.getpid(), running="tidings.reports.clerk")
    [peak] = [int(line.split()[1]) << 10 for line in status_of(pid).splitlines() if line.startswith("VmHWM")]
    assert read.made[0].size > 200_000_000
    assert peak < 130_000_000
    # Nor does the server's memory hold as many rows as a template may see, if they are that long.
    assert 5_000 < len(read.sheets["long"].rows) < MOST_SEEN


async def test_whatever_is_asked_the_clerk_answers_and_goes_on(clerk: Clerk, tmp_path: Path) -> None:
    def asked(sql: str, connection: str = "", within_s: float = 50.0) -> Reading:
        return order(tmp_path / "one", ReportQuery(name="bad", sql=sql, connection=connection), within_s=within_s)

    with pytest.raises(Invalid, match="query 'bad': no such table: nowhere; a table is there from its first row on"):
        await clerk.read(asked("SELECT * FROM nowhere"))
    with pytest.raises(Invalid, match="query 'bad' has the parameter 'least', which nobody has set"):
        await clerk.read(asked("SELECT id FROM orders WHERE id > :least"))
    with pytest.raises(Invalid, match="query 'bad' reads the data connection 'gone', which is not there"):
        await clerk.read(asked("SELECT 1", connection="gone"))
    with pytest.raises(Invalid, match="two have the same name"):
        await clerk.read(order(tmp_path / "one", SALES, SALES))
    with pytest.raises(Invalid, match="takes more memory than there is for it"):
        await clerk.read(order(tmp_path / "one", ReportQuery(name="hog", sql=HOG)))
    with pytest.raises(Unavailable, match="query 'bad' took too long"):
        await clerk.read(asked(ENDLESS, within_s=1.0))
    with pytest.raises(Invalid, match="are not there any more; run it again"):
        await clerk.read(order(tmp_path / "one", snapshot=tmp_path / "nothing"))
    assert len(children_of(os.getpid(), running="tidings.reports.clerk")) == 1

    reading = asyncio.create_task(clerk.read(asked(ENDLESS)))
    meanwhile = await clerk.read(order(tmp_path / "two", SALES))
    both = children_of(os.getpid(), running="tidings.reports.clerk")
    for pid in both:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="the data were not read"):
        await reading
    assert len(both) == 2
    assert meanwhile.rows == (await clerk.read(order(tmp_path / "two", SALES))).rows == len(PLACES)


async def test_a_data_connection_is_read_beside_the_tables_within_its_own_limits(clerk: Clerk, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs.db")) as driver:
        driver.execute("CREATE TABLE towns AS SELECT 1 AS id, 'Pune' AS town UNION ALL SELECT 2, 'Delhi'")
        driver.commit()
    urls = {"theirs": Reach(url=Secret(f"sqlite:{tmp_path / 'theirs.db'}"), most_rows=1, longest_ms=9_000)}
    towns = ReportQuery(name="towns", sql="SELECT * FROM towns ORDER BY id", connection="theirs")

    read = await clerk.read(order(tmp_path / "one", SALES, towns, urls=urls))

    assert (read.sheets["towns"].rows, read.sheets["towns"].is_cut) == ([(1, "Pune")], True)
    assert await clerk.kind(urls["theirs"].url) == "sqlite"
    # Where it was is nothing that its readers should learn.
    (tmp_path / "theirs.db").rename(tmp_path / "moved.db")
    with pytest.raises(Invalid, match=r"^data connection 'theirs': there is no file of that name$"):
        await clerk.read(order(tmp_path / "one", towns, urls=urls))
    with pytest.raises(Invalid, match="this is where Tidings keeps its own"):
        await clerk.kind(Secret(f"sqlite:{tmp_path / 'tables.db'}"))


async def test_a_cycle_has_the_combinations_that_there_are_in_order(clerk: Clerk) -> None:
    def cycling(*fields: str, sql: str = SALES.sql) -> Cycling:
        filters = [Filter(field="id", values=(1, 2, 3))]
        query = ReportQuery(name="sales", sql=sql)
        return Cycling(query=query, fields=fields, parameters={"most": 9}, filters=filters, within_s=60.0)

    many = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n LIMIT 1001) SELECT i FROM n"

    assert await clerk.values(cycling("place", "id")) == [(None, 3), ("=1+1", 1), (PLACES[2], 2)]
    with pytest.raises(Invalid, match="query 'sales' has more than 1000 values of i"):
        await clerk.values(cycling("i", sql=many))


def test_a_sheet_that_is_full_goes_on_in_another_and_names_are_what_excel_takes(tmp_path: Path) -> None:
    names = ["filters", "a" * 40, "A" * 31, "[]", "History"]
    sheets = XlsxSheets(tmp_path / "book.xlsx", title="T", filters=(), most_rows=3)
    for name in names:
        sheets.begin(name, ["n"])
        sheets.add([(n,) for n in range(3)] if name == "filters" else [(2**60,), (True,)])
        sheets.end(total=3, is_cut=False)
    sheets.finish()
    sheets.close()

    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    found = ["filters 2", "filters 3", "a" * 31, "A" * 29 + " 2", "Rows", "History 2", "Filters"]
    assert book.sheetnames == found
    assert [[cell.value for cell in book[name]["A"]] for name in found[:3]] == [
        ["n", 0, 1],
        ["n", 2],
        ["n", str(2**60), True],
    ]
    assert [cell.value for cell in book["Filters"][2]] == ["Filters", "none"]


def rows_in(path: Path) -> int:
    with open_snapshot(path) as snapshot:
        return sum(len(batch) for query in snapshot.queries() for batch in query.batches())


def test_what_was_left_unfinished_leaves_nothing_open_and_a_torn_snapshot_is_told(tmp_path: Path) -> None:
    for writer in (CsvSheet, JsonSheets, XlsxSheets):
        sheets = writer(tmp_path / "file", title="T", filters=())
        sheets.begin("q", ["n"])
        sheets.add([(1,)])
        sheets.close()
    path = tmp_path / "snapshot.gz"
    kept = SnapshotWriter(path, title="T", filters=(), queries=1)
    kept.begin("q", ["n"])
    kept.add([(n,) for n in range(5_000)])
    kept.end(is_cut=False)
    kept.close()
    assert rows_in(path) == 5_000
    whole = SnapshotWriter(path, title="T", filters=(), queries=2)
    whole.begin("q", ["n"])
    whole.add([(1,)])
    whole.close()

    for octets in (path.read_bytes()[:-20], path.read_bytes(), b"x"):
        path.write_bytes(octets)
        with pytest.raises(Invalid, match="run it again"):
            rows_in(path)
