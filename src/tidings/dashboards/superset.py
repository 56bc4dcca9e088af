"""Superset: its import of a database with its datasets, as Superset's own export writes it.

The files are JSON, which YAML reads too.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from tidings.core.row import Shape
from tidings.tables.selection import Column, Sheet

# What Superset writes instead of a password; whoever imports it is asked for that.
MASKED = "X" * 10
DATABASE = "tidings"
_VERSION = "1.0.0"
_TYPES = {
    Shape.TEXT: "TEXT",
    Shape.NUMBER: "DOUBLE PRECISION",
    Shape.WHOLE: "BIGINT",
    Shape.TRUTH: "BOOLEAN",
    Shape.INSTANT: "TIMESTAMP WITH TIME ZONE",
}
# The oldest that a ZIP can tell: the same tables make the same file.
_EPOCH = (1980, 1, 1, 0, 0, 0)

Json = dict[str, Any]


def superset_import(sheets: Sequence[Sheet], *, uri: str, schema: str) -> bytes:
    """A ZIP with a dataset for each table of the database at `uri`, whose password is `MASKED`."""
    database = _id(uri)
    files: Mapping[str, Json] = {
        "metadata.yaml": {"version": _VERSION, "type": "SqlaTable"},
        f"databases/{DATABASE}.yaml": _database(uri, identifier=database),
    } | {
        f"datasets/{DATABASE}/{sheet.name}.yaml": _dataset(sheet, schema=schema, database=database) for sheet in sheets
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        for path, content in files.items():
            text = json.dumps(content, indent=2, ensure_ascii=False)
            entry = zipfile.ZipInfo(f"{DATABASE}/{path}", _EPOCH)
            writing.writestr(entry, text, compress_type=zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _id(*words: str) -> str:
    """The same each time, so that a later import changes what an earlier one made."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(words)))


def _database(uri: str, *, identifier: str) -> Json:
    return {
        "database_name": "Tidings",
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_csv_upload": False,
        "extra": {},
        "uuid": identifier,
        "version": _VERSION,
    }


def _dataset(sheet: Sheet, *, schema: str, database: str) -> Json:
    return {
        "table_name": sheet.name,
        "main_dttm_col": sheet.time if sheet.time in sheet.columns else None,
        "description": sheet.comment,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "schema": schema,
        "sql": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "uuid": _id(database, schema, sheet.name),
        "metrics": [_metric("count", "COUNT(*)", kind="count"), *_sums(sheet)],
        "columns": [_column(one) for one in sheet.columns.values()],
        "version": _VERSION,
        "database_uuid": database,
    }


def _sums(sheet: Sheet) -> list[Json]:
    numbers = [one.name for one in sheet.columns.values() if one.shape is Shape.NUMBER]
    return [_metric(f"sum_{name}", f'SUM("{name}")', kind="sum") for name in numbers]


def _metric(name: str, expression: str, *, kind: str) -> Json:
    return {
        "metric_name": name,
        "verbose_name": None,
        "metric_type": kind,
        "expression": expression,
        "description": None,
        "d3format": None,
        "extra": None,
        "warning_text": None,
    }


def _column(column: Column) -> Json:
    return {
        "column_name": column.name,
        "verbose_name": None,
        "is_dttm": column.shape is Shape.INSTANT,
        "is_active": True,
        "type": _TYPES[column.shape],
        "groupby": True,
        "filterable": True,
        "expression": None,
        "description": column.comment,
        "python_date_format": None,
    }
