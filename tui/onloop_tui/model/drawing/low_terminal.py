"""How much room a terminal has: in a low one, the list and the question get the rows that other words would take."""

from __future__ import annotations

LOW = 20
"""A terminal with fewer rows is low."""


def is_low(rows: int) -> bool:
    """Whether a terminal of so many rows is low."""
    return rows < LOW
