"""The clerk: the process that reads the data of reports; run as `python -m tidings.reports.clerk`.

The first message is the URL of our tables; each other one is an `Order`, and its answer `Told`.
"""

import contextlib
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, TidingsError, Unavailable
from tidings.core.report import MOST_SEEN, DataSheet, ReportQuery, Value
from tidings.inbox.child import answer, messages
from tidings.reports.orders import Asking as AskedWith
from tidings.reports.orders import Made, Order, Source, Told, ToList, ToRead, ToTry
from tidings.reports.sheets import WRITERS, SheetWriter
from tidings.reports.snapshot import KeptQuery, SnapshotWriter, open_snapshot
from tidings.tables.asking import Asking, Question
from tidings.tables.read_only import ReadOnly

# Bytes of the heap; a million rows take a tenth of it. Of a file: what SQLite sorts by, too.
_MOST_MEMORY = 512 << 20
_LARGEST_FILE = 4 << 30
# Bytes of all rows that a template sees, as JSON: they pass through the server's memory (a guess).
_MOST_SEEN_BYTES = 16_000_000
_SNAPSHOT = "snapshot.gz"


class Desk:
    """Reads as it is ordered. Everything here blocks."""

    def __init__(self, tables_url: str, *, clock: Clock) -> None:
        self._tables_url = tables_url
        self._clock = clock
        self._own: ReadOnly | None = None

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None

    def answer(self, order: Order) -> Told:
        try:
            if isinstance(order, ToRead):
                return self._read(order)
            return self._list(order) if isinstance(order, ToList) else self._try(order)
        except Unavailable as error:
            self.close()  # what was lost is opened anew
            return Told(unavailable=error.message)
        except TidingsError as error:
            return Told(invalid=error.message)
        except MemoryError:
            return Told(invalid="the report takes more memory than there is for it; ask for fewer or shorter texts")
        except OSError as error:
            return Told(unavailable=f"the report could not be written: {error.strerror or 'the disk is full'}")

    def _read(self, order: ToRead) -> Told:
        names = [one.name for one in order.queries]
        if len({*names}) < len(names):
            raise Invalid("queries: two have the same name; call one of them else")
        until = self._clock.monotonic() + order.within_s
        path = Path(order.snapshot or Path(order.folder) / _SNAPSHOT)
        if not order.snapshot:
            self._keep(order, path, until=until)
        return _laid(order, path, clock=self._clock, until=until)

    def _keep(self, order: ToRead, path: Path, *, until: float) -> None:
        kept = SnapshotWriter(path, title=order.title, filters=order.filters, queries=len(order.queries))
        with contextlib.closing(kept):
            for query in order.queries:
                with self._asking(order, query, until=until) as (asking, question), asking.asked(question) as found:
                    kept.begin(query.name, found.columns)
                    for rows in found.batches():
                        kept.add(rows)
                    kept.end(is_cut=found.is_cut)

    def _list(self, order: ToList) -> Told:
        until = self._clock.monotonic() + order.within_s
        with self._asking(order, order.query, until=until) as (asking, question):
            return Told(values=asking.combinations(replace(question, most_rows=order.most), order.fields))

    def _try(self, order: ToTry) -> Told:
        with (
            contextlib.closing(ReadOnly(order.source.url, is_own=False)) as source,
            source.reading(order.source.longest_ms, clock=self._clock),
        ):
            return Told(kind=source.kind)

    @contextlib.contextmanager
    def _asking(self, order: AskedWith, query: ReportQuery, *, until: float) -> Iterator[tuple[Asking, Question]]:
        question = Question(
            name=query.name,
            sql=query.sql,
            until=until,
            most_rows=query.most_rows,
            parameters=order.parameters,
            instants=order.instants,
            filters=order.filters,
        )
        if not query.connection:
            if self._own is None:
                self._own = ReadOnly(self._tables_url, is_own=True)
            yield Asking(self._own, clock=self._clock), question
            return
        source = order.sources.get(query.connection)
        if source is None:
            raise Invalid(f"query {query.name!r} reads the data connection {query.connection!r}, which is not there")
        try:
            opened = ReadOnly(source.url, is_own=False)
        except Invalid as error:
            said = error.message.removeprefix("url: ")
            raise Invalid(f"data connection {query.connection!r}: {said}") from error
        with contextlib.closing(opened) as foreign:
            yield Asking(foreign, clock=self._clock), self._limited(question, source)

    def _limited(self, question: Question, source: Source) -> Question:
        return replace(
            question,
            most_rows=min(question.most_rows, source.most_rows),
            until=min(question.until, self._clock.monotonic() + source.longest_ms / 1_000),
        )


def _laid(order: ToRead, path: Path, *, clock: Clock, until: float) -> Told:
    """The first rows of a snapshot for the template, and all of them in files."""
    sheets: dict[str, DataSheet] = {}
    paths = {one: Path(order.folder) / f"report.{one}" for one in sorted(order.formats & WRITERS.keys())}
    left = _MOST_SEEN_BYTES
    with open_snapshot(path) as snapshot, contextlib.ExitStack() as stack:
        writers: list[SheetWriter] = []
        for one, file in paths.items():
            writers.append(WRITERS[one](file, title=snapshot.title, filters=snapshot.filters))
            stack.callback(writers[-1].close)
        for query in snapshot.queries():
            for writer in writers:
                writer.begin(query.name, query.columns)
            seen: list[tuple[Value, ...]] = []
            for batch in query.batches():
                if clock.monotonic() > until:
                    raise Unavailable(f"the report took longer than {order.within_s:g} seconds; ask for less")
                for writer in writers:
                    writer.add([row for row, _ in batch])
                left -= _see(batch, into=seen, left=left)
            for writer in writers:
                writer.end(total=query.total, is_cut=query.is_cut)
            sheets[query.name] = _sheet(query, seen)
        for writer in writers:
            writer.finish()
    made = [Made(format=one, path=str(file), size=file.stat().st_size) for one, file in paths.items()]
    rows = sum(sheet.total for sheet in sheets.values())
    return Told(sheets=sheets, rows=rows, made=made, snapshot=str(path))


def _see(batch: list[tuple[tuple[Value, ...], int]], *, into: list[tuple[Value, ...]], left: int) -> int:
    taken = 0
    for row, size in batch:
        taken += size
        if taken > left or len(into) == MOST_SEEN:
            return left if taken > left else taken - size
        into.append(row)
    return taken


def _sheet(query: KeptQuery, seen: list[tuple[Value, ...]]) -> DataSheet:
    return DataSheet(columns=query.columns, rows=seen, total=query.total, is_cut=query.is_cut)


def main() -> None:
    """Serve until the input ends."""
    # What is said to the process group is meant for the server, which ends us in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    coming = messages(sys.stdin.buffer)
    decode = msgspec.msgpack.Decoder(Order).decode
    with contextlib.suppress(BrokenPipeError):
        for first in coming:
            with contextlib.closing(Desk(first.decode(), clock=Clock())) as desk:
                for message in coming:
                    answer(sys.stdout.buffer, msgspec.msgpack.encode(desk.answer(decode(message))))


if __name__ == "__main__":
    main()
