"""A timeline as lines: a row for each visit of a step, each gate or each task, a cell for so much time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from onloop.attention.groups import age
from onloop.machine.evidence import Verdict
from onloop.times import time_words
from onloop.views.reporting.timelines import SpentTime, Timeline, TimelineRow
from onloop.views.time_kinds import (
    AT_WORK,
    CHILDREN,
    EFFECTS,
    FOR_AGENTS,
    FOR_PEOPLE,
    GATES,
    OTHERS,
    STOPPED,
    TIMES,
)
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, flowed, line, spread

_SHAPES: Mapping[str, tuple[str, Tone]] = {
    FOR_PEOPLE: ("◆", Tone.ACCENT),
    AT_WORK: ("█", Tone.PLAIN),
    GATES: ("▒", Tone.PLAIN),
    EFFECTS: ("▚", Tone.PLAIN),
    CHILDREN: ("░", Tone.PLAIN),
    FOR_AGENTS: ("·", Tone.DIM),
    STOPPED: ("‖", Tone.WARN),
    OTHERS: ("~", Tone.DIM),
}
"""A shape and a tone for what time goes to; only waiting for people has the accent."""
_VERDICTS: Mapping[Verdict, tuple[str, Tone]] = {
    Verdict.PASS: ("✓", Tone.GOOD),
    Verdict.FAIL: ("✗", Tone.BAD),
}
_NAME, _WIDE_NAME, _ROOMY = 22, 34, 110
_TIME = 9
_LEAST_BAR = 10


def gantt_lines(timeline: Timeline, width: int) -> tuple[Line, ...]:
    """The times at both ends, the rows, and what the shapes mean; how many rows were left out is said."""
    if not timeline.rows:
        return (line("nothing of it took any time yet", Tone.DIM),)
    name = _WIDE_NAME if width >= _ROOMY else _NAME
    bar = max(_LEAST_BAR, width - name - _TIME - 2)
    lines = [_axis(timeline, name, bar)]
    if timeline.more:
        lines.append(line(f"{timeline.more:,} rows are not drawn", Tone.WARN))
    lines += [_row(row, timeline, name, bar) for row in timeline.rows]
    return (*(fitted(each, width) for each in lines), line(""), *_legend(timeline, width))


def _axis(timeline: Timeline, name: int, bar: int) -> Line:
    began = Span(time_words(timeline.began, timeline.until), Tone.DIM)
    ended = Span(time_words(timeline.until, timeline.until), Tone.DIM)
    return (Span(" " * name), *spread((began,), (ended,), bar), Span(age(timeline.span_ms).rjust(_TIME), Tone.DIM))


def _row(row: TimelineRow, timeline: Timeline, name: int, bar: int) -> Line:
    took = sum((timeline.until if span.until is None else span.until) - span.since for span in row.spans)
    return (*_name(row, name), *_bar(row.spans, timeline, bar), Span(" "), Span(age(took).rjust(_TIME - 1)))


def _name(row: TimelineRow, width: int) -> Line:
    if row.gate:
        shape, tone = _VERDICTS.get(row.verdict, ("!", Tone.WARN)) if row.verdict is not None else ("◐", Tone.PLAIN)
        return (Span("   "), Span(f"{shape} ", tone), column(row.name, width - 6, Tone.DIM), Span(" "))
    if row.task:
        return (column(row.task, 11), Span(" "), column(row.name, width - 13, Tone.UNTRUSTED), Span(" "))
    again = f" ({row.visit})" if row.visit > 1 else ""
    return (column(f"{row.name}{again}", width - 1, Tone.STRONG), Span(" "))


def _bar(spans: Sequence[SpentTime], timeline: Timeline, width: int) -> Line:
    """A cell has what most of its time went to; what lasted for less than a cell still gets one where it is free."""
    shares: list[Counter[str]] = [Counter() for _ in range(width)]
    for span in spans:
        until = timeline.until if span.until is None else span.until
        first, last = (_place(at, timeline, width) for at in (span.since, until))
        for cell in range(int(first), min(width, int(last) + 1)):
            share = min(last, cell + 1) - max(first, cell)
            shares[cell][span.kind] += max(1, round(1_000 * share))
    kinds = [max(share, key=share.__getitem__) if share else "" for share in shares]
    return _runs(kinds)


def _place(at: int, timeline: Timeline, width: int) -> float:
    return min(max(0, at - timeline.began) * width / timeline.span_ms, width - 1e-6)


def _runs(kinds: Sequence[str]) -> Line:
    """Cells of one kind that follow each other as one span."""
    spans: list[Span] = []
    for kind in kinds:
        shape, tone = _SHAPES.get(kind, (" ", Tone.DIM))
        if spans and spans[-1].tone is tone and spans[-1].text[-1] == shape:
            spans[-1] = Span(spans[-1].text + shape, tone)
        else:
            spans.append(Span(shape, tone))
    return tuple(spans)


def _legend(timeline: Timeline, width: int) -> tuple[Line, ...]:
    """What the shapes mean, with how long each was in all."""
    totals: Counter[str] = Counter()
    for row in timeline.rows:
        if not row.gate:
            for span in row.spans:
                totals[span.kind] += (timeline.until if span.until is None else span.until) - span.since
    pieces: list[Line] = [
        (Span(f"{_SHAPES[kind][0]} ", _SHAPES[kind][1]), Span(f"{kind} {age(totals[kind])}"))
        for kind in TIMES
        if totals[kind]
    ]
    return flowed(pieces, width, 3) if pieces else ()
