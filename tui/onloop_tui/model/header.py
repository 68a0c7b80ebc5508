"""The first line: what waits, what runs, and how old and how trustworthy the data is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from onloop_tui.model.lines import Line, Span, Tone, flowed
from onloop_tui.model.snapshot import Snapshot


def header_lines(snapshot: Snapshot, *, lost: str, age_ms: int, labels: Sequence[str], width: int) -> tuple[Line, ...]:
    """Counts, freezes, labels and the age of the data; a lost store is said first."""
    counts = snapshot.counts
    causes = f" in {counts.causes} cause{'s' if counts.causes != 1 else ''}" if counts.causes else ""
    needs = Tone.ACCENT if counts.needs_you else Tone.PLAIN
    pieces: list[Line] = [(Span("onloop", Tone.STRONG),)]
    if lost:
        pieces.append((Span(f"⚠ {lost}", Tone.BAD),))
    pieces += _freezes(snapshot)
    pieces += [
        (Span(f"needs you {counts.needs_you}", needs),),
        (Span(f"blocked {counts.blocked}{causes}", Tone.BAD if counts.blocked else Tone.PLAIN),),
        (Span(f"running {counts.running}"),),
        (Span(f"ready {counts.ready}"),),
        (Span(f"done {counts.done}"),),
        *((Span(label, Tone.WARN),) for label in labels),
        (Span(f"data {age_words(age_ms)} old", Tone.BAD if lost else Tone.DIM),),
    ]
    return flowed(pieces, width, 3 if lost else 2)


def _freezes(snapshot: Snapshot) -> list[Line]:
    scopes = sorted(snapshot.house.freezes)
    more = f" and {len(scopes) - 1} more" if len(scopes) > 1 else ""
    return [(Span(f"⚠ frozen: {scopes[0]}{more}", Tone.WARN),)] if scopes else []


def age_words(elapsed_ms: int) -> str:
    """Seconds with a tenth, so that it can be seen to live."""
    return f"{max(0, elapsed_ms) / 1000:.1f} s"


def since_words(at: int) -> str:
    """A moment as people read it: the time of day, UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S UTC")
