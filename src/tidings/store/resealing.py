"""Resealing: whatever lies sealed in the database, sealed anew with the first key, so that the others may go."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import msgspec

from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.vault import Drawer, Vault
from tidings.store.audit import audited
from tidings.store.database import Database, Statement, Value
from tidings.store.settings import CHECK

# Rows read and written at once, a guess: opening and sealing them takes some milliseconds.
_STEP = 200
# A process says each minute that it seals; one that said nothing for that long has stopped.
_SAID_EVERY_S = 60.0
_SAID_LASTS_MS = 3 * MINUTE
# Seconds that a stop waits to have itself struck out. What stays behind is of no account after `_SAID_LASTS_MS`.
_PATIENCE_S = 1.0
# Rows that no key opens, which are named; where the right key is missing, there may be very many.
_NAMED = 100

_Row = Mapping[str, Value]
# What is in a table, the column of its drawer by drawer.
_TABLES: Mapping[str, Mapping[str, Drawer]] = {
    table: {drawer.partition(".")[2]: drawer for drawer in Drawer if drawer.partition(".")[0] == table}
    for table in dict.fromkeys(drawer.partition(".")[0] for drawer in Drawer)
}
_SHAPES = {
    table: msgspec.defstruct(table, [("id", int | str), *((column, str | None) for column in columns)])
    for table, columns in _TABLES.items()
}


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    `rows` were sealed anew. `left` have been sealed with another key meanwhile: as long as there are any, the keys
    behind the first are needed. `lost` names rows, at most a hundred, that none of the keys opens, of `lost_count`.
    """

    rows: int
    left: int
    lost: tuple[str, ...]
    lost_count: int


class Resealing:
    """Seals anew in small transactions, while others read and write. Broken off, it finds the rest the next time."""

    def __init__(self, database: Database, vault: Vault, *, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def count(self) -> int:
        """How many rows `run` will tell `progress` of."""
        # Once to seal, and once to look whether all are sealed.
        return 2 * (await self._database.read(int, "sealed_count"))[0]

    async def run(self, *, actor: str, progress: Callable[[int], None]) -> Resealed:
        """Seal everything anew that the first key does not open; the check value last, if nothing was left.

        Raises Conflict while another process seals with another key.
        """
        await self._must_seal_alike()
        rows, left, lost = 0, 0, list[str]()
        async for table, found in self._steps():
            changes = [change for row in found if (change := self._judged(table, row)[0]) is not None]
            rows += sum(map(len, await self._database.write(*changes))) if changes else 0
            progress(len(found))
        async for table, found in self._steps():
            for row in found:
                change, unopened = self._judged(table, row)
                left += change is not None
                lost += [f"{table} {row['id']!s} ({column})" for column in unopened]
            progress(len(found))
        await self._must_seal_alike()
        if not left:
            await self._finish(actor)
        return Resealed(rows=rows, left=left, lost=tuple(lost[:_NAMED]), lost_count=len(lost))

    async def unopened(self) -> AsyncIterator[tuple[str, str]]:
        """What has a secret that none of our keys opens, a webhook by its id; and why.

        PINs, which are good for ten minutes, are left out.
        """
        async for table, found in self._steps():
            for row in found if table != "pin" else ():
                try:
                    for _, text in self._sealed(table, row):
                        self._vault.open(text)
                except Invalid as error:
                    yield await self._named(table, row), error.message

    async def _named(self, table: str, row: _Row) -> str:
        if table != "subscription":
            return f"{table.replace('_', ' ')} {row['id']!s}"
        [name] = await self._database.read(str, "subscription_id", number=row["id"])
        return f"webhook {name}"

    async def _must_seal_alike(self) -> None:
        now = self._clock.now()
        seen = await self._database.read(int, "other_sealers", key=self._vault.sealing_key, since=now - _SAID_LASTS_MS)
        if seen:
            ago = max(now - seen[0], 0) // SECOND
            raise Conflict(
                "a server seals with another key than the first one that is given here (it was seen"
                f" {ago} seconds ago): start all servers with the same keys in the same order, and try again;"
                " one that did not stop in good order is forgotten after three minutes"
            )

    async def _steps(self) -> AsyncIterator[tuple[str, list[_Row]]]:
        for table, shape in _SHAPES.items():
            after: Value = 0 if table == "subscription" else ""
            step = _STEP
            while step == _STEP:
                rows = await self._database.read(shape, f"sealed_in_{table}", after=after, most=_STEP)
                found: list[_Row] = [msgspec.structs.asdict(row) for row in rows]
                after, step = found[-1]["id"] if found else after, len(found)
                yield table, found

    def _judged(self, table: str, row: _Row) -> tuple[Statement | None, list[str]]:
        """What seals a row anew, None if it needs nothing; and its columns that none of our keys opens."""
        sealed = {column: row[column] for column in _TABLES[table]}
        anew, unopened = dict[str, Value](), list[str]()
        for column, text in self._sealed(table, row):
            try:
                anew[column] = self._vault.resealed(text, _TABLES[table][column]) or text
            except Invalid:
                unopened.append(column)
        if all(sealed[column] == text for column, text in anew.items()):
            return None, unopened
        was: dict[str, Value] = {f"was_{column}": text or "" for column, text in sealed.items()}
        return Statement(f"reseal_{table}", {"id": row["id"]} | sealed | anew | was), unopened

    def _sealed(self, table: str, row: _Row) -> Iterator[tuple[str, str]]:
        # The check value goes last. Settings are sealed or not; elsewhere what is not empty was sealed.
        for column in _TABLES[table]:
            text = row[column]
            if not isinstance(text, str) or not text or row["id"] == CHECK:
                continue
            if table != "setting" or self._vault.is_sealed(text):
                yield column, text

    async def _finish(self, actor: str) -> None:
        [value] = await self._database.read(str, "setting_value", name=CHECK)
        anew = self._vault.resealed(value, Drawer.SETTING_VALUE) or value
        await self._database.write(
            Statement("reseal_setting", {"id": CHECK, "value": anew, "was_value": value}),
            audited(actor=actor, action="vault.resealed", about=self._vault.sealing_key, at=self._clock.now()),
        )


async def say_who_seals(database: Database, vault: Vault, *, clock: Clock) -> None:
    """Let it be known, until cancelled, that this process seals, and with which key."""
    me = str(uuid.uuid4())
    try:
        while True:
            # What could not be said now is said a minute later.
            with contextlib.suppress(Unavailable):
                values: dict[str, Value] = {"id": me, "key": vault.sealing_key, "at": clock.now()}
                await database.write(Statement("sealer_seen", values))
            await clock.sleep(_SAID_EVERY_S)
    finally:
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                gone: dict[str, Value] = {"id": me, "before": clock.now() - _SAID_LASTS_MS}
                await database.write(Statement("sealer_gone", gone))
