"""The figures of the loop as CSV: a row for each figure. What was not seen is empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from onloop.cli.reports.report_csv import harmless
from onloop.insight.measures.loop_figures import LoopFigures
from onloop.insight.measures.loop_tables import Cell, CellShape, LoopTable, facts_of, shown, tables_of
from onloop.insight.measures.samples import Spread


def csv_lines(figures: LoopFigures) -> Iterator[str]:
    """The header, then a row for each figure: medians in ms, with of how many."""
    yield _line("table", "of", "figure", "value", "count")
    for label, words in facts_of(figures):
        yield _line("facts", "", label, words, "")
    for table in tables_of(figures):
        yield from _lines_of(table)


def _lines_of(table: LoopTable) -> Iterator[str]:
    for row in table.rows:
        cells = list(zip(table.columns, row, strict=True))
        named = " · ".join(shown(cell, column.shape) for column, cell in cells if _is_name(column.shape))
        for column, cell in cells:
            if not _is_name(column.shape):
                yield _line(table.key, named, column.name, *_value(cell))
        if all(_is_name(column.shape) for column in table.columns):
            yield _line(table.key, named, "", "", "")


def _is_name(shape: CellShape) -> bool:
    return shape in {CellShape.WORDS, CellShape.DAY}


def _value(cell: Cell) -> tuple[str, str]:
    if isinstance(cell, Spread):
        return ("" if cell.median is None else str(cell.median), str(cell.count) if cell.count else "")
    return ("" if cell is None else str(cell), "")


def _line(*cells: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(map(harmless, cells))
    return out.getvalue()
