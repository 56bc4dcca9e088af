"""Media as they are kept: files in pieces, each written in a transaction of its own."""

import msgspec

from tidings.core.errors import NotFound, Unavailable
from tidings.store.database import Database, Statement

# Bytes. A piece takes a millisecond of SQLite's one writer: nobody's event waits for a big file (a guess in between).
CHUNK = 256 * 1024
# Pieces forgotten at once: four megabytes, some ten milliseconds of the writer.
_DROPPED_AT_ONCE = 16
_FOUND_AT_ONCE = 100


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a file besides its bytes. Its id is random, and whoever knows it may have the file."""

    id: str
    name: str
    content_type: str
    kind: str
    size: int
    width: int = 0
    height: int = 0

    def __repr__(self) -> str:
        return f"StoredFile({self.kind}, {self.size} bytes)"


class MediaStore:
    """Keeps files. One is seen once it is whole, and then never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, file: StoredFile, *, connector: str, author: str, at: int) -> None:
        """Announce a file whose pieces follow."""
        values = msgspec.structs.asdict(file) | {"connector": connector, "author": author, "at": at}
        await self._database.write(Statement("media_begun", values))

    async def add(self, media: str, *, number: int, data: bytes) -> None:
        """Keep a piece; they are counted from 0, and all but the last have `CHUNK` bytes."""
        await self._database.write(Statement("media_chunk_added", {"media": media, "number": number, "data": data}))

    async def finish(self, media: str) -> None:
        """Let the file be seen. Raises Unavailable if it was forgotten meanwhile."""
        forgotten = Unavailable("keeping the file took too long; send it again")
        await self._database.write(Statement("media_finished", {"id": media}, forgotten))

    async def get(self, media: str) -> StoredFile:
        """A file that is whole. Raises NotFound."""
        rows = await self._database.read(StoredFile, "media", id=media)
        if not rows:
            raise NotFound("there is no such file; POST /v1/media answers the address of what was uploaded")
        return rows[0]

    async def chunk(self, media: str, number: int) -> bytes:
        """A piece of a file that is whole."""
        [data] = await self._database.read(bytes, "media_chunk", media=media, number=number)
        return data

    async def forget_unfinished(self, *, before: int) -> None:
        """Forget files that were begun before that instant and never finished."""
        for media in await self._database.read(str, "media_unfinished", before=before, most=_FOUND_AT_ONCE):
            drop = Statement("media_chunks_dropped", {"media": media, "most": _DROPPED_AT_ONCE})
            while len((await self._database.write(drop))[0]) == _DROPPED_AT_ONCE:
                continue
            await self._database.write(Statement("media_dropped", {"id": media}))
