"""Requests about children that wait for siblings."""

from __future__ import annotations

from onloop.records import Record


class Proceed(Record):
    """Look again at the siblings that a task waits for: one of them has ended."""
