"""The SQL of templates, hostile until shown otherwise, asked of real databases of each engine."""

import contextlib
import datetime as dt
import decimal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, Invalid, TidingsError, Unavailable
from tidings.core.report import Filter, Value
from tidings.core.row import Field, Place, Row, Shape, row_of
from tidings.tables.asking import Asking, Cells, Question, told
from tidings.tables.one_select import one_select
from tidings.tables.read_only import ReadOnly
from tidings.tables.reader_role import drop_reader_role, reader_roles
from tidings.tables.tables import Tables, open_tables

CLOCK = Clock()
AT = 1_706_691_600_000  # 2024-01-31T09:00:00Z
TEXTS = ["Pune", "Pune", "Delhi; DROP TABLE orders", "100% 'so' :called \\ नमस्ते", None]
SQL = "SELECT id, place, price, pieces, at FROM orders ORDER BY id DESC"


def question(sql: str, *, within_s: float = 30.0, **others: Any) -> Question:  # noqa: ANN401 - as they are there
    asked = Question(name="sales", sql=sql, until=CLOCK.monotonic() + within_s, most_rows=1_000_000)
    return replace(asked, **others)


def orders() -> list[Row]:
    return [
        row_of(
            place=Place("orders", "orders", ""),
            key=(Field("id", "id", Shape.WHOLE, number),),
            fields=(
                Field("place", "place", Shape.TEXT, place),
                Field("price", "price", Shape.NUMBER, 1.25 * number),
                Field("pieces", "pieces", Shape.WHOLE, 2**53 + number),
                Field("at", "at", Shape.INSTANT, AT + number),
            ),
            version=1,
        )
        for number, place in enumerate(TEXTS, 1)
    ]


def keep_secret(tables: Tables) -> None:
    """As the store's own tables are beside ours: in the same database, or on MariaDB on the same server."""
    with tables.engine.begin() as connection:
        if tables.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("CREATE TABLE public.secret AS SELECT 'hash' AS hash")
        elif tables.engine.dialect.name == "mariadb":
            connection.exec_driver_sql("CREATE DATABASE IF NOT EXISTS others")
            connection.exec_driver_sql("CREATE OR REPLACE TABLE others.secret AS SELECT 'hash' AS hash")


@pytest.fixture
def asking(tables: Tables, tables_url: str) -> Iterator[Asking]:
    tables.write(orders())
    keep_secret(tables)
    with contextlib.closing(ReadOnly(tables_url, is_own=True)) as source:
        yield Asking(source, clock=CLOCK)


def rows_of(asking: Asking, sql: str, **others: Any) -> list[Cells]:  # noqa: ANN401 - as above
    with asking.asked(question(sql, **others)) as answer:
        return [row for rows in answer.batches() for row in rows]


def run(source: ReadOnly, sql: str) -> None:
    """Beneath what looks at the text: the engine itself."""
    with source.reading(5_000, clock=CLOCK) as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.exec_driver_sql(sql)


def refusal(asking: Asking, sql: str) -> str:
    with pytest.raises(TidingsError) as refused:
        rows_of(asking, sql)
    return refused.value.message


def test_a_select_has_its_rows_in_order_with_parameters_bound_and_filters_applied(asking: Asking) -> None:
    with asking.asked(question(SQL)) as answer:
        columns, rows = answer.columns, [row for batch in answer.batches() for row in batch]
    with asking.asked(question(SQL, most_rows=3)) as answer:
        first = [row[0] for batch in answer.batches() for row in batch]
    hostile: dict[str, Value] = {"place": TEXTS[2], "unused": 1, "since": AT + 3, "none": None}
    asked = "SELECT id AS \"a:b\", ':x' FROM orders WHERE place = :place AND at >= :since AND 7 % 4 = 3 -- :y\n;"
    if asking.source.kind == "mariadb":
        asked = asked.replace('"', "`")
    bound = rows_of(asking, asked, parameters=hostile, instants=frozenset({"since"}))

    assert columns == ("id", "place", "price", "pieces", "at")
    assert rows[0] == (5, None, 6.25, 2**53 + 5, "2024-01-31T09:00:00.005Z")
    assert [row[1] for row in rows] == TEXTS[::-1]
    assert (first, answer.is_cut) == ([5, 4, 3], True)
    assert bound == [(3, ":x")]


