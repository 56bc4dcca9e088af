"""Orders: what a clerk, in its own process, is asked and answers."""

from collections.abc import Mapping

import msgspec

from tidings.core.report import DataSheet, Filter, ReportFormat, ReportQuery, Value


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A database of somebody else's: most rows of a query there, and for how long it may take."""

    url: str
    most_rows: int
    longest_ms: int


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written, and its bytes."""

    format: ReportFormat
    path: str
    size: int


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What queries are asked with; `instants` are the parameters that are epoch milliseconds."""

    sources: Mapping[str, Source] = {}
    parameters: Mapping[str, Value] = {}
    instants: frozenset[str] = frozenset()
    filters: tuple[Filter, ...] = ()
    within_s: float


class ToRead(Asking, frozen=True, kw_only=True, tag="read"):
    """All rows of these queries, into files in a folder; or those of a snapshot, where there is one."""

    queries: tuple[ReportQuery, ...]
    title: str
    formats: frozenset[ReportFormat]
    folder: str
    snapshot: str = ""


class ToList(Asking, frozen=True, kw_only=True, tag="list"):
    """The combinations of fields of a query, so many at most."""

    query: ReportQuery
    fields: tuple[str, ...]
    most: int


class ToTry(msgspec.Struct, frozen=True, kw_only=True, tag="try"):
    """Whether a database can be read, and of what kind it is."""

    source: Source


Order = ToRead | ToList | ToTry


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one of them; or why there is none."""

    sheets: dict[str, DataSheet] = {}
    rows: int = 0
    made: list[Made] = []
    snapshot: str = ""
    values: list[tuple[Value, ...]] = []
    kind: str = ""
    invalid: str = ""
    unavailable: str = ""
