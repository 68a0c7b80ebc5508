"""Moments in words, by one rule: people read and write the time of their own terminal's zone, which is always named.

Logs and JSON have UTC, with a `Z`. A `zone` of None is the zone of this process (TZ, else the machine's own).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MORNING = 9
"""The hour of `tomorrow`."""
EXAMPLES = "18:30, tomorrow, 2026-01-31 or 2026-01-31 18:30"
"""What `moment_of` reads, for hints."""

_TIME_OF_DAY = r"([01]?\d|2[0-3]):([0-5]\d)"
_TODAY_AT = re.compile(_TIME_OF_DAY)
_TOMORROW = re.compile(rf"tomorrow(?:\s+{_TIME_OF_DAY})?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?")


def wall_clock(at_ms: int, zone: tzinfo | None = None) -> datetime:
    """What a clock on a wall of that zone shows at that moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


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
    return zone_mark(wall_clock(at_ms, zone))


def time_words(at_ms: int, now_ms: int, zone: tzinfo | None = None) -> str:
    """A moment for people, to the minute: `14:05 CET`; with its date if that is not today's."""
    at = wall_clock(at_ms, zone)
    is_today = at.date() == wall_clock(now_ms, zone).date()
    return f"{at.strftime('%H:%M' if is_today else '%Y-%m-%d %H:%M')} {zone_mark(at)}"


def second_words(at_ms: int, zone: tzinfo | None = None) -> str:
    """A moment for people, to the second: `2026-01-31 14:05:09 CET`."""
    at = wall_clock(at_ms, zone)
    return f"{at.strftime('%Y-%m-%d %H:%M:%S')} {zone_mark(at)}"


def column_words(at_ms: int, zone: tzinfo | None = None, *, dated: bool) -> str:
    """A moment below a heading that names the zone: `14:05:09`, or `01-31 14:05:09`."""
    return wall_clock(at_ms, zone).strftime("%m-%d %H:%M:%S" if dated else "%H:%M:%S")


def utc_words(at_ms: int) -> str:
    """A moment in a log: `2026-01-31T13:05:09Z`."""
    return wall_clock(at_ms, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_words(at_ms: int) -> str:
    """A moment in a document, to the millisecond where it is between seconds: `2026-01-31T13:05:09.250Z`."""
    rest = at_ms % 1000
    return f"{utc_words(at_ms - rest)[:-1]}.{rest:03}Z" if rest else utc_words(at_ms)


def instant_of(words: object, zone: tzinfo | None = None) -> int | None:
    """The moment (ms) that a document says in ISO 8601; without a zone of its own it is of `zone`, else None."""
    try:
        moment = datetime.fromisoformat(words) if isinstance(words, str) else None
        if moment is None or (moment.tzinfo is None and zone is None):
            return None
        here = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return (here - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def moment_of(text: str, now_ms: int, zone: tzinfo | None = None) -> int | None:
    """The moment (ms) that a person means at `now_ms`; None if it is none of `EXAMPLES`, or no ISO 8601.

    A time of day is the next such, a date its first moment, `tomorrow` its morning.
    """
    words = text.strip()
    if found := _TODAY_AT.fullmatch(words):
        return next_time_of_day(int(found[1]), int(found[2]), now_ms, zone)
    if found := _TOMORROW.fullmatch(words):
        here = wall_clock(now_ms, zone) + timedelta(days=1)
        return _ms(here, zone, int(found[1] or MORNING), int(found[2] or 0))
    return _of_date(words, zone) if _DATE.fullmatch(words) else None


def next_time_of_day(hour: int, minute: int, now_ms: int, zone: tzinfo | None = None) -> int:
    """The next moment (ms) after `now_ms` at which a clock of that zone shows that time."""
    here = wall_clock(now_ms, zone)
    today = _ms(here, zone, hour, minute)
    return today if today > now_ms else _ms(here + timedelta(days=1), zone, hour, minute)


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
