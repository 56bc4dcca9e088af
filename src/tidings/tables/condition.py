"""Condition: what rows must be like to be read, as a tree that knows nothing of SQL."""

from dataclasses import dataclass
from enum import StrEnum

from tidings.core.row import Cell, Shape


class Operator(StrEnum):
    """How two values are compared. What is empty equals what is empty, and is neither less nor greater."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Function(StrEnum):
    """What can be made of a value. Parts of an instant are those in UTC."""

    LOWER = "tolower"
    UPPER = "toupper"
    LENGTH = "length"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


class Where(StrEnum):
    """Where in a text another one is looked for; letters count as they are written."""

    CONTAINS = "contains"
    STARTS = "startswith"
    ENDS = "endswith"


@dataclass(frozen=True, slots=True)
class Named:
    """The value of a column."""

    column: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that was given; None is nothing, of whatever shape."""

    value: Cell
    shape: Shape


@dataclass(frozen=True, slots=True)
class Made:
    """What a function makes of a value."""

    function: Function
    of: "Value"

    @property
    def shape(self) -> Shape:
        return Shape.TEXT if self.function in {Function.LOWER, Function.UPPER} else Shape.WHOLE


Value = Named | Literal | Made


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides are of shapes that can be compared."""

    left: Value
    operator: Operator
    right: Value


@dataclass(frozen=True, slots=True)
class Among:
    """The value is one of those, of which none is empty."""

    value: Value
    members: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """The value holds that text."""

    value: Value
    where: Where
    text: str


@dataclass(frozen=True, slots=True)
class Both:
    """All of them hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of them holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """It does not hold. What cannot be told, since something is empty, does not hold."""

    part: "Condition"


Condition = Compared | Among | Holding | Both | Either | Negated


def limits_of(condition: Condition, *, column: str) -> Condition | None:
    """What a condition asks of that column in any case, by comparing it with something that is given."""
    match condition:
        case Both(parts=parts):
            found = [one for part in parts if (one := limits_of(part, column=column)) is not None]
            return Both(tuple(found)) if found else None
        case Compared(left=Named(column=name), operator=operator, right=Literal(value=value)):
            is_limit = name == column and operator is not Operator.NE and value is not None
            return condition if is_limit else None
    return None
