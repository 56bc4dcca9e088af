"""Files: what reports were made into, kept in pieces and given out in pieces."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.core.report import ReportFile, ReportFormat
from tidings.reports.links import LINK_LIVES_MS, Links
from tidings.store.media import CHUNK
from tidings.store.report_files import SNAPSHOT, FileStore, Snapshot, pieces_of

# Bytes of the data of a report that are kept, so that it can be rendered again; of what is larger, the files are (a
# guess: half a million rows).
_MOST_KEPT = 100_000_000


class Files:
    """Keeps files of reports and gives them out; all that lists give has a name for people and a random id."""

    def __init__(self, store: FileStore, links: Links, *, clock: Clock) -> None:
        self._store = store
        self._links = links
        self._clock = clock

    async def get(self, file: str) -> ReportFile:
        """Raises NotFound."""
        return await self._store.get(file)

    async def chunks(self, file: str) -> AsyncIterator[bytes]:
        """Its bytes, a piece at a time. Raises NotFound, before the first one if it never was."""
        found = await self._store.get(file)
        for number in range(pieces_of(found.size)):
            yield await self._store.chunk(file, number)

    def signed(self, file: ReportFile, *, lives_ms: int = LINK_LIVES_MS) -> str:
        """An address under which whoever has it may get the file, so long."""
        return self._links.signed(file, lives_ms=lives_ms)[0]

    def verify(self, file: str, *, expires: int | str, signature: str) -> None:
        """Raises Forbidden unless `signed` gave such a link, and it has not run out."""
        self._links.verify(file, expires=expires, signature=signature)

    async def keep(
        self,
        path: Path,
        *,
        report: str,
        format: ReportFormat,  # noqa: A002 - the word that all use
        name: str,
        place: int = 0,
        job: str = "",
    ) -> ReportFile:
        """Keep what is in that path. It is seen by nobody before `report_files.finishing` ran."""
        size = await asyncio.to_thread(_size, path)
        file = ReportFile(
            id=str(uuid.uuid4()), report=report, format=format, name=name, size=size, made_at=self._clock.now()
        )
        await self._store.begin(file, place=place, job=job)
        await self._fill(file.id, path, size=size)
        return file

    async def keep_snapshot(self, path: Path, *, report: str) -> str:
        """Keep the data that a report was made of, as `keep`; the id of it, empty if it is too large."""
        size = await asyncio.to_thread(_size, path)
        if size > _MOST_KEPT:
            return ""
        file = ReportFile(
            id=str(uuid.uuid4()),
            report=report,
            format=ReportFormat.JSON,
            name=SNAPSHOT,
            size=size,
            made_at=self._clock.now(),
        )
        await self._store.begin(file, kind=SNAPSHOT)
        await self._fill(file.id, path, size=size)
        return file.id

    async def restore(self, snapshot: Snapshot, path: Path) -> None:
        """Write the data that a report was made of into that path."""
        for number in range(snapshot.chunks):
            data = await self._store.chunk(snapshot.id, number)
            await asyncio.to_thread(_append, path, data)

    async def drop(self, file: str) -> None:
        """Forget what nobody will see."""
        await self._store.drop(file)

    async def _fill(self, file: str, path: Path, *, size: int) -> None:
        for number in range(pieces_of(size)):
            data = await asyncio.to_thread(_piece, path, number)
            if not data and size:
                raise Unavailable("a file of the report went away while it was kept")
            await self._store.add(file, number=number, data=data)


def _size(path: Path) -> int:
    return path.stat().st_size


def _piece(path: Path, number: int) -> bytes:
    with path.open("rb") as opened:
        opened.seek(number * CHUNK)
        return opened.read(CHUNK)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as opened:
        opened.write(data)
