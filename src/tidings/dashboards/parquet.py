"""Parquet: rows by groups, each written when it is there. Its library is an extra: `pip install 'tidings[parquet]'`."""

import io
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow.parquet import ParquetWriter as PyArrowWriter

from tidings.core.row import Shape
from tidings.tables.selection import Cells, Column

_TYPES: dict[Shape, pa.DataType] = {
    Shape.TEXT: pa.string(),
    Shape.NUMBER: pa.float64(),
    Shape.WHOLE: pa.int64(),
    Shape.TRUTH: pa.bool_(),
    Shape.INSTANT: pa.timestamp("ms", tz="UTC"),
}


class ParquetWriter:
    """A part is a row group; comments are the fields' metadata."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._schema = pa.schema(
            [
                pa.field(one.name, _TYPES[one.shape], nullable=not one.is_key, metadata={"comment": one.comment})
                for one in columns
            ]
        )
        self._written = io.BytesIO()
        self._writer = PyArrowWriter(self._written, self._schema)

    def add(self, rows: Sequence[Cells]) -> bytes:
        if rows:
            arrays = [
                pa.array(cells, field.type) for cells, field in zip(zip(*rows, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        return self._take()

    def end(self) -> Iterator[bytes]:
        self._writer.close()
        yield self._take()

    def close(self) -> None:
        self._writer.close()

    def _take(self) -> bytes:
        piece = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return piece
