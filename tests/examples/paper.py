"""Paper: a rendered report, ready to be published."""

from datetime import UTC, datetime
from pathlib import Path

from examples.publishing.publication import File, Publication, Report

REPORT = Report(
    id="b9e574a9-fb52-443b-a1aa-1eed82a8b1ba",
    title="Weekly sales overview",
    tags=frozenset({"sales"}),
    at=datetime(2026, 1, 31, 23, tzinfo=UTC),
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME = "Weekly sales overview – Süd.xlsx"


def paper(folder: Path, content: bytes = b"rows", *, title: str = REPORT.title) -> Publication:
    """A publication whose file is in that folder."""
    path = folder / "report.xlsx"
    path.write_bytes(content)
    report = Report(id=REPORT.id, title=title, tags=REPORT.tags, at=REPORT.at)
    file = File(path=path, name=NAME, media_type=XLSX)
    return Publication(report=report, file=lambda: file, places=("https://contoso.example.com/weekly.xlsx",))
