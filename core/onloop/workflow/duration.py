"""Durations as people write them: `500ms`, `90s`, `45m`, `4h`, `3d`."""

from __future__ import annotations

import re

from onloop.errors import BadInput

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
PATTERN = r"^[0-9]{1,12}(ms|s|m|h|d)$"
"""What a duration looks like, as a regular expression."""

_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
_LONGEST_SHOWN = 40


def milliseconds(text: str) -> int:
    """The duration that `text` names, in milliseconds; BadInput if it is not a duration."""
    found = _DURATION.fullmatch(text)
    if found is None:
        shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
        raise BadInput(
            f"{shown!r} is not a duration", hint="write a whole number and a unit, such as 500ms, 90s, 45m, 4h or 3d"
        )
    return int(found[1]) * UNITS[found[2]]


def written(duration_ms: int) -> str:
    """The shortest text that `milliseconds` reads as this duration again, such as `90m`."""
    unit, size = next((u, s) for u, s in reversed(UNITS.items()) if duration_ms % s == 0)
    return f"{duration_ms // size}{unit}" if duration_ms else "0s"
