"""What happened while the dashboard was stopped."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.attention.groups import age
from onloop_tui.model.drawing.text_line import Span, Tone
from onloop_tui.model.ground.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Absence:
    """How things stood at `since` (ms), when the person went away."""

    since: int
    seq: int
    needed: int

    @classmethod
    def begun(cls, at: int, snapshot: Snapshot) -> Absence:
        """The absence that begins at `at` (ms)."""
        return cls(at, snapshot.seq, snapshot.board.counts.needs_you)

    def told(self, now: int, snapshot: Snapshot) -> Span:
        """What happened until `now` (ms), of which `snapshot` knows."""
        events, needs = snapshot.seq - self.seq, snapshot.board.counts.needs_you
        away = f"back after {age(now - self.since)}"
        if events <= 0:
            return Span(f"{away}: nothing happened", Tone.DIM)
        if needs == self.needed:
            return Span(f"{away}: {events} events, and needs you {needs}, as before", Tone.DIM)
        return Span(f"{away}: {events} events, needs you {needs}, before {self.needed}", Tone.ACCENT)