def test_filters_hold_where_there_is_such_a_column_and_cycles_are_the_combinations_left(asking: Asking) -> None:
    filters = [
        Filter(field="place", values=("Pune", None, TEXTS[3])),
        Filter(field="nowhere", values=("x",)),
        Filter(field="id", values=("1", 2, 4.0, 5)),
        Filter(field="at", values=("2024-01-31T09:00:00.004Z", "2024-01-31T09:00:00.001Z")),
    ]

    ids = [[row[0] for row in rows_of(asking, SQL, filters=filters[:count])] for count in (1, 2, 3, 4)]
    nothing = rows_of(asking, SQL, filters=[Filter(field="place", values=())])
    found = asking.combinations(question(SQL, filters=filters[2:3]), ["place", "at"][:1])
    with pytest.raises(Invalid, match="more than 3 values of id; choose some"):
        asking.combinations(question(SQL, most_rows=3), ["id"])
    with pytest.raises(Invalid, match="has no column 'town'; it has id, place, price, pieces, at"):
        asking.combinations(question(SQL), ["town"])

    assert ids == [[5, 4, 2, 1], [5, 4, 2, 1], [5, 4, 2, 1], [4, 1]]
    assert (nothing, found) == ([], [(None,), (TEXTS[3],), ("Pune",)])


def test_what_is_not_one_select_or_lacks_a_parameter_is_told_in_a_sentence(asking: Asking) -> None:
    mistakes = {
        "SELECT 1 AS a; SELECT 2 AS a": "query 'sales' must be one statement",
        "DELETE FROM orders": "query 'sales' must be one SELECT",
        "SELECT * INTO mine FROM orders": "query 'sales' may only read; leave out INTO",
        "SELECT id FROM orders WHERE id = :number": "query 'sales' has the parameter 'number'",
        "SELECT id, id FROM orders": "query 'sales'",
        "SELECT nothing FROM orders": "query 'sales': ",
        "SELECT 'open": "query 'sales' has a quote or a comment without an end",
        "": "query 'sales' must be one SELECT",
    }

    for sql, sentence in mistakes.items():
        assert refusal(asking, sql).startswith(sentence)


def test_nothing_is_written_by_any_way_and_only_the_tables_are_read(asking: Asking, tables: Tables) -> None:
    kind = asking.source.kind
    hostile = {
        "sqlite": [
            "SELECT load_extension('x')",
            "SELECT * FROM sqlite_master",
            "SELECT * FROM tidings_table",
            "SELECT * FROM pragma_database_list",
            "WITH x AS (SELECT 1) INSERT INTO orders (id, tidings_version) SELECT 9, 9",
            'SELECT * FROM "sqlite_schema"',
        ],
        "postgresql": [
            "SELECT * FROM public.secret",
            "SELECT * FROM tidings_table",
            "SELECT pg_read_file('/etc/passwd')",
            'SELECT "pg_sleep" (60)',
            "SELECT pg_catalog.set_config('role', 'postgres', false)",
            'SELECT U&"p\\0067_sleep"(60)',
            "SELECT query_to_xml('SELECT * FROM public.secret', true, true, '')",
            "SELECT lo_import('/etc/passwd')",
            "SELECT pg_advisory_lock(1)",
            "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
            "SELECT id FROM orders FOR UPDATE",
        ],
        "mariadb": [
            "SELECT * FROM others.secret",
            "SELECT * FROM `others` . secret",
            "SELECT * FROM mysql.global_priv",
            "SELECT load_file('/etc/passwd')",
            "SELECT SLEEP/**/(60)",
            "SELECT 1 /*! INTO OUTFILE 'mine' */ FROM",
            "SELECT '\\' , get_lock('tidings.tables', 60) -- '",
            "SELECT id FROM orders INTO DUMPFILE 'mine'",
            "SELECT id FROM orders FOR /* */ UPDATE",
        ],
    }[kind]

    for sql in hostile:
        assert refusal(asking, sql).startswith("query 'sales'")
    assert len(list(tables.rows("orders"))) == len(TEXTS)


