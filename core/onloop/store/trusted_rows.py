"""Rows of a store as they were read: what is out of order, or is not as it was written, is an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from onloop.errors import StoreError
from onloop.store.port import EventRow
from onloop.store.seal import seal_of

_EVENT_TYPES = [int, str, int, str, int, str, str, int, str, str, str]


def checked_log(rows: list[EventRow], after: int) -> list[EventRow]:
    """Rows of the log as stored; StoreError for one that is not an event or is out of order."""
    for row in rows:
        if [*map(type, row)] != _EVENT_TYPES or row[0] <= after:
            raise StoreError(
                f"the log cannot be read after event {after}", hint="onloop store verify; restore a backup"
            )
        after = row[0]
    return rows


def checked_event(row: tuple[Any, ...]) -> EventRow:
    """A row of the log as stored, of whichever task; StoreError for one that is not an event."""
    if [*map(type, row)] != _EVENT_TYPES:
        raise StoreError(
            f"event {row[0]!r:.20} of the log cannot be read", hint="onloop store verify; restore a backup"
        )
    return cast("EventRow", row)


def check_seal(table: str, row: Sequence[object], seal: object) -> None:
    """StoreError unless the row matches its seal."""
    if seal_of(table, row) != seal:
        raise StoreError(
            f"the row {str(row[0])[:80]!r} of {table} is not as it was written",
            hint="onloop store verify names what differs; restore a backup",
        )
