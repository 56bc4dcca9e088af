"""A million events and what belongs to them, copied in the database from what a demo left there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.clock import DAY, MINUTE, SECOND, Clock
from tidings.core.identifier import identifier_at
from tidings.tables.engine import open_engine, schema_of

EVENTS, RECEIPTS, ROWS = 1_000_000, 100_000, 500_000
GROUPS, WEBHOOKS, PEOPLE, MEMBERS = 200, 300, 5_000, 2_000
MESSAGES, RESPONSES, DEBTS, AUDITED, CAPTURES = 100_000, 50_000, 20_000, 100_000, 500
# Shorter than what is kept.
DAYS = 20
# Of the demo's form; it gets most of the rows.
FORM = "responses_orderformdemo"
_NUMBERS = "WITH RECURSIVE k(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM k WHERE n < :most)"
_NEVER = 2**53
# Between two events.
_STEP = identifier_at(DAYS * DAY // EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Rows made of one that is there: `changes` are expressions of `k.n`, counted from 1, by column.

    `of` chooses the row, `only` leaves out numbers.
    """

    table: str
    most: int
    changes: Mapping[str, str]
    of: str = "1 = 1"
    only: str = "1 = 1"
    schema: str | None = None

    def run(self, connection: Connection, **values: object) -> None:
        there = sa.inspect(connection).get_columns(self.table, schema=self.schema)
        names = [str(column["name"]) for column in there if self.changes.get(column["name"]) != ""]
        name = f"{self.schema}.{self.table}" if self.schema else self.table
        taken = ", ".join(self.changes.get(name, f"model.{name}") for name in names)
        columns = ", ".join(names)
        model = f"SELECT * FROM {name} WHERE {self.of} LIMIT 1"  # noqa: S608 - all of it is ours
        if not connection.execute(sa.text(model), values if ":spoken" in model else {}).first():
            raise SystemExit(f"the demo left no {self.table} where {self.of}; run it again")
        connection.execute(
            sa.text(
                f"{_NUMBERS} INSERT INTO {name} ({columns}) SELECT {taken} FROM k"  # noqa: S608 - all of it is ours
                f" CROSS JOIN ({model}) AS model"
                f" WHERE {self.only}"
            ),
            {"most": self.most, **values},
        )


def fill(database: str, tables: str, *, group: str) -> None:
    """Fill both; nobody else may have them open. `group` is the demo's, which gets most of it."""
    engine = open_engine(database)
    now = Clock().now()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _make_partitions(connection, now=now)
        _make_events(connection, group=group, now=now)
        webhooks = connection.execute(sa.text("SELECT max(number) FROM subscription")).scalar_one()
        values: dict[str, object] = {"first": _first(now), "step": _STEP, "now": now, "spoken": group}
        values |= {"webhooks": webhooks, "never": _NEVER, "events": EVENTS}
        for copying in (*_of_deliveries(), *_of_groups(), *_of_the_rest()):
            texts = " ".join([copying.of, copying.only, *copying.changes.values()])
            copying.run(connection, **{name: value for name, value in values.items() if f":{name}" in texts})
        for statement in _STATEMENTS:
            chosen = {name: value for name, value in {**values, "most": DEBTS}.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), chosen)
    _fill_tables(tables, now=now)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("VACUUM ANALYZE"))
    engine.dispose()


def _first(now: int) -> int:
    """Where identifiers begin; none of them is one that the demo gave."""
    return identifier_at(now - DAYS * DAY) + 777_777