@pytest.mark.parametrize("tables_url", ["postgresql"], indirect=True)
def test_on_postgresql_no_role_stands_behind_the_one_that_reads(asking: Asking) -> None:
    found: list[str] = []
    for sql in (
        "SELECT set_config('role', 'none', false), query_to_xml('SELECT * FROM public.secret', true, true, '')",
        "SELECT set_config('session_authorization', 'postgres', false)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "RESET ROLE; SELECT * FROM public.secret",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE TABLE dash.mine (id int)",
        "SELECT * FROM public.secret",
    ):
        with pytest.raises(sa.exc.DBAPIError) as refused:
            run(asking.source, sql)
        found.append(type(refused.value.orig).__name__)

    assert found.count("InsufficientPrivilege") == 5
    assert found[2] == "ActiveSqlTransaction"
    assert found[5] == "ReadOnlySqlTransaction"


@pytest.mark.parametrize("tables_url", ["postgresql"], indirect=True)
def test_a_login_that_may_not_make_roles_is_told_what_to_do_and_two_clerks_sign_in_at_once(
    asking: Asking, tables: Tables, tables_url: str
) -> None:
    [login] = reader_roles(tables.engine)
    drop_reader_role(tables.engine, login)
    assert rows_of(asking, "SELECT count(*) AS many FROM orders") == [(len(TEXTS),)]
    with contextlib.closing(ReadOnly(tables_url, is_own=True)) as second:
        later, key = Place("later", "later", ""), Field("id", "id", Shape.TEXT, "1")
        tables.write([row_of(place=later, key=(key,), fields=(), version=1)])
        both = [rows_of(one, "SELECT id FROM later") for one in (asking, Asking(second, clock=CLOCK))]
    name = str(tables.engine.url.database)
    with tables.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        connection.exec_driver_sql(f"GRANT CREATE ON DATABASE {name} TO {name}")
        connection.exec_driver_sql("ALTER SCHEMA dash RENAME TO dash_of_another")

    made = tables.engine.url.set(drivername="postgresql", username=name, password="x")
    url = made.render_as_string(hide_password=False)
    with pytest.raises(Forbidden, match=r"may not make roles in this database; let its owner run ALTER ROLE"):
        ReadOnly(url, is_own=True)
    with tables.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {name} CREATEROLE")
    with contextlib.closing(ReadOnly(url, is_own=True)) as ordinary:
        [(current, session)] = rows_of(
            Asking(ordinary, clock=CLOCK), "SELECT current_user::text AS a, session_user::text AS b"
        )
        with pytest.raises(sa.exc.DBAPIError, match="permission denied for schema dash_of_another"):
            run(ordinary, "SELECT * FROM dash_of_another.orders")
    assert current == session
    assert str(current).startswith("tidings_reader_reports_")
    assert both == [[("1",)], [("1",)]]


def test_what_never_ends_is_broken_off_in_time(asking: Asking) -> None:
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"
    if asking.source.kind == "mariadb":
        endless = "SELECT count(*) AS c FROM seq_1_to_100000000 a, seq_1_to_100000000 b"
    streamed = f"SELECT a.id FROM {', '.join(f'orders {letter}' for letter in 'abcdefghijkl')}"  # noqa: S608 - a test

    with pytest.raises(Unavailable, match="query 'sales' took too long; ask for less"):
        rows_of(asking, endless, within_s=0.3)
    with pytest.raises(Unavailable, match="took too long"), asking.asked(question(streamed, within_s=0.3)) as answer:
        for _ in answer.batches():
            pass
    assert rows_of(asking, "SELECT 1 AS one") == [(1,)]


