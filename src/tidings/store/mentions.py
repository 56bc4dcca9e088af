"""Mentions: rows whose texts may name a person, found and rewritten in steps."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import msgspec

from tidings.core.event import Actor
from tidings.store.database import Database, Statement, Value

# A step takes some ten milliseconds of a reader; a guess at what nobody notices. Bodies have up to a megabyte.
_STEP, _STEP_OF_BODIES = 1_000, 100

Blank = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A table whose texts people, or programs of theirs, wrote. `key` tells where to begin."""

    table: str
    key: Mapping[str, Value]
    columns: tuple[str, ...]
    step: int = _STEP


TEXTS = (
    Texts(table="message", key={"id": ""}, columns=("text",)),
    Texts(table="reaction", key={"id": ""}, columns=("comment",)),
    Texts(table="action", key={"id": ""}, columns=("title", "body", "properties")),
    Texts(table="response", key={"id": ""}, columns=("answers",)),
    Texts(
        table="grouping", key={"id": ""}, columns=("name", "welcome_message", "short_description", "long_description")
    ),
    Texts(table="attempt", key={"id": 0}, columns=("error", "headers", "answer")),
    Texts(
        table="capture",
        key={"bin": "", "number": 0},
        columns=("path", "query", "headers", "body"),
        step=_STEP_OF_BODIES,
    ),
    Texts(table="receipt", key={"id": 0}, columns=("query", "headers", "body"), step=_STEP_OF_BODIES),
)
_SHAPES = {
    one.table: msgspec.defstruct(
        one.table,
        [("is_named", bool), *((key, type(start)) for key, start in one.key.items())]
        + [
            (column, bytes if column in {"answer", "body"} and one.key != {"id": ""} else str) for column in one.columns
        ],
    )
    for one in TEXTS
}


class Mentions:
    """Goes through everything that was kept of people's texts and of programs' answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def blank(self, person: Actor, texts: Texts, *, blank: Blank, progress: Callable[[int], None]) -> int:
        """Rewrite what of a table may name a person; how many rows were changed.

        A row that somebody else changes at the same moment is left to them.
        """
        changed = 0
        async for found in self._steps(person, texts):
            changes = [change for row in found if (change := _change(texts, row, blank=blank)) is not None]
            changed += sum(map(len, await self._database.write(*changes))) if changes else 0
            progress(len(found))
        return changed

    async def _steps(self, person: Actor, texts: Texts) -> AsyncIterator[list[Mapping[str, Value]]]:
        after, step = texts.key, texts.step
        # A number may be written in groups of digits: the last four stand together.
        asked: dict[str, Value] = {"digits": person.phone[-4:], "person": person.id, "most": texts.step}
        while step == texts.step:
            values = asked | {f"after_{key}": value for key, value in after.items()}
            rows = await self._database.read(_SHAPES[texts.table], f"naming_in_{texts.table}", **values)
            found: list[Mapping[str, Value]] = [msgspec.structs.asdict(row) for row in rows]
            after, step = {key: found[-1][key] for key in texts.key} if found else after, len(found)
            yield found


def _change(texts: Texts, row: Mapping[str, Value], *, blank: Blank) -> Statement | None:
    if not row["is_named"]:
        return None
    left: dict[str, Value] = {}
    for column in texts.columns:
        value = row[column]
        if isinstance(value, bytes):
            left[column] = blank(value)
        elif isinstance(value, str):
            # No engine keeps lone surrogates.
            left[column] = blank(value.encode()).decode()
    if all(row[column] == value for column, value in left.items()):
        return None
    was = {f"was_{column}": row[column] for column in texts.columns}
    return Statement(f"unname_{texts.table}", {key: row[key] for key in texts.key} | left | was)
