"""Statements: the named SQL of `store/sql/`, as one engine reads it.

A file holds statements one after the other, each beginning with its head:

    -- name: person_by_phone
    -- One sentence that says what it gives or does.
    -- changes: subscriptions     (only where it is so; see `Text.changes_subscriptions`)
    -- finds: by key              (only where it is so; see `Text.finds_by_key`)

Parameters are written `:name`. A statement in the folder of an engine takes the place of the shared one of that name.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

_HEAD = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_MARK = re.compile(r"^-- changes: subscriptions$", re.MULTILINE)
_BY_KEY = re.compile(r"^-- finds: by key$", re.MULTILINE)
# Quoted text and comments are passed over, so that a colon in them names nothing.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|(?<!:):([a-z_]\w*)")
_ROW = re.compile(r"VALUES\s*(\([^()]*\))")
# Parameters by number; SQLite also takes them by name, but binds a tuple faster than a dictionary.
_SIGN = {"sqlite": "?", "postgresql": "$"}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A statement in one engine's words: `sql` has numbered parameters, in the order of `parameters`.

    `changes_subscriptions`: whoever runs it must first, in the same transaction, raise `subscription_version` (and on
    PostgreSQL take the lock on subscriptions alone), because the new version is stored in the rows that it changes.
    `finds_by_key`: a few rows, found at once; SQLite reads them where it stands, because a thread would cost more.
    """

    name: str
    sql: str
    parameters: tuple[str, ...]
    changes_subscriptions: bool
    finds_by_key: bool

    def repeated(self, times: int) -> str:
        """The statement with its row after VALUES that many times, each parameter a plain `?` in order (SQLite)."""
        return _repeated(self.sql, times)


@cache
def statements(engine: str) -> Mapping[str, Text]:
    """All statements for `sqlite` or `postgresql`, by name."""
    folder = files("tidings.store") / "sql"
    return _read(folder, engine) | _read(folder / engine, engine)


def migrations(engine: str) -> Mapping[str, str]:
    """The scripts that bring an empty database up to date, by name, in the order to run them in."""
    found: dict[str, str] = {}
    for file in _sql_files(files("tidings.store") / "migrations"):
        name, *dialect = file.name.removesuffix(".sql").split(".")
        if dialect in ([], [engine]):
            found[name] = file.read_text()
    if engine == "postgresql":
        found = {name: re.sub(r"\bBLOB\b", "BYTEA", script) for name, script in found.items()}
    return found


@cache
def _repeated(sql: str, times: int) -> str:
    return _ROW.sub(lambda match: "VALUES " + ", ".join([match[1]] * times), re.sub(r"\?\d+", "?", sql))


def _read(folder: Traversable, engine: str) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for file in _sql_files(folder):
        for name, body in _split(file.read_text()):
            if name in found:
                raise ValueError(f"{file.name}: there is a statement {name} already; rename one")
            found[name] = _text(name, body=body, sign=_SIGN[engine])
    return found


def _sql_files(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)


def _split(script: str) -> Iterator[tuple[str, str]]:
    _, *parts = _HEAD.split(script)
    return zip(parts[::2], parts[1::2], strict=True)


def _text(name: str, *, body: str, sign: str) -> Text:
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        if match[1] is None:
            return "" if match[0].startswith("--") else match[0]
        return f"{sign}{numbers.setdefault(match[1], len(numbers) + 1)}"

    sql = re.sub(r"\s*\n\s*", "\n", _TOKEN.sub(number, body)).strip().removesuffix(";")
    return Text(
        name=name,
        sql=sql,
        parameters=tuple(numbers),
        changes_subscriptions=_MARK.search(body) is not None,
        finds_by_key=_BY_KEY.search(body) is not None,
    )
