"""The lines around the views: header, broken files, the last notice, a note, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onloop.attention.viewer import SCOPE_WORDS, Scope, Viewer
from onloop.times import time_words
from onloop.views.work_warnings import SHAPE
from onloop_tui.bindings import VIEWS, Where, key_piece
from onloop_tui.feed import StoreLost
from onloop_tui.model.chrome.header import ONE_LINE, end_of, header_lines, run_labels, scope_labels
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, flowed, hanging, spread
from onloop_tui.model.ground.run_scope import RunScope
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.past.seen_moment import READ_ONLY
from onloop_tui.session import Session

TABS = {where: f"{number} {where.name.capitalize()}" for number, where in enumerate(VIEWS, 1)}
"""The label of each view in the header: its number key and its name."""
Tabs = Sequence[tuple[str, bool]]
"""Labels of views, and whether each is in front."""
MADE_FOR = (60, 15)
"""The smallest terminal that shows everything."""
LEAST = (40, 10)
"""The smallest terminal that shows anything but a message."""
_WARNING: Line = (Span(f"{SHAPE} ", Tone.WARN),)
_MOST_TROUBLES = 4


def turn_scope(session: Session, viewer: Viewer) -> str:
    """Show the next part of what needs people; the answer says which, or why there is only one."""
    if not viewer.is_known:
        return "everybody's is shown: onloop --as NAME says who you are"
    scopes = tuple(Scope)
    session.scope = scopes[(scopes.index(session.scope) + 1) % len(scopes)]
    return f"shown is {SCOPE_WORDS[session.scope]}"


@dataclass(slots=True)
class ScreenChrome:
    """The state shown around the views: `lost` says why the store cannot be read, `troubles` names broken files."""

    session: Session
    looked_at: Callable[[], int]
    note: str
    lost: str = ""
    has_read: bool = False
    status: Line = ()
    troubles: tuple[str, ...] = ()

    def seen(self) -> None:
        """Note that the store was read."""
        self.lost, self.has_read = "", True

    def lose(self, news: StoreLost) -> None:
        """Note that the store cannot be read any more."""
        self.lost = f"store lost since {time_words(news.since, self.session.now())}: {news.words}"

    def header(self, snapshot: Snapshot, narrowing: RunScope, tabs: Tabs, saved: Tabs, width: int) -> tuple[Line, ...]:
        """The header lines."""
        return header_lines(
            snapshot,
            lost=self.lost or ("" if self.has_read else "reading the store …"),
            age_ms=self.session.now() - self.looked_at(),
            moment=self.session.moment.label if self.session.moment is not None else (),
            labels=(*run_labels(narrowing), *scope_labels(snapshot), "advisory", *self.session.labels),
            tabs=tabs,
            saved=saved,
            width=width,
            store=safe(self.session.place.name),
        )

    def trouble_lines(self, width: int) -> tuple[Line, ...]:
        """A line per broken file."""
        lines = [shown for words in self.troubles for shown in hanging(_WARNING, words, width, Tone.WARN)]
        return tuple(lines[:_MOST_TROUBLES])

    def status_lines(self, width: int) -> tuple[Line, ...]:
        """The last notice."""
        return (fitted(self.status, width),) if self.status else ()

    def note_lines(self, size: tuple[int, int], width: int) -> tuple[Line, ...]:
        """The note given at the start, or a warning that the terminal is small."""
        if size[0] < MADE_FOR[0] or size[1] < MADE_FOR[1]:
            words = f"{size[0]}×{size[1]} is small: made for {MADE_FOR[0]}×{MADE_FOR[1]} and more"
            return (fitted((Span(words, Tone.WARN),), width),)
        return hanging((), self.note, width, Tone.DIM) if self.note else ()

    def small_lines(self, size: tuple[int, int]) -> tuple[Line, ...]:
        """The message that replaces everything in a terminal that is too small."""
        words = f"onloop needs {MADE_FOR[0]}×{MADE_FOR[1]}, this terminal has {size[0]}×{size[1]}; all is kept"
        return hanging((), words, max(1, size[0]), Tone.WARN)

    def why_not_decide(self, size: tuple[int, int]) -> str:
        """Why decisions are impossible now; empty if they are possible."""
        if self.lost:
            return "nothing can be decided while the store is lost; the dashboard keeps trying to read it"
        if self.session.moment is not None:
            return READ_ONLY
        if size[0] < LEAST[0] or size[1] < LEAST[1]:
            return "nothing can be decided in a terminal this small"
        return ""

    def footer(self, here: Where, width: int) -> tuple[Line, ...]:
        """The keys for the current view; at the end of a wide line, the store."""
        keys = [key_piece(key) for key in self.session.settings.keys if here in key.footer]
        shown, name = flowed(keys, width, 1), safe(self.session.place.name)
        if width < ONE_LINE or not name:
            return shown
        store = (Span(f"in {end_of(name)}", Tone.DIM),)
        return (spread(shown[0] if shown else (), store, width),)
