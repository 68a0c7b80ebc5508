"""Time zones that files name."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from onloop.errors import BadInput
from onloop.text import safe
from onloop.workflow.hints import nearest


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name (IANA); BadInput where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = f"{nearest(name, sorted(available_timezones()))}name one as Europe/Berlin or UTC"
        raise BadInput(f"there is no time zone {safe(name, 60)!r}", hint=hint) from None
