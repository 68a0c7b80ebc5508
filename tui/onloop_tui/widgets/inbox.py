"""The list of causes. The cursor holds a cause, not a place, and the order stands still while somebody uses it."""

from __future__ import annotations

from textual.events import Click
from textual.message import Message

from onloop.attention.groups import Group
from onloop_tui.model.inbox import ROW_HEIGHT, quiet_lines, row_lines
from onloop_tui.model.lines import Line, Span, Tone, line
from onloop_tui.model.order import Arrangement, arranged, cursor_after, is_frozen
from onloop_tui.model.snapshot import Snapshot
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView

_HERE, _ELSEWHERE = Span("▶ ", Tone.ACCENT), Span("  ")


class Inbox(LineView):
    """Rows of two lines each, one per cause."""

    class Moved(Message):
        """The cursor stands on another cause, or the rows have changed."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="inbox")
        self._session = session
        self._snapshot: Snapshot | None = None
        self._touched_at: int | None = None
        self.arrangement = Arrangement()
        self.cursor: str | None = None
        self.sheet_open = False

    @property
    def focused_group(self) -> Group | None:
        """The cause under the cursor, as it is now."""
        return next((group for group in self.arrangement.groups if group.cause == self.cursor), None)

    @property
    def position(self) -> int:
        """The place of the cursor, counted from 1; 0 without rows."""
        causes = self.arrangement.causes()
        return causes.index(self.cursor) + 1 if self.cursor in causes else 0

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show this snapshot; `anew` applies the order even while it should stand still."""
        self._snapshot = snapshot
        now = self._session.clock()
        frozen = not anew and is_frozen(
            sheet_open=self.sheet_open, focused=self.has_focus, touched_at=self._touched_at, now=now
        )
        before = self.arrangement.causes()
        self.arrangement = arranged(self.arrangement, snapshot.groups, frozen=frozen)
        self.cursor = cursor_after(before, self.cursor, self.arrangement.causes())
        self.draw()
        self.post_message(self.Moved())

    def draw(self) -> None:
        """Draw the rows as they are at this time and width."""
        groups = self.arrangement.groups
        if not groups:
            nothing = (line("reading the store …", Tone.DIM),)
            self.show(quiet_lines(self._snapshot, self.room) if self._snapshot else nothing)
            return
        now, room = self._session.clock(), self.room - 2
        lines: list[Line] = []
        for group in groups:
            first, second = row_lines(group, now, room)
            lines += [(_HERE if group.cause == self.cursor else _ELSEWHERE, *first), (_ELSEWHERE, *second)]
        self.show(lines)

    def touch(self) -> None:
        """Somebody is using the list: its order stands still for a moment."""
        self._touched_at = self._session.clock()

    def go_to(self, cause: str | None) -> None:
        """Put the cursor on a cause."""
        if cause in self.arrangement.causes():
            self.cursor = cause
            self.draw()
            top = (self.position - 1) * ROW_HEIGHT
            height = max(ROW_HEIGHT, self.size.height)
            if not self.scroll_offset.y <= top <= self.scroll_offset.y + height - ROW_HEIGHT:
                self.scroll_to(y=max(0, top - height // 2), animate=False)
            self.refresh()
            self.post_message(self.Moved())

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows, and stop at the ends."""
        causes = self.arrangement.causes()
        self.touch()
        if causes:
            self.go_to(causes[max(0, min(len(causes) - 1, self.position - 1 + rows))])

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * max(1, self.size.height // ROW_HEIGHT - 1))

    def edge(self, direction: int) -> None:
        """Move the cursor to the first (-1) or the last (1) row."""
        self.move(direction * len(self.arrangement.groups))

    def is_under_cursor(self, y: int) -> bool:
        """Whether line `y` belongs to the row under the cursor."""
        return self.position > 0 and y // ROW_HEIGHT == self.position - 1

    def on_resize(self) -> None:
        """Fit the new width."""
        self.draw()

    def on_click(self, event: Click) -> None:
        """A click moves the cursor; it never opens or decides."""
        row = (event.y + self.scroll_offset.y) // ROW_HEIGHT
        if row < len(self.arrangement.groups):
            self.touch()
            self.go_to(self.arrangement.groups[row].cause)
