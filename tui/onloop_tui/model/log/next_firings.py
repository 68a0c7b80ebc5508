"""What begins next by the clock, in a line: nothing where nothing is scheduled."""

from __future__ import annotations

from onloop.machine.schedules import KnownSchedule, Schedules
from onloop.schedules.planned_times import next_time, put_off_by
from onloop.text import safe
from onloop.times import time_words
from onloop.workflow.zones import zone_named
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted

MOST_NAMED = 3
"""How many schedules the line names; the rest are counted."""

_MINUTE_MS = 60_000


def firing_lines(schedules: Schedules, now: int, width: int) -> tuple[Line, ...]:
    """The soonest firings at `now` (ms), each in the wall clock of its own zone, and how many schedules are paused."""
    if not schedules:
        return ()
    live = [known for known in schedules.values() if not known.is_paused]
    soon = sorted((at, known.schedule.name) for known in live if (at := _next(known, now)) is not None)
    spans = [Span("begins next: " if soon else "nothing begins by the clock ", Tone.DIM)]
    for number, (at, name) in enumerate(soon[:MOST_NAMED]):
        zone = zone_named(schedules[name].schedule.zone)
        spans += [Span(" · " * bool(number), Tone.DIM), Span(f"{safe(name, 40)} "), Span(time_words(at, now, zone))]
    more, paused = len(soon) - MOST_NAMED, len(schedules) - len(live)
    words = [f"{more} more"] * (more > 0) + [f"{paused} paused"] * bool(paused)
    spans += [Span(f" · {each}", Tone.DIM) for each in words]
    return (fitted(tuple(spans), width),)


def _next(known: KnownSchedule, now: int) -> int | None:
    """When a schedule fires next after this minute (ms)."""
    schedule = known.schedule
    planned = next_time(schedule.cron, schedule.zone, now // _MINUTE_MS * _MINUTE_MS)
    return None if planned is None else planned + put_off_by(schedule.name, planned, schedule.jitter_ms)
