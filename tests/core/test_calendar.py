"""Windows of frequencies and crons over years, nights on which the clock is moved, and short months."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.core.calendar import (
    FREQUENCIES,
    MOST_COUNTED,
    Calendar,
    calendar_of,
    checked_frequency,
)
from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid
from tidings.core.report import ReportTask, TaskDraft

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
CRONS = (
    "* * * * *",
    "30 * * * *",
    "*/20 1-3 * * *",
    "15 2 * * *",
    "0 0 29 2 *",
    "0 9 L * *",
    "45 23 * * MON#5",
    "0 */7 1 */2 *",
)
NOW = 1_790_000_000_000


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def written(windows: list[int], zone: str) -> list[str]:
    return [datetime.fromtimestamp(one / 1000, ZoneInfo(zone)).isoformat(timespec="minutes") for one in windows]


def cron(line: str, *, zone: str, since: str) -> list[str]:
    made = Calendar(frequency="Cron", cron=line, time_zone=zone, start_on=instant(since))
    return written(made.coming(0, count=4), zone)


@pytest.mark.parametrize(
    ("zone", "start_on", "next_three"),
    [
        ("Europe/Berlin", "2026-03-28T02:30+01:00", ["29T03:00+02:00", "30T02:30+02:00", "31T02:30+02:00"]),
        ("Europe/Berlin", "2026-10-24T02:30+02:00", ["25T02:30+02:00", "26T02:30+01:00", "27T02:30+01:00"]),
        ("America/New_York", "2026-03-07T02:30-05:00", ["08T03:00-04:00", "09T02:30-04:00", "10T02:30-04:00"]),
        ("America/New_York", "2026-10-31T01:30-04:00", ["01T01:30-04:00", "02T01:30-05:00", "03T01:30-05:00"]),
        ("Australia/Lord_Howe", "2026-10-03T02:15+10:30", ["04T02:30+11:00", "05T02:15+11:00", "06T02:15+11:00"]),
        ("Australia/Lord_Howe", "2026-04-04T01:45+11:00", ["05T01:45+11:00", "06T01:45+10:30", "07T01:45+10:30"]),
    ],
)
def test_a_daily_task_runs_once_on_the_nights_that_move_the_clock(
    zone: str, start_on: str, next_three: list[str]
) -> None:
    daily = Calendar(frequency="Daily", time_zone=zone, start_on=instant(start_on))
    as_cron = Calendar(
        frequency="Cron", cron=f"{start_on[14:16]} {start_on[11:13]} * * *", time_zone=zone, start_on=instant(start_on)
    )

    assert [one[8:] for one in written(daily.coming(daily.start_on, count=3), zone)] == next_three
    assert as_cron.coming(0, count=400) == daily.coming(0, count=400)


def test_hours_are_counted_as_they_pass() -> None:
    hourly = Calendar(frequency="Hourly", time_zone="Europe/Berlin", start_on=instant("2026-10-25T00:10+02:00"))

    windows = hourly.coming(0, count=5)

    assert [one[11:] for one in written(windows, "Europe/Berlin")] == [
        "00:10+02:00", "01:10+02:00", "02:10+02:00", "02:10+01:00", "03:10+01:00",
    ]  # fmt: skip
    assert {late - early for early, late in pairwise(windows)} == {HOUR}


def test_a_cron_with_all_hours_goes_by_the_minutes_that_pass_and_any_other_by_local_time() -> None:
    assert cron("*/30 * * * *", zone="Australia/Lord_Howe", since="2026-04-05T01:30+11:00") == [
        "2026-04-05T01:30+11:00", "2026-04-05T01:30+10:30", "2026-04-05T02:00+10:30", "2026-04-05T02:30+10:30",
    ]  # fmt: skip
    assert cron("0,30 1-3 * * *", zone="Europe/Berlin", since="2026-10-25T02:00+02:00") == [
        "2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T03:00+01:00", "2026-10-25T03:30+01:00",
    ]  # fmt: skip
    assert cron("0,30 1-2 * * *", zone="Europe/Berlin", since="2026-03-29T01:15+01:00")[:3] == [
        "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T01:00+02:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "start_on", "windows"),
    [
        ("Monthly", "2027-12-31", ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]),
        ("Quarterly", "2026-11-30", ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]),
        ("Yearly", "2028-02-29", ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("Weekly", "2026-12-24", ["2026-12-24", "2026-12-31", "2027-01-07"]),
        ("Once", "2026-12-24", ["2026-12-24"]),
        ("Once - now", "2026-12-24", ["2026-12-24"]),
    ],
)
def test_months_without_the_day_run_on_their_last_one(frequency: str, start_on: str, windows: list[str]) -> None:
    made = Calendar(frequency=frequency, start_on=instant(f"{start_on}T09:00+00:00"))

    assert [one[:10] for one in written(made.coming(0, count=len(windows)), "UTC")] == windows
    assert frequency not in {"Once", "Once - now"} or made.next_after(made.start_on) is None


@pytest.mark.parametrize(
    ("frequency", "windows"),
    [("Hourly", 8760), ("Daily", 365), ("Weekly", 53), ("Monthly", 12), ("Quarterly", 4), ("Yearly", 1), ("Once", 1)],
)
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_each_frequency(frequency: str, windows: int, zone: str) -> None:
    start_on = int(datetime(2026, 1, 1, 1, 45, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    end_on = int(datetime(2027, 1, 1, 1, 44, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    made = Calendar(frequency=frequency, time_zone=zone, start_on=start_on, end_on=end_on)

    found = made.coming(0, count=10_000)

    assert len(found) == windows
    assert made.newest_due(0, end_on + 10 * DAY) == (found[-1], min(windows, MOST_COUNTED))


def test_the_last_instant_is_still_in() -> None:
    made = Calendar(frequency="Daily", start_on=NOW, end_on=NOW + 2 * DAY)

    assert made.coming(0) == [NOW, NOW + DAY, NOW + 2 * DAY]
    assert made.newest_due(NOW, NOW) == (None, 0)
    assert made.newest_due(NOW - 1, NOW) == (NOW, 1)


@given(
    frequency=st.sampled_from([*FREQUENCIES[2:-1], *CRONS]),
    zone=st.sampled_from(ZONES),
    start_on=st.integers(0, NOW),
    after=st.integers(NOW - 400 * DAY, NOW + 400 * DAY),
    span=st.integers(0, 40 * DAY),
)
@settings(max_examples=150, deadline=None)
def test_windows_come_one_after_the_other_and_the_newest_is_one_of_them(
    frequency: str, zone: str, start_on: int, after: int, span: int
) -> None:
    is_cron = frequency in CRONS
    made = Calendar(
        frequency="Cron" if is_cron else frequency,
        cron=frequency if is_cron else "",
        time_zone=zone,
        start_on=start_on,
    )

    windows = made.coming(after, count=40)
    until = min(after + span, windows[-1])
    due = [one for one in windows if one <= until]

    assert windows[0] > after
    assert all(late - early >= MINUTE for early, late in pairwise(windows))
    assert windows[20:] == made.coming(windows[19], count=20)
    assert made.next_after(windows[7] - 1) == windows[7]
    assert made.newest_due(after, until) == (due[-1] if due else None, len(due))
    if frequency in {"Daily", "15 2 * * *"}:
        days = [datetime.fromtimestamp(one / 1000, ZoneInfo(zone)).date().toordinal() for one in windows]
        assert days == list(range(days[0], days[0] + 40))


@given(line=st.text("0123456789*/-,L#W AMONJ?²", max_size=24))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_is_a_cron_or_is_refused_in_one_sentence(line: str) -> None:
    draft = TaskDraft(title="Sales", template="t", frequency="cron", cron=line, time_zone="Europe/Berlin")
    refusal = ""

    try:
        comes = calendar_of(draft, now=NOW).next_after(NOW) is not None
    except Invalid as error:
        comes, refusal = False, error.message

    assert comes or refusal.startswith("cron: ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"frequency": "Fortnightly"}, "frequency"),
        ({"frequency": "Cron", "cron": "*/5 * * * * *"}, "cron"),
        ({"frequency": "Cron", "cron": "0 0 30 2 *"}, "cron"),
        ({"frequency": "Cron", "cron": "* * */29 2 0#3"}, "cron"),
        ({"frequency": "Cron", "cron": "61 * * * *"}, "cron"),
        ({"frequency": "Cron", "cron": "9" * 5000}, "cron"),
        ({"time_zone": "Europe/Bern"}, "timeZone"),
        ({"time_zone": "../../etc/passwd"}, "timeZone"),
        ({"time_zone": "Europe"}, "timeZone"),
        ({"time_zone": ""}, "timeZone"),
        ({"start_on": -1}, "startOn"),
        ({"end_on": 10**18}, "endOn"),
        ({"end_on": NOW - 1}, "endOn"),
    ],
)
def test_what_is_no_calendar_is_refused_by_its_field(change: dict[str, object], field: str) -> None:
    draft = TaskDraft(title="Sales", template="t", frequency="Daily", start_on=NOW)

    with pytest.raises(Invalid, match=rf"^{field}: "):
        calendar_of(msgspec.structs.replace(draft, **change), now=NOW)


def test_frequencies_are_read_in_any_case_and_without_a_start_it_is_now() -> None:
    draft = TaskDraft(title="Sales", template="t", frequency="ONCE -  Now", start_on=NOW - DAY)
    kept = ReportTask(
        **{name: getattr(draft, name) for name in draft.__struct_fields__},
        id="1", owner="p", is_waiting=False, made_at=NOW - HOUR, saved_at=NOW, next_at=None,
    )  # fmt: skip

    assert checked_frequency(" quarterly ") == "Quarterly"
    assert calendar_of(draft, now=NOW).next_after(NOW - 1) == NOW
    assert calendar_of(kept, now=NOW).start_on == NOW - DAY
    assert calendar_of(TaskDraft(title="S", template="t", frequency="daily"), now=NOW).start_on == NOW
    assert datetime.fromtimestamp(NOW / 1000, UTC).year == 2026


def test_the_last_dates_that_there_are_have_no_window_after_them() -> None:
    assert Calendar(frequency="Daily", start_on=0).next_after(250_000_000_000_000) is None


def test_a_cron_for_a_day_that_never_comes_ends() -> None:
    assert Calendar(frequency="Cron", cron="0 3 */29 2 0#3", start_on=0).next_after(0) is None


def test_asked_in_an_hour_that_is_repeated_a_cron_does_not_run_in_it_again() -> None:
    daily = Calendar(frequency="Cron", cron="30 2 * * *", time_zone="Europe/Berlin", start_on=0)
    second_time = int(datetime(2026, 10, 25, 1, 10, tzinfo=UTC).timestamp() * 1_000)  # 02:10, after the clock went back

    assert daily.next_after(second_time) == int(datetime(2026, 10, 26, 1, 30, tzinfo=UTC).timestamp() * 1_000)


def test_a_name_that_is_too_long_for_a_time_zone_is_none() -> None:
    with pytest.raises(Invalid, match="timeZone"):
        calendar_of(TaskDraft(title="a", template="t", frequency="Daily", time_zone="Z" * 65), now=0)
