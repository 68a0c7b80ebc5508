"""The rows of the tree with the runs that have ended folded into one row below the others."""

from __future__ import annotations

from onloop_tui.model.tree.tree_index import TreeIndex

ENDED_RUNS = "ended runs"
"""The id of the row that stands for them."""


class EndedFold:
    """A `RowIndex` over a tree. Of the ended runs only `kept` is shown unless the fold is open.

    While a filter is in force, or if every run has ended, there is no fold. Of all runs `only` is shown, if it is set.
    """

    def __init__(self, index: TreeIndex) -> None:
        self._index = index
        self.is_open = False
        self.kept: str | None = None
        """The id of the ended run that is shown all the same."""
        self.only: str | None = None
        """The id of the run that is shown alone."""

    @property
    def count(self) -> int:
        """The number of runs that have ended."""
        return len(self._index.tops) - self._index.first_ended

    @property
    def is_folding(self) -> bool:
        """Whether there is a row for the ended runs."""
        return self.only is None and not self._index.is_filtered and 0 < self._index.first_ended < len(self._index.tops)

    def __len__(self) -> int:
        if self.only is not None:
            return self._alone[1]
        if not self.is_folding:
            return len(self._index)
        return len(self._index) + 1 if self.is_open else self._start + 1 + self._kept_rows[1]

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""
        if self.only is not None:
            first, count = self._alone
            return self._index.at(first + row if row < count else len(self._index))
        start = self._start if self.is_folding else row + 1
        if row < start:
            return self._index.at(row)
        if row == start:
            return ENDED_RUNS
        first, count = self._below
        if row - start > count:
            raise IndexError(row)
        return self._index.at(first + row - start - 1)

    def row_of(self, row_id: str) -> int | None:
        """The row of a task, or of the fold; None if it has none."""
        if row_id == ENDED_RUNS:
            return self._start if self.is_folding else None
        row = self._index.row_of(row_id)
        if row is not None and self.only is not None:
            first, count = self._alone
            return row - first if first <= row < first + count else None
        if row is None or not self.is_folding or row < self._start:
            return row
        first, count = self._below
        return self._start + 1 + row - first if first <= row < first + count else None

    @property
    def _alone(self) -> tuple[int, int]:
        """The first row in the tree of the run that is shown alone, and how many it has."""
        node = self._index.node(self.only or "")
        return self._index.span_of(node) if node is not None and node.parent is None else (0, 0)

    @property
    def _start(self) -> int:
        """The row of the fold."""
        return self._index.span_of(self._index.tops[self._index.first_ended])[0]

    @property
    def _below(self) -> tuple[int, int]:
        """The first of the rows in the tree that are shown below the fold, and how many there are."""
        start = self._start
        return (start, len(self._index) - start) if self.is_open else self._kept_rows

    @property
    def _kept_rows(self) -> tuple[int, int]:
        kept = self._index.node(self.kept) if self.kept is not None else None
        return self._index.span_of(kept) if kept is not None and kept.parent is None and kept.over else (0, 0)
