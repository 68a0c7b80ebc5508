"""The lines around the views: header, what is broken, what was just said, a note, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onloop_tui.bindings import VIEWS, Where
from onloop_tui.feed import StoreLost
from onloop_tui.model.chrome.header import header_lines, since_words
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, flowed, hanging
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.session import Session

TABS = {where: f"{number} {where.name.capitalize()}" for number, where in enumerate(VIEWS, 1)}
"""What a view is called in the header, its number key before its name."""
MADE_FOR = (80, 24)
"""The smallest terminal in which everything has its place."""
LEAST = (40, 10)
"""In a smaller one nothing is shown but what is needed."""
_WARNING: Line = (Span("⚠ ", Tone.WARN),)
_MOST_TROUBLES = 4


@dataclass(slots=True)
class ScreenChrome:
    """What is to be said around the views. `lost` is why there is no store, `troubles` are broken files."""

    session: Session
    looked_at: Callable[[], int]
    note: str
    lost: str = ""
    has_read: bool = False
    status: Line = ()
    troubles: tuple[str, ...] = ()

    def seen(self) -> None:
        """The store was read."""
        self.lost, self.has_read = "", True

    def lose(self, news: StoreLost) -> None:
        """The store cannot be read any more."""
        self.lost = f"store lost since {since_words(news.since)}: {news.words}"

    def header(self, snapshot: Snapshot, views: Sequence[Where], front: Where, width: int) -> tuple[Line, ...]:
        """The first lines."""
        return header_lines(
            snapshot,
            lost=self.lost or ("" if self.has_read else "reading the store …"),
            age_ms=self.session.clock() - self.looked_at(),
            labels=("advisory", *(("read-only",) if self.session.read_only else ())),
            tabs=tuple((TABS[where], where is front) for where in views),
            width=width,
        )

    def trouble_lines(self, width: int) -> tuple[Line, ...]:
        """Files that are broken."""
        lines = [shown for words in self.troubles for shown in hanging(_WARNING, words, width, Tone.WARN)]
        return tuple(lines[:_MOST_TROUBLES])

    def status_lines(self, width: int) -> tuple[Line, ...]:
        """What was just said."""
        return (fitted(self.status, width),) if self.status else ()

    def note_lines(self, size: tuple[int, int], width: int) -> tuple[Line, ...]:
        """What whoever opened the dashboard has to say, or that the terminal is too small for it."""
        if size[0] < MADE_FOR[0] or size[1] < MADE_FOR[1]:
            words = f"{size[0]}×{size[1]} is small: made for {MADE_FOR[0]}×{MADE_FOR[1]} and more"
            return (fitted((Span(words, Tone.WARN),), width),)
        return hanging((), self.note, width, Tone.DIM) if self.note else ()

    def small_lines(self, size: tuple[int, int]) -> tuple[Line, ...]:
        """What stands in the place of everything where there is no room for it."""
        words = f"onloop needs {MADE_FOR[0]}×{MADE_FOR[1]}, this terminal has {size[0]}×{size[1]}; all is kept"
        return hanging((), words, max(1, size[0]), Tone.WARN)

    def why_not_decide(self, size: tuple[int, int]) -> str:
        """Why nothing can be decided now; empty where it can."""
        if self.lost:
            return "nothing can be decided while the store is lost; it is looked for all the time"
        if size[0] < LEAST[0] or size[1] < LEAST[1]:
            return "nothing can be decided where it cannot be seen"
        return ""

    def footer(self, here: Where, width: int) -> tuple[Line, ...]:
        """The keys that matter here."""
        keys = [key for key in self.session.settings.keys if here in key.footer]
        return flowed([(Span(key.shown, Tone.STRONG), Span(f" {key.word}", Tone.DIM)) for key in keys], width, 1)
