"""The figures of the loop for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.cli.output import columns
from onloop.cli.reports.report_markdown import code, own
from onloop.insight.measures.loop_figures import LoopFigures
from onloop.insight.measures.loop_tables import CellShape, LoopTable, facts_of, tables_of
from onloop.text import fit, safe

_LONGEST = 70
"""How many columns a cell of foreign words has in a terminal."""


def text_lines(figures: LoopFigures) -> Iterator[str]:
    """The figures, safe to print."""
    facts = list(facts_of(figures))
    wide = max(len(label) for label, _ in facts)
    for label, words in facts:
        yield f"{label:<{wide}}  {words}"
    for table in tables_of(figures):
        yield ""
        yield f"{table.title} ({table.about})"
        rows = [_fitted(row) for row in table.shown()]
        header = tuple(column.name.upper() for column in table.columns)
        yield from columns(rows, header=header) if rows else (table.empty,)


def markdown_lines(figures: LoopFigures) -> Iterator[str]:
    """The figures as Markdown. What somebody else wrote is in code spans."""
    yield "# The loop"
    yield ""
    for label, words in facts_of(figures):
        yield f"- {label}: {own(words)}"
    for table in tables_of(figures):
        yield ""
        yield f"## {table.title}"
        yield ""
        yield from _markdown_table(table)


def _fitted(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fit(safe(cell), _LONGEST) for cell in row)


def _markdown_table(table: LoopTable) -> Iterator[str]:
    rows = list(table.shown())
    if not rows:
        yield own(table.empty)
        return
    yield f"{own(table.about)}:"
    yield ""
    yield f"| {' | '.join(column.name for column in table.columns)} |"
    yield f"| {' | '.join('---' if column.shape is CellShape.WORDS else '---:' for column in table.columns)} |"
    for row in rows:
        cells = (own(cell) if column.own else code(cell) for column, cell in zip(table.columns, row, strict=True))
        yield f"| {' | '.join(cells)} |"