def test_an_sqlite_connection_is_read_by_either_spelling_and_never_one_of_our_own_files(tmp_path: Path) -> None:
    path = tmp_path / "a b?.db"
    with contextlib.closing(sqlite3.connect(path)) as driver:
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("CREATE TABLE t AS SELECT 1 AS id, x'00ff' AS octets, 1e400 AS endless")
        driver.commit()
    store = tmp_path / "store.db"
    with contextlib.closing(sqlite3.connect(store)) as driver:
        driver.execute("CREATE TABLE publication_key (hash TEXT)")
    (tmp_path / "link.db").symlink_to(store)
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}"):
        pass

    for url in (f"sqlite:{path}", f"sqlite:///{path}"):
        with contextlib.closing(ReadOnly(url, is_own=False)) as source:
            asking = Asking(source, clock=CLOCK)
            assert rows_of(asking, "SELECT * FROM t") == [(1, "00ff", float("inf"))]
            assert "prohibited" in refusal(asking, "SELECT * FROM sqlite_master")
    for name in ("store.db", "link.db", "tables.db"):
        with contextlib.closing(ReadOnly(f"sqlite:{tmp_path / name}", is_own=False)) as source:
            assert refusal(Asking(source, clock=CLOCK), "SELECT 1").startswith("url: this is where Tidings keeps")
    for url, sentence in {
        f"sqlite:{tmp_path / 'none.db'}": "url: there is no file",
        "oracle://u:hidden@h/d": "url: no driver for 'oracle' is installed",
        "hidden": "url: is not like",
    }.items():
        with pytest.raises(Invalid, match=sentence) as refused:
            ReadOnly(url, is_own=False)
        assert "hidden" not in refused.value.message


def test_a_connection_to_a_database_server_reads_and_cannot_write(
    new_postgresql_database: Callable[[], str], mariadb: str
) -> None:
    for url in (new_postgresql_database(), mariadb + "mysql"):
        with contextlib.closing(ReadOnly(url, is_own=False)) as source:
            assert rows_of(Asking(source, clock=CLOCK), "SELECT 1 AS a, 'x' AS b") == [(1, "x")]
            with pytest.raises(sa.exc.DBAPIError):
                run(source, "CREATE TABLE mine (id int)")


def test_cells_are_texts_numbers_and_truths_whatever_a_driver_makes_of_them() -> None:
    moment = dt.datetime(2024, 1, 31, 9, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
    cells: list[tuple[object, Value]] = [
        (moment, "2024-01-31T03:30:00.000Z"),
        (moment.replace(tzinfo=None), "2024-01-31T09:00:00.000"),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (decimal.Decimal("12.30"), 12.3),
        (decimal.Decimal("12345678901234567.89"), "12345678901234567.89"),
        (decimal.Decimal(2**70), str(2**70)),
        ({"a": [1]}, '{"a": [1]}'),
        ("2024-01-31 09:00:00.000", "2024-01-31 09:00:00.000"),
        (True, True),
    ]

    assert [told(cell, is_own=False) for cell, _ in cells] == [expected for _, expected in cells]


def test_a_colon_a_comment_or_a_quote_hides_nothing() -> None:
    text = one_select("SELECT a::int, '\\:x', $$;:y$$, E'\\';' /* ; */ FROM t WHERE b = :b", kind="postgresql")
    ordered = [
        one_select(sql, kind="mariadb").is_ordered
        for sql in ("SELECT 1 ORDER BY 1", "SELECT 1 ORDER BY 1 LIMIT 2", "SELECT (SELECT 1 ORDER BY 1)")
    ]

    assert (text.parameters, ordered) == (frozenset({"b"}), [True, False, False])
    hidden = {
        "mariadb": [
            "SELECT 1.0INTO OUTFILE 'mine'",
            "SELECT 1 --\x01 '\n INTO OUTFILE 'mine' -- '",
            "SELECT 5--get_lock('a', 1)",
            "SELECT 'a\\' , sleep(9) -- '",
        ],
        "postgresql": [
            "SELECT 1 AS x\xa0$$, pg_sleep(5) AS y\xa0$$",
            "SELECT $\U0001f600$ ' $\U0001f600$, pg_sleep(5), $\U0001f600$ ' $\U0001f600$",
            "SELECT 1 -- \r, pg_sleep(5)\n, pg_sleep(5)",
            "SELECT E'\\'', pg_sleep(5), '",
        ],
    }
    for kind, statements in hidden.items():
        for sql in statements:
            with pytest.raises(Invalid):
                one_select(sql, kind=kind)
    assert text.text == "SELECT a\\:\\:int, '\\\\:x', $$;\\:y$$, E'\\';'   FROM t WHERE b =  :b"
