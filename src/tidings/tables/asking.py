"""Asking: a SELECT that a template's author wrote, and its rows, in constant memory; nothing else is let through."""

import contextlib
import datetime as dt
import decimal
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import Filter, Value
from tidings.tables.engine import instant_text
from tidings.tables.one_select import MYSQL, OneSelect, one_select
from tidings.tables.read_only import ReadOnly, reason

Cells = tuple[Value, ...]

# Rows in memory at once.
_BATCH = 1_000
_PLAIN = frozenset({str, int, float, bool, type(None)})
_WHOLE = 2**63
_EVERY_ROW = "LIMIT 18446744073709551615"
# An instant as our tables hold it in SQLite, and as everybody else is told it.
_KEPT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
_TOLD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_KEPT_LENGTH, _DATE_LENGTH = 23, 10
# What SQLite, and MariaDB by numbers, say if it is not the statement's fault: lost, locked, full.
_SQLITE_TROUBLE = re.compile(r"locked|disk|unable to open|full|busy")
_MYSQL_TROUBLE = frozenset({1021, 1040, 1205, 1213, 2003, 2006, 2013})
_NO_TABLE = re.compile(r"no such table|relation .* does not exist|Table .* doesn't exist")
_TABLES_COME = "a table is there from its first row on, and `tidings tables list` shows which there are"
_MYSQL_LATE = frozenset({1317, 1969, 3024})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One SELECT, by the name under which it is complained of.

    `parameters` may be more than it has; `instants` are those that are epoch milliseconds. Filters hold as far as it
    has a column of that name. It must be answered before `until`, by the monotonic clock.
    """

    name: str
    sql: str
    until: float
    most_rows: int
    parameters: Mapping[str, Value] = field(default_factory=dict)
    instants: frozenset[str] = frozenset()
    filters: Sequence[Filter] = ()


class Answer:
    """The columns, and the rows, once; `is_cut` after them: there would have been more."""

    def __init__(self, columns: tuple[str, ...], batches: Iterator[list[Cells]], *, most_rows: int) -> None:
        self.columns = columns
        self.is_cut = False
        self._batches = batches
        self._left = most_rows

    def batches(self) -> Iterator[list[Cells]]:
        for rows in self._batches:
            self.is_cut = len(rows) > self._left
            self._left -= len(rows)
            yield rows[: self._left] if self.is_cut else rows
            if self.is_cut:
                return


class Asking:
    """Asks a database. It blocks. Raises Invalid for what is wrong with a question, naming it, and Unavailable."""

    def __init__(self, source: ReadOnly, *, clock: Clock) -> None:
        self.source = source
        self._clock = clock

    @contextlib.contextmanager
    def asked(self, question: Question) -> Iterator[Answer]:
        """The answer; its rows are to be had inside of the context."""
        with self._connected(question) as connection:
            select = self._select(question)
            values = self._bound(select, question)
            filters: list[Filter] = []
            if question.filters:
                columns = self._columns(connection, select, values=values)
                filters = [one for one in question.filters if one.field in columns]
            text = self._filtered(select, filters, most=question.most_rows + 1 if self.source.kind in MYSQL else None)
            with self._run(connection, text, values=values | self._filter_values(filters)) as result:
                yield self._answer(result, question)

    def combinations(self, question: Question, fields: Sequence[str]) -> list[Cells]:
        """The distinct values of these columns together. Raises Invalid if there are more than the question's most."""
        with self._connected(question) as connection:
            select = self._select(question)
            values = self._bound(select, question)
            columns = self._columns(connection, select, values=values)
            for one in fields:
                if one not in columns:
                    raise Invalid(f"query {question.name!r} has no column {one[:60]!r}; it has {', '.join(columns)}")
            filters = [one for one in question.filters if one.field in columns]
            text = self._filtered(select, filters, fields=fields)
            with self._run(connection, text, values=values | self._filter_values(filters)) as result:
                answer = self._answer(result, question)
                found = [row for rows in answer.batches() for row in rows]
            if answer.is_cut:
                raise Invalid(
                    f"query {question.name!r} has more than {question.most_rows} values of"
                    f" {', '.join(fields)}; choose some of them, or other fields"
                )
        return sorted(set(found), key=lambda row: [_rank(value) for value in row])

    @contextlib.contextmanager
    def _connected(self, question: Question) -> Iterator[Connection]:
        left = question.until - self._clock.monotonic()
        if left <= 0:
            raise _late(question)
        try:
            with self.source.reading(max(1, int(left * 1_000)), clock=self._clock) as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise self._error(error, question) from error
        except sa.exc.SQLAlchemyError as error:
            raise Invalid(f"query {question.name!r} cannot be asked: {reason(error)}") from error

    def _select(self, question: Question) -> OneSelect:
        try:
            return one_select(question.sql, kind=self.source.kind, databases=self.source.databases)
        except Invalid as error:
            raise Invalid(f"query {question.name!r} {error.message}") from error

    def _bound(self, select: OneSelect, question: Question) -> dict[str, Value]:
        missing = sorted(select.parameters - question.parameters.keys())
        if missing:
            raise Invalid(
                f"query {question.name!r} has the parameter {missing[0]!r}, which nobody has set;"
                " give it a value, or the template a parameter of that name"
            )
        values = {name: question.parameters[name] for name in select.parameters}
        for name in question.instants & values.keys():
            value = values[name]
            if isinstance(value, int | float):
                try:
                    values[name] = instant_text(int(value))
                except (OverflowError, ValueError) as error:
                    raise Invalid(f"parameter {name!r} is beyond the years that there are") from error
        return values

    def _columns(self, connection: Connection, select: OneSelect, *, values: Mapping[str, Value]) -> list[str]:
        text = f"SELECT * FROM ({select.text}) AS tidings_q WHERE 1 = 0"  # noqa: S608 - the engine lets it read alone
        with contextlib.closing(connection.execute(sa.text(text), values)) as result:
            return list(result.keys())

    def _filtered(
        self, select: OneSelect, filters: Sequence[Filter], *, fields: Sequence[str] = (), most: int | None = None
    ) -> str:
        if not filters and not fields and most is None:
            return select.text
        # MariaDB leaves out the order of what stands in brackets, unless it has a limit.
        inner = f"{select.text} {_EVERY_ROW}" if self.source.kind in MYSQL and select.is_ordered else select.text
        what = f"DISTINCT {', '.join(map(self._quoted, fields))}" if fields else "*"
        text = f"SELECT {what} FROM ({inner}) AS tidings_q"  # noqa: S608 - as above
        if filters:
            text += f" WHERE {' AND '.join(self._condition(*one) for one in enumerate(filters))}"
        return text if most is None else f"{text} LIMIT {most}"

    def _condition(self, number: int, one: Filter) -> str:
        name = self._quoted(one.field)
        bound = ", ".join(f":{key}" for key in self._filter_values([one], number))
        either = [f"{name} IN ({bound})"] if bound else []
        if None in one.values:
            either.append(f"{name} IS NULL")
        return f"({' OR '.join(either)})" if either else "1 = 0"

    def _filter_values(self, filters: Sequence[Filter], first: int = 0) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for number, one in enumerate(filters, first):
            told = [value for value in one.values if value is not None]
            if self.source.kind == "postgresql":
                # It takes a text for what the column is, and no number for a text.
                told = [_spelt(value) for value in told]
            elif self.source.is_own:
                told += [_as_kept(value) for value in told if isinstance(value, str) and _TOLD.fullmatch(value)]
            found |= {f"tidings_{number}_{place}": value for place, value in enumerate(told)}
        return found

    def _quoted(self, name: str) -> str:
        quoted = self.source.quoted(name)
        return quoted.replace(":", r"\:")

    def _run(
        self, connection: Connection, text: str, *, values: Mapping[str, Value]
    ) -> contextlib.closing[sa.CursorResult[Any]]:
        options: Mapping[str, Any] = {"yield_per": _BATCH}
        return contextlib.closing(connection.execute(sa.text(text), values, execution_options=options))

    def _answer(self, result: sa.CursorResult[Any], question: Question) -> Answer:
        columns = tuple(result.keys())
        for place, name in enumerate(columns):
            if name in columns[:place]:
                raise Invalid(f"query {question.name!r} has two columns {name[:60]!r}; call one of them else with AS")
        return Answer(columns, self._batches(result, question), most_rows=question.most_rows)

    def _batches(self, result: sa.CursorResult[Any], question: Question) -> Iterator[list[Cells]]:
        is_own = self.source.is_own
        texts = is_own and self.source.kind == "sqlite"  # among which there are instants
        for rows in result.partitions(_BATCH):
            if self._clock.monotonic() > question.until:
                raise _late(question)
            yield [
                tuple(
                    value
                    if type(value) in _PLAIN and not (texts and type(value) is str and len(value) == _KEPT_LENGTH)
                    else told(value, is_own=is_own)
                    for value in row
                )
                for row in rows
            ]

    def _error(self, error: sa.exc.DBAPIError, question: Question) -> Invalid | Unavailable:
        original: Any = error.orig
        said = reason(error)
        code = original.args[0] if self.source.kind in MYSQL and original.args else None
        state = getattr(original, "sqlstate", None)
        if said == "interrupted" or state == "57014" or code in _MYSQL_LATE:
            return _late(question)
        is_trouble = error.connection_invalidated or {
            "postgresql": isinstance(error, sa.exc.OperationalError),
            "sqlite": isinstance(error, sa.exc.OperationalError) and bool(_SQLITE_TROUBLE.search(said)),
        }.get(self.source.kind, code in _MYSQL_TROUBLE)
        if is_trouble:
            return Unavailable(f"query {question.name!r} could not be read: {said}")
        hint = f"; {_TABLES_COME}" if self.source.is_own and _NO_TABLE.search(said) else ""
        return Invalid(f"query {question.name!r}: {said}{hint}")


def told(value: Any, *, is_own: bool) -> Value:  # noqa: ANN401 - whatever a driver makes of a column
    """A cell as reports have it: instants are texts by ISO 8601, in UTC; what is none of ours is a text."""
    if isinstance(value, str):
        is_instant = is_own and len(value) == _KEPT_LENGTH and value[_DATE_LENGTH] == " " and _KEPT.fullmatch(value)
        return f"{value[:_DATE_LENGTH]}T{value[_DATE_LENGTH + 1 :]}Z" if is_instant else str(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None and not is_own:
            return value.isoformat(timespec="milliseconds")
        moment = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, decimal.Decimal):
        return _number(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value if type(value) in _PLAIN else str(value)


def _number(value: decimal.Decimal) -> Value:
    if value.is_finite() and abs(value) < _WHOLE and value == value.to_integral_value():
        return int(value)
    # Money is what it was, or else a text.
    nearest = float(value)
    return nearest if decimal.Decimal(str(nearest)) == value else str(value)


def _spelt(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_kept(value: str) -> str:
    return value.replace("T", " ").removesuffix("Z")


def _rank(value: Value) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _late(question: Question) -> Unavailable:
    return Unavailable(f"query {question.name!r} took too long; ask for less, or give the report more time")
