"""How often the dashboard looks at the store: 50 times a second, less often if a look is expensive."""

from __future__ import annotations

FRAME_S = 1 / 50
SHARE = 3
"""Looks may take at most one part in this many of a core's time."""


def pause_s(spent_s: float) -> float:
    """The seconds to wait after a look that took `spent_s` seconds."""
    return max(FRAME_S - spent_s, spent_s * (SHARE - 1), 0.0)
