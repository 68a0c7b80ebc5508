"""The progress of the runs, one line each."""

from __future__ import annotations

from onloop.attention.scope import Whose, needs_you
from onloop.views.overview import FleetLine
from onloop_tui.model.drawing.terminal_text import fit
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, line
from onloop_tui.model.ground.snapshot import Snapshot

_ROOMY = 100
"""In at least this many columns, names and words are written in full."""


def fleet_lines(snapshot: Snapshot, width: int, most: int) -> tuple[Line, ...]:
    """One line per live run, newest first, at most `most`; the rest are counted."""
    live = [run for run in reversed(snapshot.overview.runs) if run.live]
    if len(live) <= most:
        return tuple(_progress(snapshot, run, width) for run in live)
    shown = tuple(_progress(snapshot, run, width) for run in live[: most - 1])
    return (*shown, line(f"… and {len(live) - len(shown)} more runs", Tone.DIM))


def _progress(snapshot: Snapshot, run: FleetLine, width: int) -> Line:
    root = snapshot.tasks.get(run.run)
    roomy = width >= _ROOMY
    whose = snapshot.needing(run.run)
    counts = [
        (run.done, "merged" if run.merged == run.done else "done", Tone.GOOD),
        (run.working, "working", Tone.PLAIN),
        (run.waiting, "waiting", Tone.PLAIN),
        (whose[Whose.YOU], needs_you(whose[Whose.YOU]).partition(" ")[2], Tone.ACCENT),
        (whose[Whose.OTHERS], "for others", Tone.PLAIN),
        (whose[Whose.HIDDEN], "hidden", Tone.WARN),
        (run.ended_otherwise, "ended otherwise" if roomy else "ended", Tone.WARN),
    ]
    parts = [Span(f"{count} {word}", tone) for count, word, tone in counts if count]
    pieces = [piece for span in parts for piece in (span, Span(" · ", Tone.DIM))]
    name = (Span(f"{fit(root.workflow if root else run.title, 24)} "),) if roomy else ()
    label = (*name, Span(f"{run.run[:12]} ", Tone.DIM))
    return fitted(
        (*label, *_bar(run, 12 if roomy else 5), Span(" "), *pieces, Span(f"{run.total} in all", Tone.DIM)), width
    )


def _bar(run: FleetLine, width: int) -> Line:
    ended = run.done + run.ended_otherwise
    full = width * ended // run.total if run.total else 0
    return (Span("▕", Tone.DIM), Span("█" * full, Tone.GOOD), Span("░" * (width - full), Tone.DIM), Span("▏", Tone.DIM))
