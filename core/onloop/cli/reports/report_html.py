"""A report as one HTML file that needs nothing else: no script, no address, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from onloop.cli.reports.report_document import Column, ReportDocument, ReportTable, Row
from onloop.text import safe
from onloop.times import second_words
from onloop.views.reporting.open_counts import Burndown, OpenCount

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --dim: #59636e; --line: #d1d9e0; --mark: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --dim: #9198a1; --line: #3d444d; --mark: #4493f8; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt, th, caption { color: var(--dim); font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: 12rem; border: 1px solid var(--line); }
svg .open { fill: none; stroke: var(--mark); stroke-width: 2; vector-effect: non-scaling-stroke; }
svg .held { fill: var(--dim); opacity: .2; }
.note { color: var(--dim); }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --dim: #444; --line: #bbb; --mark: #000; }
  body { max-width: none; margin: 0; font-size: 10pt; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
}
"""
_WIDE, _HIGH = 1000, 200


def html_pieces(document: ReportDocument) -> Iterator[str]:
    """The file, piece by piece."""
    title = told(document.title)
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n"
    for fact in document.facts:
        yield f"<dt>{told(fact.label)}</dt><dd>{told(fact.words)}</dd>\n"
    yield "</dl>\n"
    yield from _chart(document.burndown)
    for table in document.tables:
        yield from _table(table)
    if closing := document.closing():
        yield f'<p class="note">{told(closing)}</p>\n'
    yield "</body>\n</html>\n"


def told(text: str) -> str:
    """Text of one line in which nothing is markup, and nothing is invisible."""
    return escape(safe(text), quote=True)


def _table(table: ReportTable) -> Iterator[str]:
    yield f"<h2>{told(table.title)}</h2>\n"
    is_first = True
    for row in table.rows():
        if is_first:
            names = "".join(f'<th scope="col"{_kind(column)}>{told(column.name)}</th>' for column in table.columns)
            yield f"<table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n"
            is_first = False
        yield _row(table.columns, row)
    yield f'<p class="note">{told(table.empty)}</p>\n' if is_first else "</tbody>\n</table>\n"


def _row(columns: tuple[Column, ...], row: Row) -> str:
    cells = (f"<td{_kind(column)}>{told(cell)}</td>" for column, cell in zip(columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>\n"


def _kind(column: Column) -> str:
    return ' class="n"' if column.is_number else ""


# -- the burndown


def _chart(burndown: Burndown) -> Iterator[str]:
    points = burndown.points
    if len(points) < 2:
        return
    first, last = points[0], points[-1]
    long, most = max(1, last.at - first.at), max(1, *(point.open for point in points))

    def across(at: int) -> int:
        return round((at - first.at) * _WIDE / long)

    def down(point: OpenCount) -> int:
        return _HIGH - round(point.open * _HIGH / most)

    words = f"{first.open} open at {second_words(first.at)}, {last.open} at {second_words(last.at)}"
    yield f'<h2>Open tasks</h2>\n<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" role="img">\n'
    yield f"<title>{told(words)}</title>\n"
    for gap in burndown.gaps:
        left = across(max(gap.since, first.at))
        right = across(min(gap.until if gap.until is not None else last.at, last.at))
        yield f'<rect class="held" x="{left}" y="0" width="{max(1, right - left)}" height="{_HIGH}"/>\n'
    line = " ".join(f"{across(point.at)},{down(point)}" for point in points)
    yield f'<polyline class="open" points="{line}"/>\n</svg>\n<p class="note">{told(words)}'
    yield "; shaded: it stood still</p>\n" if burndown.gaps else "</p>\n"
