"""Clause: conditions in SQL, every given value bound, with one meaning on all engines."""

import operator
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tidings.tables.condition import (
    Among,
    Both,
    Compared,
    Condition,
    Either,
    Function,
    Holding,
    Literal,
    Made,
    Named,
    Negated,
    Operator,
    Value,
    Where,
)
from tidings.tables.engine import column_type

_Clause = sa.ColumnElement[bool]
_Term = sa.ColumnElement[Any]

_OPERATORS: dict[Operator, Callable[[_Term, _Term], _Clause]] = {
    Operator.EQ: operator.eq,
    Operator.NE: lambda left, right: left.is_distinct_from(right),
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


def clause_of(condition: Condition, *, table: sa.Table) -> _Clause:
    """The condition on rows of that table, whose columns it names."""
    match condition:
        case Compared():
            return _compared(condition, table)
        case Among(value=value, members=members):
            return _term(value, table).in_([_term(one, table) for one in members])
        case Holding():
            return _holding(condition, table)
        case Both(parts=parts):
            return sa.and_(*(clause_of(one, table=table) for one in parts))
        case Either(parts=parts):
            return sa.or_(*(clause_of(one, table=table) for one in parts))
        case Negated(part=part):
            # NOT of what SQL calls unknown would be unknown again.
            return sa.not_(sa.func.coalesce(clause_of(part, table=table), sa.false()))


def fold_all_letters(connection: Connection) -> None:
    """Let SQLite's lower() and upper() know the letters beyond ASCII, as they do on the other engines."""
    driver: Any = connection.connection.driver_connection
    for name, fold in (("lower", str.lower), ("upper", str.upper)):
        driver.create_function(name, 1, _of_text(fold), deterministic=True)


def _of_text(fold: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else fold(text)


def _compared(condition: Compared, table: sa.Table) -> _Clause:
    sides = [side for side in (condition.left, condition.right) if not _is_nothing(side)]
    terms = [_term(side, table) for side in sides]
    if len(terms) < 2:  # noqa: PLR2004 - a side of nothing
        if condition.operator not in {Operator.EQ, Operator.NE}:
            return sa.false()
        is_equal = terms[0].is_(None) if terms else sa.true()
        return is_equal if condition.operator is Operator.EQ else sa.not_(is_equal)
    if condition.operator is Operator.EQ and not any(isinstance(side, Literal) for side in sides):
        return terms[0].is_not_distinct_from(terms[1])
    return _OPERATORS[condition.operator](*terms)


def _is_nothing(side: Value) -> bool:
    return isinstance(side, Literal) and side.value is None


def _holding(condition: Holding, table: sa.Table) -> _Clause:
    term, text = _term(condition.value, table), condition.text
    if table.info["engine"] == "sqlite":
        # Its LIKE takes a for A; GLOB does not, and knows wildcards of its own.
        plain = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
        before = "" if condition.where is Where.STARTS else "*"
        after = "" if condition.where is Where.ENDS else "*"
        return term.bool_op("GLOB")(sa.literal(before + plain + after, sa.Text()))
    if condition.where is Where.CONTAINS:
        return term.contains(text, autoescape=True)
    return (term.startswith if condition.where is Where.STARTS else term.endswith)(text, autoescape=True)


def _term(value: Value, table: sa.Table) -> _Term:
    engine = table.info["engine"]
    match value:
        case Named(column=column):
            return table.c[column]
        case Literal(value=given, shape=shape):
            return sa.literal(given, column_type(shape, engine=engine, is_key=False))
        case Made(function=function, of=of):
            return _made(function, _term(of, table), engine=engine)


def _made(function: Function, term: _Term, *, engine: str) -> _Term:
    if function in {Function.LOWER, Function.UPPER}:
        return (sa.func.lower if function is Function.LOWER else sa.func.upper)(term, type_=sa.Text())
    if function is Function.LENGTH:
        return sa.func.char_length(term)
    part = sa.extract(function.value, term)
    # With a fraction on PostgreSQL alone.
    return sa.func.floor(part) if function is Function.SECOND and engine == "postgresql" else part
