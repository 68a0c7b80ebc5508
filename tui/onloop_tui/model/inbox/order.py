"""The order of the rows: it follows the board, and is frozen while somebody is using the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.board import Board, Hidden, HowHidden
from onloop.attention.groups import Group
from onloop.attention.lifecycle import Life
from onloop.attention.responsibility import shared_ownership
from onloop.attention.viewer import NOBODY, Viewer
from onloop.machine.task import Task

_NONE: Mapping[str, Task] = {}
HOLD_MS = 5_000
"""How long the order is frozen after the last key, so that no row moves while a person acts on it."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A cause in the list, its stage, and, in the list of hidden causes, how it is hidden.

    `where` is what its members own, `who` may act on what they wait for; both are words for the row.
    """

    group: Group
    life: Life = field(default_factory=Life)
    hidden: Hidden | None = None
    where: str = ""
    who: str = ""

    @property
    def key(self) -> str:
        """The key that the cursor holds: the cause and what hides it, because several things may hide a cause."""
        if self.hidden is None:
            return self.group.cause
        what = self.hidden.words if self.hidden.how is HowHidden.INHIBITED else self.hidden.rule
        return f"{self.group.cause} {self.hidden.how.value} {what}"


def shown_rows(
    board: Board, groups: Sequence[Group], tasks: Mapping[str, Task] = _NONE, now: int = 0, viewer: Viewer = NOBODY
) -> tuple[InboxRow, ...]:
    """The rows of these groups of the board; `tasks` tell what their members own."""
    return tuple(_row(board, group, None, tasks, now, viewer) for group in groups)


def hidden_rows(
    board: Board, tasks: Mapping[str, Task] = _NONE, now: int = 0, viewer: Viewer = NOBODY
) -> tuple[InboxRow, ...]:
    """The rows of everything that the board hides."""
    return tuple(_row(board, hidden.group, hidden, tasks, now, viewer) for hidden in board.hidden)


def _row(
    board: Board, group: Group, hidden: Hidden | None, tasks: Mapping[str, Task], now: int, viewer: Viewer
) -> InboxRow:
    where, who = shared_ownership(group, tasks, now, viewer)
    return InboxRow(group, board.life(group.cause), hidden, where, who)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The rows in display order, and the keys of those that wait to be shown."""

    rows: tuple[InboxRow, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the rows."""
        return tuple(row.key for row in self.rows)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The causes, row by row."""
        return tuple(row.group for row in self.rows)


def arranged(before: Arrangement, rows: Sequence[InboxRow], *, frozen: bool) -> Arrangement:
    """The rows in their own order; while frozen, in the previous order with current contents.

    While frozen, rows are not added or moved; a row that no longer needs a person is removed.
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
    """The new key of a cursor on `cursor`: the same, else the next row that still exists, else the last row."""
    if not now:
        return None
    if cursor is not None and cursor in before:
        here = list(before).index(cursor)
        return next((key for key in before[here:] if key in now), now[-1])
    return now[0]


def is_frozen(*, sheet_open: bool, marked: bool, focused: bool, touched_at: int | None, now: int) -> bool:
    """Whether the order is frozen: a sheet is open, something is marked, or somebody moved recently."""
    recent = touched_at is not None and 0 <= now - touched_at < HOLD_MS
    return sheet_open or marked or (focused and recent)
