"""How often the dashboard looks: 30 times a second, and less where looking is expensive."""

from __future__ import annotations

FRAME_S = 1 / 30
SHARE = 3
"""Looking takes at most one part in so many of a core."""


def pause_s(spent_s: float) -> float:
    """How long to rest after a look that took `spent_s` seconds."""
    return max(FRAME_S - spent_s, spent_s * (SHARE - 1), 0.0)
