"""Relative instants: `-7d@d` is reckoned from when a run is due, on the clocks of its time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.newsroom import AUTHOR, CHIEF, Newsroom
from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid
from tidings.core.report import Content, ReportFormat, ReportParameter, ReportQuery
from tidings.reports.orders import ToRead
from tidings.reports.relative import resolved

BERLIN = "Europe/Berlin"
# Clocks that change at midnight, by half an hour, by a whole day, and never.
ZONES = (BERLIN, "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC")
SINCE, UNTIL = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000 for year in (2009, 2030))


def at(text: str, zone: str = BERLIN, *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) * 1_000


@pytest.mark.parametrize(
    ("text", "due", "expected"),
    [
        ("now", "2026-11-18T09:30:15", "2026-11-18T09:30:15"),
        ("now@h", "2026-11-18T09:30:15", "2026-11-18T09:00"),
        ("now@d", "2026-11-18T09:30:15", "2026-11-18T00:00"),
        ("-7d", "2026-11-18T09:30:15", "2026-11-11T09:30:15"),
        ("-7d@d", "2026-11-18T09:30:15", "2026-11-11T00:00"),
        ("-1w@w", "2026-11-18T09:30", "2026-11-09T00:00"),
        ("now@w", "2026-11-16T00:00", "2026-11-16T00:00"),
        ("-1mo", "2026-03-31T09:30", "2026-02-28T09:30"),
        ("-1mo@mo", "2026-01-05T09:30", "2025-12-01T00:00"),
        ("-1y@y", "2028-02-29T09:30", "2027-01-01T00:00"),
        ("-1y", "2028-02-29T09:30", "2027-02-28T09:30"),
        # Clocks go forward on March 29: half past two is skipped, and a day has 23 hours.
        ("-1d", "2026-03-30T02:30", "2026-03-29T03:00"),
        ("-24h", "2026-03-30T02:30", "2026-03-29T01:30"),
        # They go back on October 25: half past two comes twice, and is the first one.
        ("-1d", "2026-10-26T02:30", "2026-10-25T02:30"),
        ("-24h", "2026-10-25T09:00", "2026-10-24T10:00"),
    ],
)
def test_an_instant_is_reckoned_on_the_clocks_of_the_time_zone(text: str, due: str, expected: str) -> None:
    assert resolved(text, at=at(due), time_zone=BERLIN) == at(expected)


def test_an_hour_that_comes_twice_is_rounded_within_itself() -> None:
    due = at("2026-10-25T02:30", fold=1)

    assert resolved("now@h", at=due, time_zone=BERLIN) == due - 30 * MINUTE
    assert resolved("-1h@h", at=due, time_zone=BERLIN) == due - 90 * MINUTE


def test_what_lies_before_all_dates_is_the_first_of_them() -> None:
    assert resolved("-9999y", at=at("2026-01-01T00:00"), time_zone=BERLIN) == 0


@settings(max_examples=150, deadline=None)
@given(
    due=st.integers(SINCE, UNTIL),
    zone=st.sampled_from(ZONES),
    count=st.integers(1, 30),
    unit=st.sampled_from(("h", "d", "w", "mo", "y")),
    down=st.sampled_from(("", "h", "d", "w", "mo", "y")),
)
def test_it_is_never_after_the_run_nor_far_from_where_it_should_be(
    due: int, zone: str, count: int, unit: str, down: str
) -> None:
    plain = resolved(f"-{count}{unit}", at=due, time_zone=zone)
    found = resolved(f"-{count}{unit}{'@' + down if down else ''}", at=due, time_zone=zone)

    days = {"h": 1 / 24, "d": 1, "w": 7, "mo": 30.44, "y": 365.25}[unit] * count
    assert 0 <= found <= plain < due
    assert abs(due - plain - days * DAY) <= 4 * DAY
    assert plain - found <= {"": 0, "h": HOUR, "d": 2 * DAY, "w": 8 * DAY, "mo": 32 * DAY, "y": 367 * DAY}[down]
    if down and down != "h":
        local = datetime.fromtimestamp(found / 1_000, ZoneInfo(zone))
        # Midnight, or the end of the hour that is skipped there.
        assert local.hour in {0, 1}
        assert local.minute == local.second == 0


@pytest.mark.parametrize(
    "text", ["", "7d", "+7d", "-0d", "-7", "-7m", "-d", "-7d@", "-7d@m", "now-7d", "-12345d", "-७d"]
)
def test_what_is_written_otherwise_is_refused_with_what_may_be(text: str) -> None:
    with pytest.raises(Invalid, match=r"since: .*-7d@d"):
        resolved(text, at=0, time_zone="UTC", field="since")


async def test_a_retried_run_and_a_later_render_have_the_instants_of_the_first_attempt(newsroom: Newsroom) -> None:
    since = ReportParameter(name="since", kind="instant", default="-7d@d")
    content = Content(
        html="", queries=(ReportQuery(name="numbers", sql="SELECT :since AS since"),), parameters=(since,)
    )
    template = await newsroom.reports.templates.create("Numbers", content, author=CHIEF)
    task = await newsroom.task(template=template.id, time_zone=BERLIN)
    report = await newsroom.run(task)
    await newsroom.later(3 * DAY)

    job = await newsroom.reports.jobs.render_report(report.id, ReportFormat.JSON, author=CHIEF)
    own = await newsroom.reports.jobs.render_template(template.id, ReportFormat.JSON, author=AUTHOR)
    await newsroom.work()

    made_with = await newsroom.reports.store.made_with(report.id)
    orders = newsroom.clerks[0].orders + newsroom.clerk.orders
    asked = [dict(order.parameters) for order in orders if isinstance(order, ToRead)]
    expected = resolved("-7d@d", at=report.due_at, time_zone=BERLIN)
    assert made_with.parameters == {"since": expected}
    assert {"since": expected} in asked
    assert (await newsroom.reports.jobs.get(job.id)).error == (await newsroom.reports.jobs.get(own.id)).error == ""
    assert {"since": resolved("-7d@d", at=newsroom.clock.now(), time_zone="UTC")} in asked
