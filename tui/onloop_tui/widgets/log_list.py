"""The rows of the log: the part that was read. The cursor follows the end until a person moves it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from onloop.store.port import Recorded
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Tone
from onloop_tui.model.log.event_words import tone_of
from onloop_tui.model.log.log_rows import event_line
from onloop_tui.model.log.log_window import PageEdge, Window
from onloop_tui.widgets.row_view import RowView

NEAR = 50
"""When the cursor is this close to an end, the next page is wanted."""
_STANDS_OUT = frozenset({Tone.ACCENT, Tone.WARN, Tone.BAD})


class LogRows(RowView):
    """Rows by sequence number. It posts `Wanted` for missing rows, and never reads the log itself."""

    @dataclass
    class Wanted(Message):
        """Another page of the log is needed."""

        end: PageEdge

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._events: dict[str, Recorded] = {}
        self.window = Window()
        self.following = True
        """Whether the cursor follows the newest event."""

    @property
    def event(self) -> Recorded | None:
        """The event under the cursor."""
        return self._events.get(self.cursor or "")

    def take(self, window: Window, end: PageEdge) -> None:
        """Show this window of the log, whose page at `end` is new."""
        self.window = window
        self._events = {str(event.seq): event for event in window.events}
        self.show(FlatRows(tuple(self._events)), self._line, lambda seq: seq)
        if end is PageEdge.OLDEST:
            super().edge(-1)
        elif self.following:
            self._go_to_end()

    def follow(self) -> None:
        """Follow the newest event from now on."""
        self.following = True
        self._go_to_end()

    def move(self, rows: int) -> None:
        """Move the cursor; at the end of the log it follows again."""
        super().move(rows)
        if self.position <= NEAR and rows < 0 and not self.window.at_start:
            self.post_message(self.Wanted(PageEdge.OLDER))
        if self.count - self.position < NEAR and rows > 0:
            self.post_message(self.Wanted(PageEdge.NEWER))

    def edge(self, direction: int) -> None:
        """Move to the first or the last event of the whole log."""
        self.following = direction > 0
        self.post_message(self.Wanted(PageEdge.NEWEST if direction > 0 else PageEdge.OLDEST))

    def touched(self) -> None:
        """Stop following, because a person moved the cursor."""
        self.following = False

    def next_of_note(self, step: int) -> bool:
        """Move to the next (1) or previous (-1) event about people or trouble; whether there is one."""
        ids = list(self._events)
        ahead = ids[self.position :] if step > 0 else ids[: max(0, self.position - 1)][::-1]
        target = next((seq for seq in ahead if tone_of(self._events[seq]) in _STANDS_OUT), None)
        if target is None:
            return False
        self.following = False
        return self.go_to(target)

    def _go_to_end(self) -> None:
        if self.count:
            self.go_to(str(self.window.events[-1].seq))

    def _line(self, seq: str, width: int) -> Line:
        return event_line(self._events[seq], width)
