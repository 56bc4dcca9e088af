"""What a ConnectReport server asks a Web Connector for, and what it is answered (A.5 of the reference)."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from tidings.dialects.connectreport.wire.shape import Wire

# What is answered to one question; more is asked for by `top`. A guess: some megabytes.
MOST_ROWS = 10_000
_LAST_ROW = 100_000_000
_Name = Annotated[str, Meta(max_length=255)]


class ConnectorField(Wire, frozen=True, kw_only=True):
    """A column: `fieldDef` is TABLE.COLUMN, or the column's name alone where the table is named beside it."""

    field_def: _Name
    field_name: str | UnsetType = UNSET
    field_type: str | UnsetType = UNSET


class FieldValue(Wire, frozen=True, kw_only=True):
    """A value, as text."""

    text: str


class Selection(Wire, frozen=True, kw_only=True):
    """Only rows whose field has one of these values."""

    field_def: _Name
    field_name: str = ""
    field_values: Annotated[list[FieldValue | str], Meta(max_length=1_000)]


class TableOptions(Wire, frozen=True, kw_only=True):
    """Which columns, of which rows: `height` of them, from `top` on."""

    fields: Annotated[list[ConnectorField], Meta(min_length=1, max_length=500)]
    height: Annotated[int, Meta(ge=0, le=MOST_ROWS)]
    top: Annotated[int, Meta(ge=0, le=_LAST_ROW)] = 0
    selections: Annotated[list[Selection], Meta(max_length=100)] | None = None
    table_name: _Name | None = None


class TableAsked(Wire, frozen=True, kw_only=True):
    """`user` is who looks at it there; here, the token in the URL decides."""

    options: TableOptions
    user: Any = None


class ValuesOptions(Wire, frozen=True, kw_only=True):
    """Values of a field: `height` of them, from `top` on; `search` is a part of them."""

    field: ConnectorField
    height: Annotated[int, Meta(ge=0, le=MOST_ROWS)] = 1_000
    top: Annotated[int, Meta(ge=0, le=_LAST_ROW)] = 0
    search: Annotated[str, Meta(max_length=500)] | None = None


class ValuesAsked(Wire, frozen=True, kw_only=True):
    """`user` as above."""

    options: ValuesOptions
    user: Any = None


class MetadataAsked(Wire, frozen=True, kw_only=True):
    """`user` as above."""

    user: Any = None


class ConnectorTable(Wire, frozen=True, kw_only=True):
    """A table and its columns."""

    name: str
    fields: list[ConnectorField]


class Visualization(Wire, frozen=True, kw_only=True):
    """A chart of a dashboard."""

    name: str
    id: str


class ConnectorMetadata(Wire, frozen=True, kw_only=True):
    """What there is to be asked for."""

    visualizations: list[Visualization]
    filter_fields: list[ConnectorField]
    tables: list[ConnectorTable]


class TableCell(Wire, frozen=True, kw_only=True):
    """A value as text; of a number, `number` is it too, in digits."""

    text: str
    number: str | UnsetType = UNSET


class Size(Wire, frozen=True, kw_only=True):
    """How many columns and rows there are in all."""

    width: int
    height: int


class ConnectorRows(Wire, frozen=True, kw_only=True):
    """Rows in the order of their keys."""

    table: list[list[TableCell]]
    size: Size


class FieldValues(Wire, frozen=True, kw_only=True):
    """Values in order, each once."""

    field_values: list[FieldValue]
    size: Size


class ConnectorError(Wire, frozen=True, kw_only=True):
    """What went wrong, and whether it is of any use to ask again."""

    message: str
    disable_retry: bool
