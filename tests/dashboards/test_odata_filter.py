"""The language of `$filter`, and that nothing else is taken for it."""

import contextlib
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.core.row import Shape
from tidings.dashboards.odata.filter import DEEPEST, parse_filter
from tidings.dashboards.odata.symbols import LONGEST
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
    Where,
)
from tidings.tables.selection import Column

SHAPES = {
    "goods": Shape.TEXT,
    "price": Shape.NUMBER,
    "number": Shape.WHOLE,
    "paid": Shape.TRUTH,
    "at": Shape.INSTANT,
    "year": Shape.WHOLE,
    "eq": Shape.TEXT,
}
COLUMNS = {name: Column(name=name, shape=shape, is_key=name == "goods", comment="") for name, shape in SHAPES.items()}
GOODS, PRICE, NUMBER, PAID, AT = (Named(name, SHAPES[name]) for name in ("goods", "price", "number", "paid", "at"))
NEW_YEAR = 1_704_067_200_000
DAY = 86_400_000


def text(value: str) -> Literal:
    return Literal(value, Shape.TEXT)


def instant(value: int) -> Literal:
    return Literal(value, Shape.INSTANT)


RICE = Compared(GOODS, Operator.EQ, text("rice"))
CHEAP = Compared(PRICE, Operator.LT, Literal(5, Shape.WHOLE))
PAID_FOR = Compared(PAID, Operator.EQ, Literal(value=True, shape=Shape.TRUTH))


def at(operator: Operator, value: int) -> Compared:
    return Compared(AT, operator, instant(value))


UNDERSTOOD: list[tuple[str, Condition]] = [
    ("goods eq 'rice'", RICE),
    ("'rice' eq goods", Compared(text("rice"), Operator.EQ, GOODS)),
    ("goods eq 'o''neil'''", Compared(GOODS, Operator.EQ, text("o'neil'"))),
    ("goods ne null", Compared(GOODS, Operator.NE, Literal(None, Shape.TEXT))),
    ("price lt 5", CHEAP),
    ("price ge -1.5e3", Compared(PRICE, Operator.GE, Literal(-1500.0, Shape.NUMBER))),
    ("number eq 9223372036854775807", Compared(NUMBER, Operator.EQ, Literal(2**63 - 1, Shape.WHOLE))),
    ("number lt 9223372036854775808", Compared(NUMBER, Operator.LT, Literal(2.0**63, Shape.NUMBER))),
    ("paid", PAID_FOR),
    ("paid eq true", PAID_FOR),
    ("paid ne false", Compared(PAID, Operator.NE, Literal(value=False, shape=Shape.TRUTH))),
    ("true", Compared(Literal(value=True, shape=Shape.TRUTH), Operator.EQ, Literal(value=True, shape=Shape.TRUTH))),
    ("year eq 2024", Compared(Named("year", Shape.WHOLE), Operator.EQ, Literal(2024, Shape.WHOLE))),
    ("eq eq 'eq'", Compared(Named("eq", Shape.TEXT), Operator.EQ, text("eq"))),
    ("year(at) eq 2024", Compared(Made(Function.YEAR, AT), Operator.EQ, Literal(2024, Shape.WHOLE))),
    ("goods eq 'rice' and price lt 5 and paid", Both((RICE, CHEAP, PAID_FOR))),
    ("goods eq 'rice' or price lt 5 and paid", Either((RICE, Both((CHEAP, PAID_FOR))))),
    ("(goods eq 'rice' or price lt 5) and paid", Both((Either((RICE, CHEAP)), PAID_FOR))),
    ("not goods eq 'rice'", Negated(RICE)),
    ("not (paid) and not not price lt 5", Both((Negated(PAID_FOR), Negated(Negated(CHEAP))))),
    ("((goods)) eq ('rice')", RICE),
    ("(goods eq 'rice') eq true", RICE),
    ("contains(goods,'a') eq false", Negated(Holding(GOODS, Where.CONTAINS, "a"))),
    ("startswith(tolower(goods), 'r')", Holding(Made(Function.LOWER, GOODS), Where.STARTS, "r")),
    ("endswith(goods,'%') ", Holding(GOODS, Where.ENDS, "%")),
    ("length(toupper(goods)) gt 3",
     Compared(Made(Function.LENGTH, Made(Function.UPPER, GOODS)), Operator.GT, Literal(3, Shape.WHOLE))),
    ("goods in ('a', 'b')", Among(GOODS, (text("a"), text("b")))),
    ("number in (1,2.5)", Among(NUMBER, (Literal(1, Shape.WHOLE), Literal(2.5, Shape.NUMBER)))),
    ("goods eq 0D5E5A36-9a52-4a5f-8a6a-2f6c1e7b8c90",
     Compared(GOODS, Operator.EQ, text("0D5E5A36-9a52-4a5f-8a6a-2f6c1e7b8c90"))),
    ("at ge 2024-01-01T00:00:00Z", at(Operator.GE, NEW_YEAR)),
    ("at ge 2024-01-01T01:00:00.0019999+01:00", at(Operator.GE, NEW_YEAR + 1)),
    ("at ge 2024-01-01T01:00:00 01:00", at(Operator.GE, NEW_YEAR)),
    ("at lt 2024-01-01", at(Operator.LT, NEW_YEAR)),
    ("date(at) eq 2024-01-01", Both((at(Operator.GE, NEW_YEAR), at(Operator.LT, NEW_YEAR + DAY)))),
    ("date(at) ne 2024-01-01", Negated(Both((at(Operator.GE, NEW_YEAR), at(Operator.LT, NEW_YEAR + DAY))))),
    ("date(at) gt 2024-01-01", at(Operator.GE, NEW_YEAR + DAY)),
    ("date(at) le 2024-01-01", at(Operator.LT, NEW_YEAR + DAY)),
    ("2024-01-01 le date(at)", at(Operator.GE, NEW_YEAR)),
    ("date(at) le 9999-12-31", at(Operator.LT, 253_402_300_799_999)),
    ("date(at) eq null", Compared(AT, Operator.EQ, Literal(None, Shape.TEXT))),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), UNDERSTOOD)
