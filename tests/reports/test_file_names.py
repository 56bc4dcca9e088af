"""Names of files: by the pattern, as every file system takes them, and different for the reports of one window."""

import pytest
from msgspec.structs import replace

from tests.reports.newsroom import CHIEF, Newsroom
from tidings.core.report import Filter, ReportFormat, Value
from tidings.reports.file_names import Naming, cycled_title, file_name

AT = 1_700_000_000_000  # 2023-11-14, 22:13 UTC
LONG = "What was sold in all shops of the whole country, and by whom it was sold"


def named(pattern: str, *values: Value, title: str = "Sales") -> str:
    cycled = tuple(
        Filter(field=field, values=(value,)) for field, value in zip(("region", "shop"), values, strict=False)
    )
    told = cycled_title(title, cycled)
    return file_name(
        pattern, Naming(title=told, task=title, at=AT, time_zone="Asia/Kolkata", cycled=cycled), ending="pdf"
    )


@pytest.mark.parametrize(
    ("pattern", "values", "expected"),
    [
        ("{title}", (), "Sales.pdf"),
        ("{title} {date} {time}", (), "Sales 2023-11-15 0343.pdf"),
        ("{title}", ("North", 7), "Sales – North, 7.pdf"),
        # Who names all values in the pattern does not want them in the title once more.
        ("{region} {shop} {title}", ("North", 7), "North 7 Sales.pdf"),
        ("{region} {title}", ("North", 7), "North Sales – North, 7.pdf"),
        ("../{region}/{nothing}", ("North",), "_North_.pdf"),
        ("{title}\u202e\x00:*", ("North",), "Sales – North_.pdf"),
        ("{{x}}", (), "{x}.pdf"),
        (" . ", (), "report.pdf"),
        ("x" * 300, (), "x" * 60 + ".pdf"),
    ],
)
def test_a_file_is_named_by_its_pattern(pattern: str, values: tuple[Value, ...], expected: str) -> None:
    assert named(pattern, *values) == expected


@pytest.mark.parametrize(
    ("pattern", "title", "one", "other"),
    [
        ("{title}", LONG, ("North",), ("South",)),
        ("{date}", "Sales", ("North",), ("South",)),
        ("{region}", "Sales", ("North", 1), ("North", 2)),
        ("{title}", "Sales", ("a/b",), ("a:b",)),
        ("{region}", "Sales", ("a",), ("a. ",)),
        ("{region}", "Sales", ("",), (None,)),
        ("{{region}}", "Sales", ("North",), ("South",)),
    ],
)
def test_reports_of_one_window_have_names_of_their_own(
    pattern: str, title: str, one: tuple[Value, ...], other: tuple[Value, ...]
) -> None:
    names = [named(pattern, *values, title=title) for values in (one, other)]

    assert names[0] != names[1]
    assert names[0] == named(pattern, *one, title=title)
    assert all(len(name) <= 64 for name in names)


async def test_a_later_render_is_named_as_the_files_of_its_run(newsroom: Newsroom) -> None:
    task = await newsroom.task(name_pattern="{task} of {date}")
    report = await newsroom.run(task)
    await newsroom.reports.tasks.change(task.id, replace(task, name_pattern="{title}"), author=CHIEF)

    job = await newsroom.reports.jobs.render_report(report.id, ReportFormat.JSON, author=CHIEF)
    await newsroom.work()

    [file] = await newsroom.reports.history.files(report)
    rendered = await newsroom.reports.files.get((await newsroom.reports.jobs.get(job.id)).file)
    assert file.name.startswith("Sales of 20")
    assert rendered.name == file.name.replace(".csv", ".json")
