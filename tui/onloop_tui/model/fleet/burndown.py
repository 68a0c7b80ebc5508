"""How far a run is: a bar, the counts that add up to it, whom it needs, its open tasks over time, and its pace."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.views.reporting.fleet_class import FleetClass
from onloop.views.reporting.open_counts import Burndown
from onloop.views.reporting.pace import Estimate, rate_words
from onloop.views.reporting.report_records import RunHistory
from onloop.views.reporting.text_chart import HELD_LEGEND, chart_rows
from onloop.views.reporting.wave_lines import WaveLine, WaveState, strip_pieces
from onloop_tui.model.drawing.terminal_text import fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, flowed, line, spread
from onloop_tui.model.fleet.matrix import RunCounts

_BAR, _WIDE_BAR, _ROOMY = 16, 32, 110
_CHART, _WIDE_CHART, _HEIGHT = 24, 60, 4

_TONES: dict[FleetClass, Tone] = {
    FleetClass.DONE: Tone.GOOD,
    FleetClass.BLOCKED: Tone.BAD,
    FleetClass.FOR_PERSON: Tone.ACCENT,
    FleetClass.STALLED: Tone.WARN,
    FleetClass.EXCLUDED: Tone.DIM,
    FleetClass.ENDED_OTHERWISE: Tone.WARN,
}
"""The tones of counts that are not plain."""


def title_line(run: str, title: str, workflow: str, place: str, width: int) -> Line:
    """The run's id, title and workflow, and its position among the runs."""
    left = (Span("run ", Tone.DIM), Span(f"{run}  ", Tone.STRONG), Span(title, Tone.UNTRUSTED))
    return spread((*left, Span(f"  {fit(workflow, 40)}", Tone.DIM)), (Span(place, Tone.DIM),), width)


def burndown_lines(counts: RunCounts, width: int, most: int = 3) -> tuple[Line, ...]:
    """The bar, the counts of the classes, and whom those need that need a person, in at most so many lines."""
    pieces: list[Line] = [(Span(words, _TONES.get(name, Tone.PLAIN)),) for name, words in counts.classes.pieces]
    pieces.append((Span(f"{counts.total} in all", Tone.DIM),))
    whose = (
        (counts.needs_you, f"needs you {counts.needs_you}", Tone.ACCENT),
        (counts.for_others, f"{counts.for_others} for others", Tone.PLAIN),
        (counts.hidden, f"{counts.hidden} hidden", Tone.WARN),
    )
    pieces.extend((Span(words, tone),) for count, words, tone in whose if count)
    bar = _bar(counts, _WIDE_BAR if width >= _ROOMY else _BAR)
    return flowed([(*bar, Span(" "), *pieces[0]), *pieces[1:]], width, most)


_WAVE_TONES: dict[WaveState, Tone] = {
    WaveState.PASSED: Tone.GOOD,
    WaveState.ON: Tone.STRONG,
    WaveState.HALTED: Tone.BAD,
    WaveState.HELD: Tone.DIM,
}


def wave_strip(lines: Sequence[WaveLine], width: int) -> tuple[Line, ...]:
    """The waves of a fleet in one line, or two; none for a run without waves."""
    pieces: list[Line] = [(Span(words, _WAVE_TONES[state]),) for state, words in strip_pieces(lines)]
    if not pieces:
        return ()
    return flowed([(Span("waves ", Tone.DIM), *pieces[0]), *pieces[1:]], width, 2)


def pace_lines(history: RunHistory | None, told: Estimate, stuck: int, width: int) -> tuple[Line, ...]:
    """The open tasks over time beside the rate and the estimate; in a narrow terminal in one line, or two.

    Without a history their room is kept, so that nothing moves when it is there.
    """
    if history is None:
        return (line(""),) * (1 if width < _ROOMY else _HEIGHT)
    words = _pace_words(history, told, stuck)
    points = history.burndown.points
    if width < _ROOMY:
        (row,) = chart_rows(points, _CHART) or ("",)
        last = f" {points[-1].open} open" if points else ""
        chart: list[Line] = [(Span(row, Tone.DIM), Span(last))] if row else []
        return flowed([*chart, *((Span(each, Tone.DIM),) for each in words)], width, 2) if chart or words else ()
    rows = chart_rows(points, _WIDE_CHART, _HEIGHT)
    told_beside = (*_chart_words(history.burndown), *words)
    return tuple(
        fitted((Span("▕", Tone.DIM), Span(row, Tone.DIM), Span(f"  {_at(told_beside, i)}", Tone.DIM)), width)
        for i, row in enumerate(rows)
    )


def _at(words: tuple[str, ...], place: int) -> str:
    """The words beside a row; whatever is left over stands beside the last."""
    return " · ".join(words[place:]) if place == _HEIGHT - 1 else words[place] if place < len(words) else ""


def _chart_words(burndown: Burndown) -> tuple[str, ...]:
    points = burndown.points
    if not points:
        return ()
    held = f", {HELD_LEGEND}" if any(point.held for point in points) else ""
    return (f"open tasks: {max(point.open for point in points)} at most, {points[-1].open} now{held}",)


def _pace_words(history: RunHistory, told: Estimate, stuck: int) -> tuple[str, ...]:
    if history.ended is not None:
        return ()
    rate = rate_words(history.pace.rate)
    apart = f", {stuck} stuck apart" if stuck and not told.why_not else ""
    return (*([rate] if rate else []), *([f"{told.words}{apart}"] if told.words else []))


def _bar(counts: RunCounts, width: int) -> Line:
    """A bar with a shape per part: done █, gone ▚, stuck ▓, running ▒, waiting ░; parts above zero get a cell."""
    parts = (
        (counts.done, "█", Tone.GOOD),
        (counts.gone, "▚", Tone.WARN),
        (counts.stuck, "▓", Tone.BAD),
        (counts.running, "▒", Tone.PLAIN),
    )
    spans: list[Span] = []
    room = width
    for count, shape, tone in parts:
        if count:
            long = min(room, max(1, width * count // counts.total))
            spans.append(Span(shape * long, tone))
            room -= long
    filled = (*spans, Span("░" * room, Tone.DIM)) if counts.waiting else _stretched(spans, room)
    return (Span("▕", Tone.DIM), *filled, Span("▏", Tone.DIM))


def _stretched(spans: list[Span], room: int) -> Line:
    """Give the cells left over by rounding to the longest part."""
    if not spans:
        return (Span("░" * room, Tone.DIM),)
    longest = max(range(len(spans)), key=lambda i: len(spans[i].text))
    grown = Span(spans[longest].text + spans[longest].text[:1] * room, spans[longest].tone)
    return tuple(grown if i == longest else span for i, span in enumerate(spans))
