"""Moments as people and vendors write them: `18:30`, `6:30pm (Europe/Rome)`, `2 days 17 hours`, ISO 8601, `45m`.

A time of day without a zone is meant where this process runs (TZ, else the machine's own zone), and is the next such.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from onloop.errors import BadInput
from onloop.times import moment_of, next_time_of_day
from onloop.workflow.duration import milliseconds

_EPOCH = re.compile(r"\|(\d{10})\b")
_AT = re.compile(
    r"(?:resets?|try again|available|renews?)\b[^\n|]{0,24}?\s"
    r"(?:(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,?"
    r"(?: (?P<year>20\d\d),?)?(?: at)? )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d))?\s?(?P<half>[ap]m)?\b"
    r"(?:\s?\(?(?P<zone>UTC|GMT(?:[+-]\d{1,2})?|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+\d*)\)?)?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\bin|\bafter|\bwait)\s+((?:\d+(?:\.\d+)?\s?(?:d|h|m|s)[a-z]*,?\s?(?:and\s)?){1,4})", re.IGNORECASE
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s?([dhms])", re.IGNORECASE)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DAY_H, _LONGEST_S = 24, 10 * 366 * 86_400.0
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def moment_given(text: str, now: int) -> int:
    """The moment (ms) that a person names at `now`: a duration from now, or what `moment_of` reads; else BadInput."""
    found = moment_of(text, now)
    if found is not None:
        return found
    try:
        return now + milliseconds(text.strip())
    except BadInput:
        hint = "write a time of day such as 18:30, a moment such as 2026-01-31T18:30+01:00, or a duration such as 45m"
        raise BadInput(f"{text.strip()[:40]!r} is no moment", hint=hint) from None


def moment_in(text: str, now: int) -> int:
    """The moment (ms) that a vendor's message names; 0 if it names none that can be read."""
    epoch = _EPOCH.search(text)
    if epoch is not None:
        return int(epoch[1]) * 1000
    at, after = _AT.search(text), _AFTER.search(text)
    if at is not None and (at["half"] or at["minute"]):
        return _clock(at, now)
    if after is not None:
        seconds = sum(float(n) * _SECONDS[unit.lower()] for n, unit in _PART.findall(after[1]))
        return now + int(min(seconds, _LONGEST_S) * 1000)
    return 0


def _clock(at: re.Match[str], now: int) -> int:
    hour, minute, half = int(at["hour"]), int(at["minute"] or 0), (at["half"] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "pm")
    if hour > 23:
        return 0
    zone = _zone(at["zone"] or "")
    if not at["month"]:
        return next_time_of_day(hour, minute, now, zone)
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    month = _MONTHS.index(at["month"].lower()) + 1
    try:
        there = here.replace(
            int(at["year"] or here.year), month, int(at["day"]), hour=hour, minute=minute, second=0, microsecond=0
        )
    except ValueError:
        return 0
    return int(there.timestamp() * 1000)


def _zone(name: str) -> tzinfo | None:
    """The zone of that name; None, which is the local one, for none and for an unknown one."""
    if not name:
        return None
    if name[:3].upper() in {"UTC", "GMT"}:
        hours = int(name[3:] or 0)
        return timezone(timedelta(hours=hours)) if abs(hours) < _DAY_H else None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None
