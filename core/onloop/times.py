"""Moments in words, by one rule: people read and write the time of their own terminal's zone, which is always named.

Logs and JSON have UTC, with a `Z`. A `zone` of None is the zone of this process (TZ, else the machine's own).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

MORNING = 9
"""The hour of `tomorrow`."""
EXAMPLES = "18:30, tomorrow, 2026-01-31 or 2026-01-31 18:30"
"""What `moment_of` reads, for hints."""

_TIME_OF_DAY = r"([01]?\d|2[0-3]):([0-5]\d)"
_TODAY_AT = re.compile(_TIME_OF_DAY)
_TOMORROW = re.compile(rf"tomorrow(?:\s+{_TIME_OF_DAY})?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?")


def zone_mark(moment: datetime) -> str:
    """The zone of a moment as people name it: `CET`, and `UTC+5:30` where it has no letters of its own."""
    name = moment.tzname() or ""
    if name.isalpha():
        return name
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    rest = f":{abs(minutes) % 60:02}" if minutes % 60 else ""
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60}{rest}"


def zone_words(at_ms: int, zone: tzinfo | None = None) -> str:
    """The name of the zone at that moment, for the heading of a column of times."""
    return zone_mark(_in(zone, at_ms))


def time_words(at_ms: int, now_ms: int, zone: tzinfo | None = None) -> str:
    """A moment for people, to the minute: `14:05 CET`; with its date if that is not today's."""
    at = _in(zone, at_ms)
    is_today = at.date() == _in(zone, now_ms).date()
    return f"{at.strftime('%H:%M' if is_today else '%Y-%m-%d %H:%M')} {zone_mark(at)}"


def second_words(at_ms: int, zone: tzinfo | None = None) -> str:
    """A moment for people, to the second: `2026-01-31 14:05:09 CET`."""
    at = _in(zone, at_ms)
    return f"{at.strftime('%Y-%m-%d %H:%M:%S')} {zone_mark(at)}"


def column_words(at_ms: int, zone: tzinfo | None = None, *, dated: bool) -> str:
    """A moment below a heading that names the zone: `14:05:09`, or `01-31 14:05:09`."""
    return _in(zone, at_ms).strftime("%m-%d %H:%M:%S" if dated else "%H:%M:%S")


def utc_words(at_ms: int) -> str:
    """A moment in a log: `2026-01-31T13:05:09Z`."""
    return _in(UTC, at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str, now_ms: int, zone: tzinfo | None = None) -> int | None:
    """The moment (ms) that a person means at `now_ms`; None if it is none of `EXAMPLES`, or no ISO 8601.

    A time of day is the next such, a date its first moment, `tomorrow` its morning.
    """
    words = text.strip()
    if found := _TODAY_AT.fullmatch(words):
        return next_time_of_day(int(found[1]), int(found[2]), now_ms, zone)
    if found := _TOMORROW.fullmatch(words):
        here = _in(zone, now_ms) + timedelta(days=1)
        return _ms(here, zone, int(found[1] or MORNING), int(found[2] or 0))
    return _of_date(words, zone) if _DATE.fullmatch(words) else None


def next_time_of_day(hour: int, minute: int, now_ms: int, zone: tzinfo | None = None) -> int:
    """The next moment (ms) after `now_ms` at which a clock of that zone shows that time."""
    here = _in(zone, now_ms)
    today = _ms(here, zone, hour, minute)
    return today if today > now_ms else _ms(here + timedelta(days=1), zone, hour, minute)


def _in(zone: tzinfo | None, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def _ms(day: datetime, zone: tzinfo | None, hour: int, minute: int) -> int:
    """That time of that day, by a clock on the wall: the offset may be another than that of `day`."""
    wall = day.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=zone)
    return int(wall.timestamp() * 1000)


def _of_date(words: str, zone: tzinfo | None) -> int | None:
    try:
        moment = datetime.fromisoformat(words)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
