"""Sizes: how much the database holds, and since when, as far as that is told at once."""

import asyncio
from pathlib import Path

import msgspec

from tidings.store.database import Database


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the database; `free` of them will be used again. `log` is what was not moved into the file yet."""

    bytes: int
    free: int
    file: str
    log: int = 0


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a table with its indexes."""

    name: str
    bytes: int


class _Oldest(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    at: int | None


class Sizes:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def whole(self) -> Size:
        [size] = await self._database.read(Size, "database_size")
        return msgspec.structs.replace(size, log=await asyncio.to_thread(_bytes_of, f"{size.file}-wal"))

    async def tables(self, *, most: int) -> list[TableSize]:
        """So many of the largest tables; none on SQLite, which would read all it has to tell them."""
        return await self._database.read(TableSize, "table_sizes", most=most)

    async def oldest(self) -> dict[str, int | None]:
        """Since when there are events, attempts, receipts, captures and entries of the record, by their tables."""
        return {one.name: one.at for one in await self._database.read(_Oldest, "oldest_kept")}


def _bytes_of(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
