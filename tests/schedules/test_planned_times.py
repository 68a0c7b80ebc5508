"""The moments that cron means, compared with a second, plain reading of its rules, through every change of clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput
from onloop.machine.schedules import Schedule, ScheduledStart
from onloop.schedules.planned_times import check_cron, latest_due, put_off_by, times_after
from onloop.workflow.zones import zone_named

HOUR = 3_600_000
DAY = 24 * HOUR
FIRST, LAST = datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
CRONS = ("30 2 * * *", "0 0 * * *", "15 1,2,3 * * *", "0 3 * * SUN", "*/20 * * * *", "7 * * * *", "0 */2 * * *")


def ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


@cache
def changes(name: str) -> tuple[int, ...]:
    """The moments (ms) at which the zone's distance from UTC changed in ten years, to the minute."""
    zone, found, at = ZoneInfo(name), list[int](), FIRST
    while at < LAST:
        then = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != then.astimezone(zone).utcoffset():
            low, high = at, then
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                middle = middle.replace(second=0, microsecond=0)
                middle = middle if middle > low else low + timedelta(minutes=1)
                if middle >= high:
                    break
                same = at.astimezone(zone).utcoffset() == middle.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(ms(high))
        at = then
    return tuple(found)


def field(text: str, least: int, most: int) -> set[int]:
    if text.startswith("*"):
        step = int(text.partition("/")[2] or 1)
        return set(range(least, most + 1, step))
    return {int(each) for each in text.split(",")}


def plainly(cron: str, zone: ZoneInfo, after: int, until: int) -> list[int]:
    """The moments by the rule alone: of jobs at a fixed time each wall time once, of others whatever the clock shows.

    A wall time that is left out comes with the first minute after; one that is there twice comes the first time.
    """
    minute, hour, _, _, weekday = cron.split()
    minutes, hours = field(minute, 0, 59), field(hour, 0, 23)
    days = {6} if weekday == "SUN" else set(range(7))
    if minute.startswith("*") or hour.startswith("*"):
        return sorted(set(_shown(zone, after, until, minutes, hours)))
    found = set[int]()
    day = datetime.fromtimestamp(after / 1000, UTC).astimezone(zone).date() - timedelta(days=1)
    while ms(datetime(day.year, day.month, day.day, tzinfo=UTC)) < until + 2 * DAY:
        for h in hours if day.weekday() in days else ():
            found |= {_once(zone, day, h, m) for m in minutes}
        day += timedelta(days=1)
    return sorted(moment for moment in found if after < moment <= until)


def _shown(zone: ZoneInfo, after: int, until: int, minutes: set[int], hours: set[int]) -> Iterator[int]:
    for moment in range(after // 60_000 * 60_000 + 60_000, until + 1, 60_000):
        wall = datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone)
        if wall.minute in minutes and wall.hour in hours and wall.second == 0:
            yield moment


def _once(zone: ZoneInfo, day: date, hour: int, minute: int) -> int:
    wall = datetime.combine(day, time(hour, minute))
    while True:
        moment = wall.replace(tzinfo=zone, fold=0)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
            return ms(moment)
        wall += timedelta(minutes=1)


def found(cron: str, zone: ZoneInfo, after: int, until: int) -> list[int]:
    return list(takewhile(lambda moment: moment <= until, times_after(cron, zone, after)))


def check_change(name: str, change: int) -> None:
    zone = ZoneInfo(name)
    for cron in CRONS:
        margin = 5 * HOUR if "*" in cron[:4] else 30 * HOUR
        after, until = change - margin, change + margin
        told = found(cron, zone, after, until)

        assert told == plainly(cron, zone, after, until), (name, cron, change)
        assert len(set(told)) == len(told) and told == sorted(told)


@pytest.mark.parametrize(
    "name",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"],
)
def test_every_planned_time_is_right_through_the_last_changes_of_the_clocks(name: str) -> None:
    for change in changes(name)[-3:]:
        check_change(name, change)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_every_planned_time_is_right_through_all_changes_of_ten_years_in_every_zone(name: str) -> None:
    for change in changes(name):
        check_change(name, change)


def test_a_time_that_the_clock_leaves_out_comes_late_and_one_that_it_shows_twice_comes_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring, autumn = datetime(2026, 3, 29, tzinfo=berlin), datetime(2026, 10, 25, tzinfo=berlin)

    (late,) = found("30 2 * * *", berlin, ms(spring), ms(spring) + 22 * HOUR)
    (once,) = found("30 2 * * *", berlin, ms(autumn), ms(autumn) + 24 * HOUR)

    assert late == ms(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    assert once == ms(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))


@given(
    st.sampled_from(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")),
    st.sampled_from(CRONS),
    st.integers(ms(datetime(2026, 3, 1, tzinfo=UTC)), ms(datetime(2026, 11, 10, tzinfo=UTC))),
    st.lists(st.integers(0, 90 * 60_000), min_size=1, max_size=8),
)
def test_wherever_one_looks_next_nothing_is_lost_and_nothing_comes_twice(
    name: str, cron: str, start: int, steps: list[int]
) -> None:
    zone, at, met = ZoneInfo(name), start, list[int]()
    for step in steps:
        met += found(cron, zone, max([start, *met]), at + step)
        at += step

    assert met == found(cron, zone, start, at)


@given(st.integers(0, 200 * DAY), st.sampled_from((0, 60_000, 600_000)), st.sampled_from(CRONS))
def test_the_last_time_that_is_due_is_the_last_of_all_that_are(gap: int, jitter: int, cron: str) -> None:
    schedule = Schedule("nightly", cron, "UTC", ScheduledStart("feature"), jitter_ms=jitter)
    now = ms(datetime(2026, 6, 1, 12, 7, tzinfo=UTC))
    gap = min(gap, 20 * DAY)
    due = [m for m in found(cron, ZoneInfo("UTC"), now - gap, now) if m + put_off_by("nightly", m, jitter) <= now]

    assert latest_due(schedule, ZoneInfo("UTC"), now - gap, now) == (due[-1] if due else None)


def test_a_firing_is_put_off_by_the_same_part_whoever_asks_and_differently_for_each() -> None:
    times = [put_off_by(name, moment * DAY, 600_000) for name in ("a", "b") for moment in range(20)]

    assert times == [put_off_by(name, moment * DAY, 600_000) for name in ("a", "b") for moment in range(20)]
    assert min(times) >= 0 and max(times) <= 600_000 and len(set(times)) > 20
    assert put_off_by("a", DAY, 0) == 0


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "@daily", "61 * * * *", "0 0 30 2 *", "* * * * * *", "a b c d e", "0 0 31 2,4 *"]
)
def test_what_is_no_time_of_cron_is_refused(cron: str) -> None:
    with pytest.raises(BadInput):
        check_cron(cron)


@pytest.mark.parametrize("name", ["Europe/Berlim", "", "../../etc/passwd", "/etc/localtime", "CEST\n"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        zone_named(name)
