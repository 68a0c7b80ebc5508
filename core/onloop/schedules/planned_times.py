"""The moments that a schedule means: cron in the wall clock of a zone, by Debian's rules for the change of clocks.

A time that the clocks leave out comes when they have gone on; one that they show twice comes once. Each moment is a
whole second since the epoch, in ms, and they strictly rise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from onloop.errors import BadInput
from onloop.machine.schedules import Schedule
from onloop.text import safe
from onloop.times import wall_clock
from onloop.workflow.zones import zone_named

_WINDOWS_MS = (7_200_000, 2 * 86_400_000, 40 * 86_400_000, 400 * 86_400_000)
_LATEST_YEAR = 9_990
FIELDS = 5


def check_cron(cron: str) -> None:
    """BadInput unless these are five fields of cron that some moment fits."""
    from cronsim import CronSim, CronSimError  # here: nothing but schedules needs it

    hint = 'write minute, hour, day, month and weekday, such as "30 2 * * MON-FRI"'
    if len(cron.split()) != FIELDS:
        raise BadInput(f"{safe(cron, 60)!r} has {len(cron.split())} fields, and cron has {FIELDS}", hint=hint)
    try:
        first = next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as problem:
        raise BadInput(f"{safe(cron, 60)!r} is no time of cron: {problem}", hint=hint) from None
    if first is None:
        raise BadInput(f"{safe(cron, 60)!r} names a day that never comes", hint=hint)


def times_after(cron: str, zone: ZoneInfo, after: int) -> Iterator[int]:
    """Every moment that the schedule means after `after` (ms), in order.

    cronsim says which days, hours and minutes are meant; which moments these are is worked out here, for where clocks
    change by half an hour it leaves some out.
    """
    from cronsim import CronSim  # here: nothing but schedules needs it

    day = _local(after, zone).date() - timedelta(days=1)  # what a gap moves may lie on the day after
    meant = CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    is_fixed = not any(part.startswith("*") for part in cron.split()[:2])
    while day.year < _LATEST_YEAR:
        if day.month in meant.months and meant.match_day(day):
            found = {
                each for hour in meant.hours for each in _moments(day, hour, meant.minutes, zone, is_fixed=is_fixed)
            }
            for moment in sorted(found):
                if moment > after:
                    after = moment
                    yield moment
        day += timedelta(days=1)


def _moments(day: date, hour: int, minutes: Iterable[int], zone: ZoneInfo, *, is_fixed: bool) -> Iterator[int]:
    """The moments (ms) that a schedule means with an hour of a day.

    One at a fixed time comes once, whatever the clocks do; another one whenever the clock shows such a time.
    """
    for minute in minutes:
        wall = datetime.combine(day, time(hour, minute))
        shown = [moment for fold in (0, 1) if (moment := _shown_at(wall, zone, fold)) is not None]
        if not is_fixed:
            yield from shown
        elif shown:
            yield shown[0]
        else:
            yield _end_of_gap(wall, zone)


def _shown_at(wall: datetime, zone: ZoneInfo, fold: int) -> int | None:
    """When the clock shows `wall`, the first or the second time; None where it never does."""
    moment = int(wall.replace(tzinfo=zone, fold=fold).timestamp()) * 1000
    return moment if _local(moment, zone).replace(tzinfo=None) == wall else None


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> int:
    while True:
        wall += timedelta(minutes=1)
        if (moment := _shown_at(wall, zone, 0)) is not None:
            return moment


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return wall_clock(moment // 1000 * 1000, zone)


def latest_due(schedule: Schedule, zone: ZoneInfo, after: int, now: int) -> int | None:
    """The last moment after `after` (ms) whose firing is due at `now`; None if there is none.

    Long stretches are not walked through where a short one before `now` has such a moment.
    """
    longest = now - after
    for window in (*(w for w in _WINDOWS_MS if w < longest), longest):
        found = None
        for moment in times_after(schedule.cron, zone, now - window):
            if moment > now:
                break
            if moment + put_off_by(schedule.name, moment, schedule.jitter_ms) <= now:
                found = moment
        if found is not None:
            return found
    return None


@lru_cache(maxsize=1_024)
def next_time(cron: str, zone: str, after: int) -> int | None:
    """The first moment after `after` (ms); None where there is none any more."""
    return next(times_after(cron, zone_named(zone), after), None)


def put_off_by(name: str, planned: int, jitter_ms: int) -> int:
    """By how much the firing of `name` at `planned` is put off (ms): the same for whoever asks."""
    if jitter_ms <= 0:
        return 0
    number = int.from_bytes(sha256(f"{name}|{planned}".encode()).digest()[:8], "big")
    return number % (jitter_ms // 1000 + 1) * 1000
