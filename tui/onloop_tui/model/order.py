"""The order of the rows: it follows the groups, and stands still while somebody is using it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onloop.attention.groups import Group

HOLD_MS = 5_000
"""How long the order stands still after the last key, so that no row moves under a finger."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The groups in the order in which they are shown, and the causes of those that wait to be shown."""

    groups: tuple[Group, ...] = ()
    waiting: tuple[str, ...] = ()

    def causes(self) -> tuple[str, ...]:
        """The ids of the rows."""
        return tuple(group.cause for group in self.groups)


def arranged(before: Arrangement, groups: Sequence[Group], *, frozen: bool) -> Arrangement:
    """The rows for `groups`: in their own order, or, while frozen, the rows of before as they are now.

    While frozen nothing is added and nothing changes places; what no longer needs a person goes.
    """
    if not frozen or not before.groups:
        return Arrangement(tuple(groups))
    now = {group.cause: group for group in groups}
    kept = tuple(now[cause] for cause in before.causes() if cause in now)
    if not kept:
        return Arrangement(tuple(groups))
    shown = {group.cause for group in kept}
    return Arrangement(kept, tuple(group.cause for group in groups if group.cause not in shown))


def cursor_after(before: Sequence[str], cursor: str | None, now: Sequence[str]) -> str | None:
    """Where a cursor on `cursor` stands now: on it, else on the next row that is still there, else on the last."""
    if not now:
        return None
    if cursor is not None and cursor in before:
        here = list(before).index(cursor)
        return next((cause for cause in before[here:] if cause in now), now[-1])
    return now[0]


def is_frozen(*, sheet_open: bool, focused: bool, touched_at: int | None, now: int) -> bool:
    """Whether the order must stand still: a sheet is open, or somebody moved in the list a moment ago."""
    recent = touched_at is not None and 0 <= now - touched_at < HOLD_MS
    return sheet_open or (focused and recent)
