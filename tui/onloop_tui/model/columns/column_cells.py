"""Rows and headings in the columns that a person chose: what has no room is left out from the right, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from onloop.records import replace
from onloop.views.task_columns import COLUMNS, OTHER_WAY, ColumnRow, TaskColumn, left_out_words
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.drawing.terminal_text import fit, safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted

_GAP = " "
_MOST_CHARACTERS = 400
"""How much of a cell is looked at: a title may be huge."""
LEAST_NAME, MOST_NAME = 10, 60


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """The columns that fit a width beside what each row begins with, and what all rows share.

    `name` is the room for the row's name, which comes before the columns.
    """

    columns: tuple[TaskColumn, ...]
    name: int
    left_out: int = 0
    shared: Mapping[str, str] = field(default_factory=dict)

    def cells(self, row: ColumnRow) -> Line:
        """The cells of a row."""
        return tuple(span for each in self.columns for span in (Span(_GAP), _cell(each, row)))

    def heading(self, order: str) -> Line:
        """The names of the columns; the one that rows are ordered by has an arrow."""
        return tuple(span for each in self.columns for span in (Span(_GAP), _head(each, order)))


def planned(wanted: RowArrangement, room: int, shared: Mapping[str, str]) -> ColumnPlan:
    """The columns that fit into `room`, which the row's name shares with them."""
    names = [name for name in wanted.columns if name not in shared]
    left, columns = room - LEAST_NAME, list[TaskColumn]()
    for name in names:
        if left - COLUMNS[name].width < 1 and columns:
            break
        fitting = replace(COLUMNS[name], width=max(1, min(COLUMNS[name].width, left - 1)))  # one is always shown
        columns.append(fitting)
        left -= fitting.width + len(_GAP)
    taken = sum(each.width + len(_GAP) for each in columns)
    return ColumnPlan(tuple(columns), max(1, min(MOST_NAME, room - taken)), len(names) - len(columns), shared)


def arranged_line(lead: Line, plan: ColumnPlan, row: ColumnRow, width: int) -> Line:
    """A row: what it begins with, and its cells."""
    return fitted((*lead, *plan.cells(row)), width)


def title_lines(wanted: RowArrangement, plan: ColumnPlan | None, width: int) -> tuple[Line, ...]:
    """What is said above the rows: their order, what all of them share, and what has no room; nothing of none."""
    pieces: list[Line] = []
    if plan is not None and plan.left_out:  # first: it is short, and is what a narrow line must not lose
        pieces.append((Span(left_out_words(plan.left_out), Tone.WARN),))
    if wanted.order:
        pieces.append((Span("order ", Tone.ACCENT), Span(wanted.words)))
    if plan is not None and plan.shared:
        told = (f"{name} {value or 'none'}" for name, value in plan.shared.items())
        pieces.append((Span("in every row ", Tone.ACCENT), Span(" · ".join(safe(each, 80) for each in told))))
    if wanted.order:
        pieces.append((Span("R applies it again", Tone.DIM),))
    if not pieces:
        return ()
    return (fitted(tuple(span for piece in pieces for span in (Span("  "), *piece)), width),)


def _cell(each: TaskColumn, row: ColumnRow) -> Span:
    words = each.words(row)[:_MOST_CHARACTERS]
    tone = Tone.UNTRUSTED if each.is_foreign else Tone.PLAIN
    return _right(words, each.width, tone) if each.is_number else column(words, each.width, tone)


def _head(each: TaskColumn, order: str) -> Span:
    here = order.removeprefix(OTHER_WAY) == each.name
    arrow = ("▴" if order.startswith(OTHER_WAY) else "▾") if here else ""
    name = fit(each.name, each.width - len(arrow)) + arrow
    tone = Tone.STRONG if here else Tone.DIM
    return _right(name, each.width, tone) if each.is_number else column(name, each.width, tone)


def _right(words: str, width: int, tone: Tone) -> Span:
    cut = column(words, width).text.rstrip()
    return Span(cut.rjust(width), tone)
