"""Report files as they are kept, in pieces, each a transaction of its own; and renders that were asked for."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import NotFound, Unavailable
from tidings.core.report import Filter, Job, JobState, ReportFile, ReportFormat
from tidings.core.report import Value as Cell
from tidings.store.database import Database, Statement, Value
from tidings.store.media import CHUNK

SNAPSHOT = "snapshot"
# Pieces forgotten at once: four megabytes, some ten milliseconds of the writer.
_DROPPED_AT_ONCE = 16
_FOUND_AT_ONCE = 100


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The data that a report was made of."""

    id: str
    size: int

    @property
    def chunks(self) -> int:
        """Its pieces."""
        return pieces_of(self.size)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A render as whoever makes it must know it: of a report, or of a version of a template."""

    id: str
    report: str
    template: str
    version: int
    format: ReportFormat
    parameters: dict[str, Cell]
    filters: tuple[Filter, ...]
    losses: int = 0


class _OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    report: str
    template: str
    version: int
    format: ReportFormat
    parameters: str
    filters: str
    losses: int


class FileStore:
    """Keeps files of reports. One is seen once it is whole, and then never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, file: ReportFile, *, place: int = 0, job: str = "", kind: str = "") -> None:
        """Announce a file whose pieces follow; `kind` stands for its format."""
        values: dict[str, Value] = msgspec.structs.asdict(file) | {"job": job, "place": place}
        values["format"] = kind or file.format
        await self._database.write(Statement("report_file_begun", values))

    async def add(self, file: str, *, number: int, data: bytes) -> None:
        """Keep a piece; they are counted from 0, and all but the last have `CHUNK` bytes."""
        await self._database.write(Statement("report_chunk_added", {"file": file, "number": number, "data": data}))

    async def get(self, file: str) -> ReportFile:
        """A file that is whole. Raises NotFound."""
        rows = await self._database.read(ReportFile, "report_file", id=file)
        if not rows:
            raise NotFound("there is no such file; it was removed, or the link is wrong")
        return rows[0]

    async def of(self, report: str, *, most: int = 100) -> Sequence[ReportFile]:
        """What the run itself made."""
        return await self._database.read(ReportFile, "report_files", report=report, most=most)

    async def snapshot(self, report: str) -> Snapshot | None:
        """The data that a report was made of, if they are kept."""
        rows = await self._database.read(Snapshot, "report_snapshot", report=report)
        return rows[0] if rows else None

    async def chunk(self, file: str, number: int) -> bytes:
        """A piece. Raises NotFound if the file was removed meanwhile."""
        rows = await self._database.read(bytes, "report_chunk", file=file, number=number)
        if not rows:
            raise NotFound("the file was removed while it was read")
        return rows[0]

    async def drop(self, file: str) -> None:
        """Forget a file, seen by nobody from the first moment on."""
        await self._database.write(Statement("report_file_hidden", {"id": file}))
        drop = Statement("report_chunks_dropped", {"file": file, "most": _DROPPED_AT_ONCE})
        while len((await self._database.write(drop))[0]) == _DROPPED_AT_ONCE:
            continue
        await self._database.write(Statement("report_file_dropped", {"id": file}))

    async def drop_unfinished(self, *, before: int) -> None:
        """Forget files that were begun before that instant and never finished."""
        for file in await self._database.read(str, "report_files_unfinished", before=before, most=_FOUND_AT_ONCE):
            await self.drop(file)

    async def drop_of(self, report: str) -> None:
        """Forget whatever is kept of a report."""
        while found := await self._database.read(str, "report_files_all", report=report, most=_FOUND_AT_ONCE):
            for file in found:
                await self.drop(file)


class JobStore:
    """Keeps renders until what they made is forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, order: Order, *, author: str, at: int, file: str = "") -> Job:
        """Ask for a render; with a `file` that is there already it is complete."""
        state = JobState.COMPLETE if file else JobState.PENDING
        values: dict[str, Value] = {
            "id": order.id,
            "report": order.report,
            "template": order.template,
            "version": order.version,
            "format": order.format,
            "parameters": msgspec.json.encode(order.parameters).decode(),
            "filters": msgspec.json.encode(order.filters).decode(),
            "author": author,
            "state": state,
            "made_at": at,
            "file": file,
        }
        await self._database.write(Statement("report_job_added", values))
        return await self.get(order.id)

    async def get(self, job: str) -> Job:
        """Raises NotFound."""
        rows = await self._database.read(Job, "report_job", id=job)
        if not rows:
            raise NotFound("there is no such job; ask for the render again")
        return rows[0]

    async def is_due(self) -> bool:
        """Whether anybody waits for one that nobody makes."""
        return bool(await self._database.read(str, "report_job_next"))

    async def take(self, *, owner: int) -> Order | None:
        """The next render, which is the owner's from now on; None if nobody waits for one."""
        [taken] = await self._database.write(Statement("report_job_taken", {"owner": owner}))
        if not taken:
            return None
        [row] = await self._database.read(_OrderRow, "report_job_order", id=str(taken[0][0]))
        fields = msgspec.structs.asdict(row)
        fields["parameters"] = msgspec.json.decode(row.parameters, type=dict[str, Cell])
        fields["filters"] = msgspec.json.decode(row.filters, type=tuple[Filter, ...])
        return Order(**fields)

    async def end(self, job: str, *, file: str = "", error: str = "") -> None:
        """It is there, and can be seen; or it cannot be made."""
        state = JobState.COMPLETE if file else JobState.ERR
        ended = Statement("report_job_ended", {"id": job, "state": state, "error": error, "file": file})
        await self._database.write(ended, *([finishing(file)] if file else []))

    async def under_way(self, *, owner: int) -> frozenset[str]:
        """Ids of what an owner renders."""
        found = await self._database.read(str, "report_jobs_under_way", owner=owner, most=_FOUND_AT_ONCE)
        return frozenset(found)

    async def give_back(self, job: str) -> None:
        """Our process ends; another one makes it."""
        await self._database.write(Statement("report_job_given_back", {"id": job}))

    async def find(self) -> None:
        """What the dead were at is made once more, and no oftener."""
        if not await self._database.read(str, "report_jobs_dead"):
            return
        error = "the process that rendered it died twice; ask for less of it"
        await self._database.write(Statement("report_jobs_lost", {"error": error}), Statement("report_jobs_found"))

    async def old(self, *, before: int, most: int) -> Sequence[str]:
        """Ids of so many from before that instant."""
        return await self._database.read(str, "report_jobs_old", before=before, most=most)

    async def files(self, job: str) -> Sequence[str]:
        """What a render made."""
        return await self._database.read(str, "report_files_of_job", job=job, most=_FOUND_AT_ONCE)

    async def drop(self, job: str) -> None:
        """Forget one, whose files are gone."""
        await self._database.write(Statement("report_job_dropped", {"id": job}))


def finishing(file: str) -> Statement:
    """A file can be seen. Unavailable if it was forgotten meanwhile."""
    return Statement("report_file_finished", {"id": file}, Unavailable("keeping the file took too long"))


def pieces_of(size: int) -> int:
    """How many pieces a file of that size has; an empty one has one."""
    return max(1, -(-size // CHUNK))