def _make_partitions(connection: Connection, *, now: int) -> None:
    """For the days that are over; the server makes only those to come."""
    for day in range((now - DAYS * DAY) // DAY - 1, now // DAY):
        for table in ("event", "attempt"):
            first, end = identifier_at(day * DAY), identifier_at((day + 1) * DAY)
            connection.execute(
                sa.text(f"CREATE TABLE {table}_load_{day} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({end})")
            )


def _make_events(connection: Connection, *, group: str, now: int) -> None:
    """Of all kinds that the demo has, in turn; nine in ten of those of the group are other groups'."""
    forms = connection.execute(sa.text("SELECT count(*) FROM event")).scalar_one()
    connection.execute(
        sa.text(
            f"{_NUMBERS}, form AS (SELECT row_number() OVER (ORDER BY id) - 1 AS place, event.* FROM event)"  # noqa: S608 - ours
            " INSERT INTO event (id, type, at, source, wire_id, subjects, actor, data)"
            " SELECT :first + k.n * :step, type, (:first + k.n * :step) >> 20, source,"
            " CASE WHEN wire_id = '' THEN '' ELSE wire_id || '-' || k.n END,"
            " CASE WHEN k.n % 10 = 0 THEN subjects ELSE replace(subjects, :spoken, 'load-' || (k.n % 200)) END,"
            " actor, data FROM k JOIN form ON form.place = k.n % :forms"
        ),
        {
            "most": EVENTS,
            "forms": forms,
            "first": _first(now),
            "step": _STEP,
            "spoken": group,
        },
    )


def _of_deliveries() -> Iterator[Copying]:
    """Each event was owed to one webhook: one in a hundred failed, one in fifty needed a second attempt."""
    refused = {"outcome": "'refused'", "status": "503"}
    for only, later, changes in (
        ("k.n % 100 <> 0", 200, {}),
        ("k.n % 100 = 0", 200, {**refused, "state": "'failed'"}),
        ("k.n % 50 = 1", 100, {**refused, "state": "'retrying'", "is_final": "0"}),
    ):
        yield Copying(
            table="attempt",
            most=EVENTS,
            of="state = 'delivered'",
            only=only,
            changes={
                "id": f":first + k.n * :step + {identifier_at(later)}",
                "event": ":first + k.n * :step",
                "subscription": "1 + k.n % :webhooks",
                "at": f"((:first + k.n * :step) >> 20) + {later}",
                **changes,
            },
        )


def _of_groups() -> Iterator[Copying]:
    spoken = "group_id = :spoken"
    yield Copying(
        table="grouping", most=GROUPS, of="id = :spoken", changes={"id": "'load-' || k.n", "name": "'Crew ' || k.n"}
    )
    yield Copying(
        table="person",
        most=PEOPLE,
        changes={"id": "'load-' || k.n", "phone": "'+9100001' || (10000 + k.n)", "name": "'Asha Verma ' || k.n"},
    )
    yield Copying(
        table="member", most=MEMBERS, of=f"{spoken} AND role = 'Member'", changes={"person": "'load-' || k.n"}
    )
    mixed = {"group_id": f"'load-' || (1 + k.n % {GROUPS})", "person": "'load-' || k.n"}
    yield Copying(table="member", most=PEOPLE, of=f"{spoken} AND role = 'Member'", changes=mixed)
    yield Copying(
        table="message", most=MESSAGES, of=spoken, changes={"id": "'load-' || k.n", "at": f":now - k.n * {10 * SECOND}"}
    )
    yield Copying(
        table="response",
        most=RESPONSES,
        changes={
            "id": "'load-' || k.n",
            "responder": f"'load-' || (k.n % {PEOPLE})",
            "sole": "CASE WHEN model.sole IS NULL THEN NULL ELSE 'load-' || k.n END",
            "created_at": f":now - k.n * {30 * SECOND}",
            "changed_at": f":now - k.n * {30 * SECOND}",
        },
    )


def _of_the_rest() -> Iterator[Copying]:
    yield Copying(
        table="receipt",
        most=RECEIPTS,
        of="state = 'understood'",
        changes={"id": "", "at": f":now - ({RECEIPTS} - k.n) * {10 * SECOND}", "once": "'load-' || k.n"},
    )
    yield Copying(
        table="audit",
        most=AUDITED,
        changes={
            "id": ":first + k.n",
            "at": f":now - ({AUDITED} - k.n) * {10 * SECOND}",
            "actor": "'load-' || (k.n % 5000)",
        },
    )


_STATEMENTS = (
    f"""{_NUMBERS} INSERT INTO owed (event, subscription, due)
    SELECT :first + (:events - k.n) * :step, 1 + (:events - k.n + 7) % :webhooks, :never FROM k""",  # noqa: S608 - ours
    """INSERT INTO lane (subscription, delivered, failed, succeeded_at, refused_at)
    SELECT number, 3300, 33, :now - 1000, CASE WHEN number % 15 = 0 THEN :now ELSE 0 END
    FROM subscription WHERE number NOT IN (SELECT subscription FROM lane)""",
    f"""{_NUMBERS.replace(":most", str(30 * DAY // MINUTE))}
    INSERT INTO pace_of_minute (minute, kept, delivered, failed, received)
    SELECT :now - :now % {MINUTE} - k.n * {MINUTE}, 23 + k.n % 7, 22 + k.n % 5, k.n % 3, 2 FROM k WHERE k.n > 5""",  # noqa: S608 - ours
)


def _fill_tables(url: str, *, now: int) -> None:
    engine = open_engine(url)
    schema = schema_of(engine)
    second = f"{now // SECOND} - k.n * 3"
    at = (
        f"to_timestamp({second}) AT TIME ZONE 'UTC'"
        if schema
        else f"strftime('%Y-%m-%d %H:%M:%f', {second}, 'unixepoch')"
    )
    with engine.begin() as connection:
        for name, most in ((FORM, ROWS), ("events", ROWS // 5), ("messages", ROWS // 5)):
            [key, *_] = sa.inspect(connection).get_pk_constraint(name, schema=schema)["constrained_columns"]
            changes = {str(key): "'load-' || k.n", "at": at}
            if name == FORM:
                changes |= {"responder": "'+91' || (k.n % 5000)", "retailer_outlet": "'Outlet ' || (k.n % 70)"}
            Copying(table=name, most=most, changes=changes, schema=schema).run(connection)
    engine.dispose()