def test_a_filter_means_what_the_standard_says(written: str, meant: Condition) -> None:
    assert parse_filter(written, columns=COLUMNS) == meant


REFUSED = [
    ("", 1),
    ("   ", 4),
    ("goods", 1),
    ("goods eq", 9),
    ("goods eq 'rice' and", 20),
    ("goods eq 'rice", 10),
    ("goods eq 'rice' price", 17),
    ("goods eq 'a'; drop table orders", 13),
    ("goods eq 'a' -- x", 14),
    ("goods = 'a'", 7),
    ('goods eq "a"', 10),
    ("goods EQ 'a'", 7),
    ("colour eq 'a'", 1),
    ("tidings_version eq 1", 1),
    ("goods/length eq 1", 6),
    ("$it eq 'a'", 1),
    ("goods eq 5", 1),
    ("price eq '5'", 1),
    ("at eq '2024-01-01'", 1),
    ("paid gt false", 1),
    ("price add 5 eq 6", 7),
    ("substring(goods,1) eq 'a'", 1),
    ("length(price) eq 1", 8),
    ("year(goods) eq 1", 6),
    ("contains(goods)", 15),
    ("contains(goods,goods)", 16),
    ("contains(price,'1')", 10),
    ("date(at)", 1),
    ("date(at) eq 2024-01-01T10:00:00Z", 1),
    ("date(at) in (2024-01-01)", 1),
    ("goods in ()", 11),
    ("goods in ('a',)", 15),
    ("goods in (null)", 11),
    ("goods in ('a', 5)", 16),
    ("goods in 'a'", 10),
    ("(goods eq 'a'", 14),
    ("goods eq 'a')", 13),
    ("paid eq (price lt 5)", 1),
    ("at gt 2024-13-01", 7),
    ("at gt 0001-01-01T00:00:00+14:00", 7),
    ("price gt 1e999", 10),
    ("price gt 5x", 10),
    ("price gt .5", 10),
    ("price gt INF", 10),
    ("goods eq 'a' or not", 20),
    ("tolower(goods) eq tolower('A'", 30),
]


@pytest.mark.parametrize(("written", "character"), REFUSED)
def test_anything_else_is_refused_with_its_place(written: str, character: int) -> None:
    with pytest.raises(Invalid, match=rf"^\$filter: .*character {character}$"):
        parse_filter(written, columns=COLUMNS)


@pytest.mark.parametrize("deep", ["(" * 5_000, "not " * 1_900, "tolower(" * 900, "contains(" * 800])
def test_depth_is_bounded(deep: str) -> None:
    with pytest.raises(Invalid):
        parse_filter(deep, columns=COLUMNS)


def test_as_much_depth_as_programs_need_is_understood() -> None:
    assert parse_filter("(" * DEEPEST + "paid" + ")" * DEEPEST, columns=COLUMNS) == PAID_FOR


def test_a_filter_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="at most"):
        parse_filter("paid or " * LONGEST, columns=COLUMNS)


WORDS = [*SHAPES, *Operator, *Function, *Where, "date", "and", "or", "not", "in", "(", ")", ",", "'a'", "''", "1",
         "-1.5", "null", "true", "2024-01-01", "2024-01-01T00:00:00Z", "'", ".", "%", "$", "\U0001f35a"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(string.printable + "é", max_size=60))
@example("9" * 5_000)
@example("price eq " + "9" * 5_000)
@example("٣ eq price")
def test_whatever_is_written_it_is_understood_or_refused(written: str) -> None:
    with contextlib.suppress(Invalid):
        parse_filter(written, columns=COLUMNS)
