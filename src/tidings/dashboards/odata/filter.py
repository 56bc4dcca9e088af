"""Filter: `$filter` is understood, or refused with the place that is not; nothing of it reaches SQL but as a value.

filter     = and *( "or" and )
and        = not *( "and" not )
not        = "not" not / comparison
comparison = term [ operator term / "in" "(" literal *( "," literal ) ")" ]
term       = "(" filter ")" / literal / function "(" term *( "," term ) ")" / column
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tidings.core.clock import DAY
from tidings.core.row import Shape
from tidings.dashboards.odata.literals import LATEST, is_literal, read_literal
from tidings.dashboards.odata.symbols import Kind, Symbol, Symbols
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
from tidings.tables.selection import Column

# Levels of brackets, functions and `not`. Programs write a few; each costs some of Python's stack.
DEEPEST = 30
_LONGEST_NAME = 60
_DATE = "date"
_WHERE = frozenset(map(str, Where))
_OF_TEXT = {Function.LOWER, Function.UPPER, Function.LENGTH, *Where}
# What each function is made of.
_TAKES = {str(name): Shape.TEXT if name in _OF_TEXT else Shape.INSTANT for name in (*Function, *Where, _DATE)}
_NUMBERS = frozenset({Shape.NUMBER, Shape.WHOLE})
_TRUE = Literal(value=True, shape=Shape.TRUTH)
_TURNED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


@dataclass(frozen=True, slots=True)
class _Day:
    """The day of an instant, which compares with dates alone."""

    of: Value


_Term = Value | Condition | _Day


def parse_filter(text: str, *, columns: Mapping[str, Column]) -> Condition:
    """The condition on rows with those columns. Raises Invalid, naming the place, for whatever it does not know."""
    return _Filter(text, columns).parse()


class _Filter:
    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self._symbols = Symbols(text, place="$filter")
        self._columns = columns
        self._depth = 0

    def parse(self) -> Condition:
        term = self._filter()
        if self._symbols.next.kind is not Kind.END:
            raise self._symbols.wrong("expected eq, ne, gt, ge, lt, le, in, and, or, or the end")
        return self._condition(term, at=0)

    def _filter(self) -> _Term:
        return self._joined("or", read=self._and, join=Either)

    def _and(self) -> _Term:
        return self._joined("and", read=self._not, join=Both)

    def _joined(self, word: str, *, read: Callable[[], _Term], join: type[Both | Either]) -> _Term:
        at = self._symbols.next.at
        terms = [read()]
        while self._symbols.takes(word):
            terms.append(read())
        return terms[0] if len(terms) == 1 else join(tuple(self._condition(term, at=at) for term in terms))

    def _not(self) -> _Term:
        at = self._symbols.next.at
        if not self._symbols.takes("not"):
            return self._comparison()
        with self._deeper():
            return Negated(self._condition(self._not(), at=at))

    def _comparison(self) -> _Term:
        at = self._symbols.next.at
        left = self._term()
        if self._symbols.takes("in"):
            return self._among(self._value(left, at=at))
        word = self._symbols.takes(*Operator)
        if word is None:
            return left
        right = self._term()
        if isinstance(right, _Day):
            left, right, word = right, left, word._replace(text=_TURNED.get(word.text, word.text))
        return self._compared(left, right, operator=Operator(word.text), at=at)

    def _term(self) -> _Term:
        if is_literal(self._symbols):
            return read_literal(self._symbols)
        if self._symbols.takes("("):
            with self._deeper():
                inner = self._filter()
                self._symbols.expect(")")
                return inner
        if self._symbols.next.kind is not Kind.WORD:
            raise self._symbols.wrong("expected a column, a value or a function")
        name = self._symbols.take()
        if self._symbols.takes("("):
            with self._deeper():
                return self._call(name)
        if name.text not in self._columns:
            raise self._symbols.wrong(f"there is no column {name.text[:_LONGEST_NAME]!r}", at=name.at)
        return Named(name.text, self._columns[name.text].shape)

    def _call(self, name: Symbol) -> _Term:
        if name.text not in _TAKES:
            raise self._symbols.wrong(f"there is no function {name.text[:_LONGEST_NAME]!r}", at=name.at)
        at = self._symbols.next.at
        value = self._value(self._term(), at=at)
        if value.shape is not _TAKES[name.text]:
            raise self._symbols.wrong(f"{name.text} takes {_TAKES[name.text]}, not {value.shape}", at=at)
        made: _Term
        if name.text == _DATE:
            made = _Day(value)
        elif name.text in _WHERE:
            self._symbols.expect(",")
            if self._symbols.next.kind is not Kind.TEXT:
                raise self._symbols.wrong("expected a text in quotes")
            made = Holding(value, Where(name.text), str(read_literal(self._symbols).value))
        else:
            made = Made(Function(name.text), value)
        self._symbols.expect(")")
        return made

    def _among(self, value: Value) -> Condition:
        members: list[Literal] = []
        self._symbols.expect("(")
        while not members or self._symbols.takes(","):
            at = self._symbols.next.at
            if not is_literal(self._symbols) or self._symbols.next.text == "null":
                raise self._symbols.wrong("expected a value")
            members.append(read_literal(self._symbols))
            self._check(value, members[-1], at=at)
        self._symbols.expect(")")
        return Among(value, tuple(members))

    def _compared(self, left: _Term, right: _Term, *, operator: Operator, at: int) -> Condition:
        if isinstance(left, _Day):
            return self._on_day(left.of, right, operator=operator, at=at)
        is_equality = operator in {Operator.EQ, Operator.NE}
        if isinstance(left, Condition) and isinstance(right, Literal) and isinstance(right.value, bool) and is_equality:
            return left if right.value is (operator is Operator.EQ) else Negated(left)
        one, other = self._value(left, at=at), self._value(right, at=at)
        self._check(one, other, at=at)
        if Shape.TRUTH in {one.shape, other.shape} and not is_equality:
            raise self._symbols.wrong("true and false are neither greater nor less; write eq or ne", at=at)
        return Compared(one, operator, other)

    def _on_day(self, value: Value, day: _Term, *, operator: Operator, at: int) -> Condition:
        if isinstance(day, Literal) and day.value is None:
            return Compared(value, operator, day)
        if not isinstance(day, Literal) or day.shape is not Shape.INSTANT or int(day.value or 0) % DAY:
            raise self._symbols.wrong("date() is compared with a date like 2024-01-31", at=at)
        start = int(day.value or 0)
        end = min(start + DAY, LATEST)

        def compared(operator: Operator, instant: int) -> Condition:
            return Compared(value, operator, Literal(instant, Shape.INSTANT))

        match operator:
            case Operator.EQ | Operator.NE:
                within = Both((compared(Operator.GE, start), compared(Operator.LT, end)))
                return within if operator is Operator.EQ else Negated(within)
            case Operator.GE | Operator.LT:
                return compared(operator, start)
            case _:
                return compared(Operator.GE if operator is Operator.GT else Operator.LT, end)

    def _check(self, one: Value, other: Value, *, at: int) -> None:
        shapes = {side.shape for side in (one, other) if not (isinstance(side, Literal) and side.value is None)}
        if len(shapes) > 1 and not shapes <= _NUMBERS:
            first, second = sorted(shapes)
            raise self._symbols.wrong(f"{first} cannot be compared with {second}", at=at)

    def _value(self, term: _Term, *, at: int) -> Value:
        if isinstance(term, Value):
            return term
        what = "date() can only be compared" if isinstance(term, _Day) else "expected a value, not a condition"
        raise self._symbols.wrong(what, at=at)

    def _condition(self, term: _Term, *, at: int) -> Condition:
        if isinstance(term, Condition):
            return term
        if isinstance(term, _Day) or term.shape is not Shape.TRUTH:
            raise self._symbols.wrong("expected a condition, like a comparison", at=at)
        return Compared(term, Operator.EQ, _TRUE)

    @contextlib.contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._symbols.wrong(f"more than {DEEPEST} levels of brackets")
        yield
        self._depth -= 1
