"""Tables counted in real databases of three engines, and what is kept of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Invalid, Unavailable
from tidings.core.row import Cell, Change, Family, Field, Place, Shape, row_of
from tidings.tables import pieces as pieces_module
from tidings.tables.condition import Compared, Literal, Named, Operator
from tidings.tables.counts import By, Counts, Measure
from tidings.tables.index import time_index
from tidings.tables.pieces import Pieces, Plan, Span
from tidings.tables.query import Query
from tidings.tables.tables import Tables, open_tables
from tidings.testing.clock import ManualClock

ORDERS = Place("package:orders", "responses_orders", "Responses to orders.")
OPTIONS = Place("package:orders:options", "responses_orders_options", "Options.")
AT = 1_705_276_800_000  # 2024-01-15T00:00:00Z
PLAN = Plan(
    table="responses_orders",
    measures=(
        Measure(name="at", by=By.HOUR, column="at"),
        Measure(name="outlet", by=By.VALUE, column="outlet"),
        Measure(name="rice", by=By.NUMBER, column="rice"),
        Measure(name="paid", by=By.VALUE, column="paid"),
        Measure(name="due", by=By.DAY, column="due"),
        Measure(name="place", by=By.CELL, column="latitude", other="longitude"),
        Measure(name="extras", by=By.VALUE, column="option", child="responses_orders_options", question="Extras"),
    ),
    group="group_id",
)


def text(name: str, value: str | None) -> Field:
    return Field(name, name, Shape.TEXT, value)


def order(name: str, *, at: int | None = AT, group: str = "g", rice: float = 1.0, version: int = 1) -> list[Change]:
    fields = (
        Field("at", "at", Shape.INSTANT, at),
        text("group_id", group),
        text("responder", f"+91{name}"),
        text("outlet", "Harbour" if rice > 1 else "Market"),
        Field("rice", "rice", Shape.NUMBER, rice),
        Field("paid", "paid", Shape.TRUTH, rice > 1),
        Field("due", "due", Shape.INSTANT, AT + DAY),
        Field("latitude", "latitude", Shape.NUMBER, 1.5),
        Field("longitude", "longitude", Shape.NUMBER, -2.5),
        text("remark", f"Said {name}"),
    )
    row = row_of(place=ORDERS, key=(text("response_id", name),), fields=fields, version=version)
    parent = (text("response_id", name),)
    chosen = row_of(
        place=OPTIONS,
        key=(*parent, Field("item", "item", Shape.WHOLE, 0)),
        fields=(text("question", "Extras"), text("option", "Salt")),
        version=version,
    )
    family = Family(
        place=OPTIONS, parent=parent, rest=(Field("item", "item", Shape.WHOLE, 0),), rows=(chosen,), version=version
    )
    return [row, family]


@pytest.fixture
def pieces(tables: Tables) -> Pieces:
    for changes in (
        order("a", rice=2.0),
        order("b", at=AT + HOUR, group="h"),
        order("c", at=AT + DAY, rice=3.5),
        order("d", at=AT - 400 * DAY),
        order("e", at=None),
    ):
        tables.write(changes)
    found = Pieces(Query(tables.engine, clock=ManualClock()))
    found.prepare("responses_orders", columns=["responder"])
    return found


def numbers(counts: Counts) -> dict[str, dict[str, int]]:
    return {name: one.buckets for name, one in counts.items()}


def test_all_rows_that_have_a_time_are_counted_by_every_measure(pieces: Pieces) -> None:
    hour = AT // HOUR

    found = pieces.counts(PLAN, Span())

    assert numbers(found) == {
        "at": {str(hour): 1, str(hour + 1): 1, str(hour + 24): 1, str(hour - 400 * 24): 1},
        "outlet": {"Harbour": 2, "Market": 2},
        "rice": {"2.0": 1, "1.0": 2, "3.5": 1},
        "paid": {"true": 2, "false": 2},
        "due": {str(AT // DAY + 1): 4},
        "place": {"150 -250": 4},
        "extras": {"Salt": 4},
    }
    assert (found["rice"].total, found["rice"].least, found["rice"].greatest) == (7.5, 1.0, 3.5)


SPANS = [
    (Span(group="h"), 1),
    (Span(group="nobody"), 0),
    (Span(since=AT), 3),
    (Span(until=AT), 1),
    (Span(since=AT, until=AT + DAY), 2),
    (Span(since=AT + 1), 2),
    (Span(since=AT + 1, until=AT + HOUR), 0),
    (Span(since=AT + 1, until=AT + HOUR + 1), 1),
    (Span(group="g", since=AT - DAY, until=AT + DAY + 1), 2),
    (Span(since=AT + 2 * DAY), 0),
    (Span(since=AT, until=AT - DAY), 0),
]


@pytest.mark.parametrize("largest", [20_000, 1])
def test_a_span_holds_what_is_in_it_however_small_the_pieces_are(
    pieces: Pieces, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces_module, "_LEAF", largest)

    for span, expected in SPANS * 2:
        found = pieces.counts(PLAN, span)

        assert (span, sum(found["at"].buckets.values() if found else [])) == (span, expected)


def test_a_row_that_came_was_replaced_or_moved_to_another_day_is_seen_at_the_next_look(
    pieces: Pieces, tables_url: str
) -> None:
    before = pieces.counts(PLAN, Span())

    with open_tables(tables_url) as others:
        others.write(order("f", rice=9.0, version=5))
        others.write(order("a", at=AT + 3 * DAY, rice=7.0, version=2))
    after = pieces.counts(PLAN, Span())

    assert before["rice"].buckets == {"2.0": 1, "1.0": 2, "3.5": 1}
    assert after["rice"].buckets == {"9.0": 1, "7.0": 1, "1.0": 2, "3.5": 1}
    assert after["at"].buckets[str((AT + 3 * DAY) // HOUR)] == 1
    assert after["extras"].buckets == {"Salt": 5}


def test_what_was_counted_is_kept_and_not_counted_again(pieces: Pieces, tables: Tables) -> None:
    pieces.counts(PLAN, Span())
    name = tables.known()["responses_orders"].table
    with tables.engine.begin() as connection:
        # Behind our back, with the version as it was: nobody would do that.
        connection.execute(name.update().values(outlet="Elsewhere"))
    again = Pieces(Query(tables.engine, clock=ManualClock()))

    kept = again.counts(PLAN, Span())
    again.forget()
    fresh = again.counts(PLAN, Span())

    assert kept["outlet"].buckets == {"Harbour": 2, "Market": 2}
    assert fresh["outlet"].buckets == {"Elsewhere": 4}


def test_a_crowded_day_is_counted_by_hours_minutes_and_seconds(
    pieces: Pieces, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces_module, "_LEAF", 3)
    instants = [AT + HOUR * (n % 3) + MINUTE * (n % 5) + SECOND * (n % 7) for n in range(60)]
    tables.write([change for n, at in enumerate(instants) for change in order(f"x{n}", at=at, group="x")])

    found = pieces.counts(PLAN, Span(group="x"))
    tables.write(order("one more", at=AT + HOUR, group="x"))
    again = pieces.counts(PLAN, Span(group="x"))

    assert found["at"].buckets == {str(AT // HOUR + n): 20 for n in range(3)}
    assert again["at"].number == 61
    assert again["extras"].buckets == {"Salt": 61}


def test_rows_of_one_person_are_counted_directly(pieces: Pieces) -> None:
    mine = Compared(Named("responder", Shape.TEXT), Operator.EQ, Literal("+91a", Shape.TEXT))

    found = pieces.direct(PLAN, mine)

    assert numbers(found)["rice"] == {"2.0": 1}
    assert numbers(found)["extras"] == {"Salt": 1}


def test_the_latest_texts_come_first(pieces: Pieces) -> None:
    in_g = Compared(Named("group_id", Shape.TEXT), Operator.EQ, Literal("g", Shape.TEXT))

    found = pieces.latest("responses_orders", ["remark"], condition=in_g)

    assert found == [(AT + DAY, "Said c"), (AT, "Said a"), (AT - 400 * DAY, "Said d")]


def test_a_table_without_rows_counts_to_nothing(pieces: Pieces, tables: Tables) -> None:
    tables.empty()

    assert pieces.counts(PLAN, Span()) == {}
    assert pieces.latest("responses_orders", ["remark"], condition=None) == []


def fill(tables: Tables, number: int) -> sa.Table:
    table = tables.known()["responses_orders"].table
    rows: Sequence[dict[str, Cell]] = [
        {"response_id": f"many{n:06}", "at": AT + n * MINUTE, "responder": f"p{n % 500}", "tidings_version": n}
        for n in range(number)
    ]
    kind = tables.engine.dialect.name
    with tables.engine.begin() as connection:
        connection.execute(table.insert(), rows)
    quoted = tables.engine.dialect.identifier_preparer.format_table(table)
    with tables.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            f"ANALYZE {quoted}" if kind in {"sqlite", "postgresql"} else f"ANALYZE TABLE {quoted}"
        )
    return table


def plan(tables: Tables, statement: sa.SelectBase) -> str:
    explain = "EXPLAIN QUERY PLAN " if tables.engine.dialect.name == "sqlite" else "EXPLAIN "
    compiled = str(statement.compile(tables.engine, compile_kwargs={"literal_binds": True}))
    with tables.engine.connect() as connection:
        return "\n".join(map(str, connection.exec_driver_sql(explain + compiled)))


def test_a_day_and_a_person_are_found_by_their_indexes(pieces: Pieces, tables: Tables) -> None:
    del pieces
    table = fill(tables, 50_000)
    within = sa.and_(table.c.at >= AT + DAY, table.c.at < AT + 2 * DAY)

    of_day = plan(tables, sa.select(sa.func.count(), sa.func.sum(table.c.tidings_version % 7)).where(within))
    newest = plan(tables, sa.select(sa.func.max(table.c.at)).where(table.c.at < AT))
    of_person = plan(tables, sa.select(table.c.at).where(table.c.responder == "p7"))

    by_time = time_index(tables.known()["responses_orders"])
    assert by_time in of_day
    assert by_time in newest or "optimized away" in newest
    assert "tidings_" in of_person
    assert by_time not in of_person


def test_processes_that_count_at_the_same_time_do_not_disturb_one_another(pieces: Pieces, tables: Tables) -> None:
    others = [pieces, *(Pieces(Query(tables.engine, clock=ManualClock())) for _ in range(3))]
    for number in range(5):
        tables.write(order(f"new {number}", version=number + 2))
        with ThreadPoolExecutor(max_workers=4) as threads:
            found = list(threads.map(lambda one: one.counts(PLAN, Span()), others))

        assert [counts["at"].number for counts in found] == [5 + number] * 4


def test_tables_that_are_away_are_unavailable(pieces: Pieces, tables: Tables) -> None:
    pieces.counts(PLAN, Span())
    with tables.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {'dash.' * (tables.engine.dialect.name == 'postgresql')}tidings_piece")

    with pytest.raises((Invalid, Unavailable)) as caught:
        pieces.counts(PLAN, Span())

    assert "SELECT" not in caught.value.message


def test_who_stops_is_not_waited_for(pieces: Pieces) -> None:
    before = pieces.counts(PLAN, Span(since=AT))
    pieces.stop()

    with pytest.raises(Unavailable, match="about to stop"):
        pieces.counts(PLAN, Span())

    assert before == pieces.counts(PLAN, Span(since=AT))
