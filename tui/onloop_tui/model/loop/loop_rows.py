"""The figures of the loop as rows: what is said first, then each table with its title and the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from onloop.insight.measures.loop_figures import FindingKind, LoopFigures
from onloop.insight.measures.loop_tables import FINDING_WORDS, CellShape, LoopColumn, LoopTable, facts_of, tables_of
from onloop_tui.model.drawing.terminal_text import cells, fit, safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, heading, line

_GAP, _LEAST_WORDS, _WIDEST_NUMBER = 2, 26, 16
_LONGEST_CELL = 400
"""How many characters of a cell are looked at."""
_TONES: Mapping[str, Tone] = {
    FINDING_WORDS[FindingKind.RUBBER_STAMP]: Tone.WARN,
    FINDING_WORDS[FindingKind.FLAKY]: Tone.WARN,
}


class LoopRowKind(Enum):
    """What a row is."""

    FACT = "fact"
    TITLE = "title"
    NAMES = "names"
    CELLS = "cells"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class LoopRow:
    """A row under an id that stays the same while its figures change; `table` is that of which it is a row."""

    id: str
    kind: LoopRowKind
    cells: tuple[str, ...]
    table: LoopTable | None = None

    @property
    def is_finding(self) -> bool:
        """Whether it is something that deserves a look."""
        return self.kind is LoopRowKind.CELLS and self.table is not None and self.table.key == "findings"

    @property
    def example(self) -> str:
        """The task that it gives as an example; empty if it gives none."""
        is_call = self.kind is LoopRowKind.CELLS and self.table is not None and self.table.key == "idle_calls"
        return self.cells[-1] if is_call else ""


def loop_rows(figures: LoopFigures) -> tuple[LoopRow, ...]:
    """All rows, in order."""
    facts = (LoopRow(f"fact {label}", LoopRowKind.FACT, (label, words)) for label, words in facts_of(figures))
    return (*facts, *(row for table in tables_of(figures) for row in _of_table(table)))


def _of_table(table: LoopTable) -> Iterator[LoopRow]:
    yield LoopRow(f"{table.key} title", LoopRowKind.TITLE, (table.title, table.about), table)
    rows = list(table.shown())
    if not rows:
        yield LoopRow(f"{table.key} empty", LoopRowKind.EMPTY, (table.empty,), table)
        return
    yield LoopRow(f"{table.key} names", LoopRowKind.NAMES, tuple(each.name for each in table.columns), table)
    seen: set[str] = set()
    for shown in rows:
        words = [cell for cell, each in zip(shown, table.columns, strict=True) if each.shape is CellShape.WORDS]
        name = f"{table.key} {' · '.join(words[:2]) or shown[0]}"
        number = next(n for n in range(len(rows)) if f"{name} {n}" not in seen)
        seen.add(f"{name} {number}")
        yield LoopRow(f"{name} {number}", LoopRowKind.CELLS, shown, table)


def loop_line(row: LoopRow, width: int) -> Line:
    """A row, `width` columns wide at most."""
    match row.kind:
        case LoopRowKind.FACT:
            return fitted((column(row.cells[0], 13, Tone.DIM), Span(row.cells[1])), width)
        case LoopRowKind.TITLE:
            return heading(row.cells[0], width)
        case LoopRowKind.EMPTY:
            return line(row.cells[0], Tone.DIM)
        case LoopRowKind.NAMES | LoopRowKind.CELLS:
            return fitted(_in_columns(row, width), width)


def loop_detail(row: LoopRow) -> str:
    """A row whole, in words: what each figure is."""
    if row.table is None:
        return ": ".join(row.cells)
    if row.kind is not LoopRowKind.CELLS:
        return f"{row.table.title}: {row.table.about}"
    told = (f"{each.name} {safe(cell)}" for each, cell in zip(row.table.columns, row.cells, strict=True))
    return f"{' · '.join(told)} ({row.table.about})"


def _in_columns(row: LoopRow, width: int) -> Line:
    table = row.table
    if table is None:
        return ()
    widths = column_widths(table, width)
    spans = (
        _cell(each, cell, wide, is_name=row.kind is LoopRowKind.NAMES)
        for each, cell, wide in zip(table.columns, row.cells, widths, strict=False)
    )
    left = (Span(" …", Tone.DIM),) if len(widths) < len(table.columns) else ()
    return (*spans, *left)


def column_widths(table: LoopTable, width: int) -> tuple[int, ...]:
    """How wide the columns are that there is room for, in order: numbers as wide as they are, words share the rest."""
    rows = list(table.shown())
    natural = [_natural(table.columns[i], [row[i] for row in rows]) for i in range(len(table.columns))]
    numbers = [wide for wide, each in zip(natural, table.columns, strict=True) if each.shape is not CellShape.WORDS]
    words = [wide for wide, each in zip(natural, table.columns, strict=True) if each.shape is CellShape.WORDS]
    share = max(_LEAST_WORDS, (width - 2 - sum(numbers)) // len(words)) if words else 0
    spare = max(0, share * len(words) - sum(min(share, wide) for wide in words))
    wanted = [
        wide if each.shape is not CellShape.WORDS else min(wide, share + spare)
        for wide, each in zip(natural, table.columns, strict=True)
    ]
    kept: list[int] = []
    for wide in wanted:
        if kept and sum(kept) + wide > width - 2 and len(kept) < len(wanted):
            room = width - 2 - sum(kept)
            return (*kept, room) if room >= _LEAST_WORDS and len(kept) == len(wanted) - 1 else tuple(kept)
        kept.append(wide)
    return tuple(kept)


def _natural(named: LoopColumn, shown: Sequence[str]) -> int:
    widest = max((cells(safe(cell, _LONGEST_CELL)) for cell in (named.name, *shown)), default=0)
    return (min(widest, _WIDEST_NUMBER) if named.shape is not CellShape.WORDS else widest) + _GAP


def _cell(named: LoopColumn, cell: str, wide: int, *, is_name: bool) -> Span:
    room = max(1, wide - _GAP)
    shown = fit(safe(cell, _LONGEST_CELL), room)
    pad = " " * (room - cells(shown))
    text = f"{shown}{pad}" if named.shape in {CellShape.WORDS, CellShape.DAY} else f"{pad}{shown}"
    if is_name:
        return Span(f"{text}{' ' * _GAP}", Tone.DIM)
    tone = _TONES.get(cell, Tone.PLAIN) if named.own else Tone.UNTRUSTED
    return Span(f"{text}{' ' * _GAP}", tone)
