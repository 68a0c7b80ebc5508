"""The progress of a run: a bar, the counts in words, and an estimate of the time left if there is one."""

from __future__ import annotations

from onloop.attention.groups import age
from onloop_tui.model.drawing.terminal_text import fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, flowed, spread
from onloop_tui.model.fleet.matrix import RunCounts

_BAR, _WIDE_BAR, _ROOMY = 16, 32, 110


def title_line(run: str, title: str, workflow: str, place: str, width: int) -> Line:
    """The run's id, title and workflow, and its position among the runs."""
    left = (Span("run ", Tone.DIM), Span(f"{run}  ", Tone.STRONG), Span(title, Tone.UNTRUSTED))
    return spread((*left, Span(f"  {fit(workflow, 40)}", Tone.DIM)), (Span(place, Tone.DIM),), width)


def burndown_lines(counts: RunCounts, rate: float | None, width: int) -> tuple[Line, ...]:
    """The bar, the counts, and the time left at the rate of the last minutes."""
    causes = f" in {counts.causes} cause{'s' if counts.causes != 1 else ''}"
    blocked = f" (blocked {counts.blocked}{causes})" if counts.blocked else ""
    parts = (
        (counts.done, f"done {counts.done}", Tone.GOOD),
        (counts.needs_you, f"needs you {counts.needs_you}{blocked}", Tone.ACCENT),
        (counts.for_others, f"{counts.for_others} for others", Tone.PLAIN),
        (counts.hidden, f"{counts.hidden} hidden", Tone.WARN),
        (counts.stalled, f"stalled {counts.stalled}", Tone.WARN),
        (counts.running, f"working {counts.running}", Tone.PLAIN),
        (counts.waiting, f"waiting {counts.waiting}", Tone.PLAIN),
        (counts.excluded, f"excluded {counts.excluded}", Tone.DIM),
        (counts.ended_otherwise, f"ended otherwise {counts.ended_otherwise}", Tone.WARN),
    )
    pieces: list[Line] = [(Span(words, tone),) for count, words, tone in parts if count]
    pieces.append((Span(f"{counts.total} in all", Tone.DIM),))
    if (left := _left(counts, rate)) is not None:
        pieces.append((Span(left, Tone.DIM),))
    bar = _bar(counts, _WIDE_BAR if width >= _ROOMY else _BAR)
    return flowed([(*bar, Span(" "), *pieces[0]), *pieces[1:]], width, 2)


def _left(counts: RunCounts, rate: float | None) -> str | None:
    moving = counts.running + counts.waiting
    if rate is None or not moving:
        return None
    which = f" for the {moving} that move" if counts.stuck else ""
    return f"about {age(round(moving / rate))} left{which}, at {rate * 60_000:.1f} a minute"


def _bar(counts: RunCounts, width: int) -> Line:
    """A bar with a shape per part: done █, gone ▚, stuck ▓, running ▒, waiting ░; parts above zero get a cell."""
    gone = counts.excluded + counts.ended_otherwise
    parts = (
        (counts.done, "█", Tone.GOOD),
        (gone, "▚", Tone.WARN),
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
