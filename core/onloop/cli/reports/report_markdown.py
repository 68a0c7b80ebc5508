"""A report as Markdown. What somebody else wrote is in code spans, where nothing is markup, a mention or a link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onloop.cli.reports.report_document import Column, ReportDocument, ReportFact, ReportTable, Row
from onloop.text import safe
from onloop.times import second_words
from onloop.views.reporting.open_counts import Burndown
from onloop.views.reporting.text_chart import HELD_LEGEND, chart_rows

_HEIGHT = 6
_FENCES = re.compile("`+")
_OWN = re.compile(r"([\\`*_\[\]<>#|~&])")


def markdown_pieces(document: ReportDocument) -> Iterator[str]:
    """The report, line by line, each with its end."""
    yield f"# {code(document.title)}\n\n"
    for fact in document.facts:
        yield f"- {fact.label}: {_fact(fact)}\n"
    yield from _chart(document.burndown)
    for table in document.tables:
        yield from _table(table)
    if closing := document.closing():
        yield f"\n{own(closing)}\n"


def code(text: str) -> str:
    """Foreign text as a code span of one line. `|` would end a cell even there, and is shown as `¦`."""
    shown = safe(text).replace("|", "¦").strip()
    if not shown:
        return ""
    fence = "`" * (max((len(run) for run in _FENCES.findall(shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def own(text: str) -> str:
    """Words of ours, without anything that would be markup."""
    return _OWN.sub(r"\\\1", safe(text))


def _fact(fact: ReportFact) -> str:
    return own(fact.words) if fact.own else code(fact.words)


def _chart(burndown: Burndown) -> Iterator[str]:
    rows = chart_rows(burndown.points, len(burndown.points), _HEIGHT)
    if not rows:
        return
    first, last = burndown.points[0], burndown.points[-1]
    yield "\n## Open tasks\n\n```text\n"
    yield from (f"{row.rstrip()}\n" for row in rows)
    yield f"{first.open} open at {second_words(first.at)}, {last.open} at {second_words(last.at)}\n"
    yield f"{HELD_LEGEND}\n" if any(point.held for point in burndown.points) else ""
    yield "```\n"


def _table(table: ReportTable) -> Iterator[str]:
    yield f"\n## {table.title}\n\n"
    is_first = True
    for row in table.rows():
        if is_first:
            yield f"| {' | '.join(column.name for column in table.columns)} |\n"
            yield f"| {' | '.join('---:' if column.is_number else '---' for column in table.columns)} |\n"
            is_first = False
        yield _row(table.columns, row)
    if is_first:
        yield f"{table.empty}\n"


def _row(columns: tuple[Column, ...], row: Row) -> str:
    cells = (own(cell) if column.own else code(cell) for column, cell in zip(columns, row, strict=True))
    return f"| {' | '.join(cells)} |\n"
