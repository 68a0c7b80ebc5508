"""The order of the rows: it follows the board, and stands still while somebody is using it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from onloop.attention.board import Board, Hidden, HowHidden
from onloop.attention.groups import Group
from onloop.attention.lifecycle import Life

HOLD_MS = 5_000
"""How long the order stands still after the last key, so that no row moves under a finger."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A cause in the list, how far people are with it, and, in the list of what is hidden, how it is."""

    group: Group
    life: Life = field(default_factory=Life)
    hidden: Hidden | None = None

    @property
    def key(self) -> str:
        """What the cursor holds: the cause, and, since a cause may be hidden in several ways, what hides it."""
        if self.hidden is None:
            return self.group.cause
        what = self.hidden.words if self.hidden.how is HowHidden.INHIBITED else self.hidden.rule
        return f"{self.group.cause} {self.hidden.how.value} {what}"


def shown_rows(board: Board, groups: Sequence[Group]) -> tuple[InboxRow, ...]:
    """The rows of these groups of the board."""
    return tuple(InboxRow(group, board.life(group.cause)) for group in groups)


def hidden_rows(board: Board) -> tuple[InboxRow, ...]:
    """The rows of all that the board hides."""
    return tuple(InboxRow(hidden.group, board.life(hidden.group.cause), hidden) for hidden in board.hidden)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The rows in the order in which they are shown, and the keys of those that wait to be shown."""

    rows: tuple[InboxRow, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells the rows apart."""
        return tuple(row.key for row in self.rows)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The causes, row by row."""
        return tuple(row.group for row in self.rows)


def arranged(before: Arrangement, rows: Sequence[InboxRow], *, frozen: bool) -> Arrangement:
    """The rows in their own order, or, while frozen, in the order of before as they are now.

    While frozen nothing is added and nothing changes places; what no longer needs a person goes.
    """
    if not frozen or not before.rows:
        return Arrangement(tuple(rows))
    now = {row.key: row for row in rows}
    kept = tuple(now[row.key] for row in before.rows if row.key in now)
    if not kept:
        return Arrangement(tuple(rows))
    shown = {row.key for row in kept}
    return Arrangement(kept, tuple(row.key for row in rows if row.key not in shown))


def cursor_after(before: Sequence[str], cursor: str | None, now: Sequence[str]) -> str | None:
    """Where a cursor on `cursor` stands now: on it, else on the next row that is still there, else on the last."""
    if not now:
        return None
    if cursor is not None and cursor in before:
        here = list(before).index(cursor)
        return next((key for key in before[here:] if key in now), now[-1])
    return now[0]


def is_frozen(*, sheet_open: bool, marked: bool, focused: bool, touched_at: int | None, now: int) -> bool:
    """Whether the order must stand still: a sheet is open, something is marked, or somebody moved a moment ago."""
    recent = touched_at is not None and 0 <= now - touched_at < HOLD_MS
    return sheet_open or marked or (focused and recent)
