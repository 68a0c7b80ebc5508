"""The list of causes. The cursor holds a cause, not a position, and the order is frozen while the list is in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.events import Click
from textual.message import Message

from onloop.attention.groups import Group
from onloop_tui.model.drawing.text_line import Line, Span, Tone
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.inbox.inbox_lines import ROW_HEIGHT, row_lines
from onloop_tui.model.inbox.order import Arrangement, InboxRow, arranged, cursor_after, is_frozen
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView
from onloop_tui.widgets.row_view import RowChosen

_CURSOR, _ALL, _SOME, _NONE = Span("▶", Tone.ACCENT), Span("*", Tone.ACCENT), Span("+", Tone.ACCENT), Span(" ")
"""The gutter: the cursor, and whether all or some of a cause are marked."""


class Inbox(LineView):
    """One row of two lines per cause; `compose_nothing` gives the lines of an empty list."""

    class Moved(Message):
        """The cursor moved to another cause, or the rows changed."""

    def __init__(self, session: Session, compose_nothing: Callable[[int], Sequence[Line]]) -> None:
        super().__init__(id="inbox")
        self._session = session
        self._compose_nothing = compose_nothing
        self._touched_at: int | None = None
        self.arrangement = Arrangement()
        self.selection = Selection()
        self.cursor: str | None = None
        self.sheet_open = False

    @property
    def focused_row(self) -> InboxRow | None:
        """The row under the cursor, as it is now."""
        return next((row for row in self.arrangement.rows if row.key == self.cursor), None)

    @property
    def focused_group(self) -> Group | None:
        """The cause under the cursor, as it is now."""
        row = self.focused_row
        return row.group if row else None

    @property
    def position(self) -> int:
        """The row number of the cursor, from 1; 0 without rows."""
        keys = self.arrangement.keys
        return keys.index(self.cursor) + 1 if self.cursor in keys else 0

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.arrangement.rows)

    def take(self, rows: Sequence[InboxRow], *, anew: bool = False) -> None:
        """Show these rows; `anew` applies their order even while it is frozen."""
        frozen = not anew and is_frozen(
            sheet_open=self.sheet_open,
            marked=bool(self.selection),
            focused=self.has_focus,
            touched_at=self._touched_at,
            now=self._session.clock(),
        )
        before = self.arrangement.keys
        self.arrangement = arranged(self.arrangement, rows, frozen=frozen)
        self.cursor = cursor_after(before, self.cursor, self.arrangement.keys)
        self.draw()
        self.post_message(self.Moved())

    def select(self, selection: Selection) -> None:
        """Mark these tasks, and no others."""
        self.selection = selection
        self.touch()
        self.draw()
        self.post_message(self.Moved())

    def draw(self) -> None:
        """Draw the rows for the current time and width."""
        rows = self.arrangement.rows
        if not rows:
            self.show(self._compose_nothing(self.room))
            return
        now, room = self._session.clock(), self.room - 2
        lines: list[Line] = []
        for row in rows:
            marked = self.selection.within(row.group) if self.selection else 0
            first, second = row_lines(row, marked, now, room)
            here = _CURSOR if row.key == self.cursor else _NONE
            mark = _NONE if not marked else _ALL if marked == len(row.group.members) else _SOME
            lines += [(here, mark, *first), (_NONE, _NONE, *second)]
        self.show(lines)

    def touch(self) -> None:
        """Freeze the order for a moment, because somebody is using the list."""
        self._touched_at = self._session.clock()

    def go_to(self, key: str | None) -> None:
        """Put the cursor on a row."""
        if key in self.arrangement.keys:
            self.cursor = key
            self.draw()
            top = (self.position - 1) * ROW_HEIGHT
            height = max(ROW_HEIGHT, self.size.height)
            if not self.scroll_offset.y <= top <= self.scroll_offset.y + height - ROW_HEIGHT:
                self.scroll_to(y=max(0, top - height // 2), animate=False)
            self.refresh()
            self.post_message(self.Moved())

    def move(self, rows: int) -> None:
        """Move the cursor by `rows`, stopping at the ends."""
        keys = self.arrangement.keys
        self.touch()
        if keys:
            self.go_to(keys[max(0, min(len(keys) - 1, self.position - 1 + rows))])

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * max(1, self.size.height // ROW_HEIGHT - 1))

    def edge(self, direction: int) -> None:
        """Move the cursor to the first (-1) or the last (1) row."""
        self.move(direction * len(self.arrangement.rows))

    def is_under_cursor(self, y: int) -> bool:
        """Whether line `y` belongs to the row under the cursor."""
        return self.position > 0 and y // ROW_HEIGHT == self.position - 1

    def on_resize(self) -> None:
        """Fit the new width."""
        self.draw()

    def on_click(self, event: Click) -> None:
        """Move the cursor on a click; the second click on a row asks to open it, and never decides anything."""
        row = (event.y + self.scroll_offset.y) // ROW_HEIGHT
        if row < len(self.arrangement.rows):
            self.touch()
            is_there = row == self.position - 1
            self.go_to(self.arrangement.rows[row].key)
            if event.chain == 2 and is_there:
                self.post_message(RowChosen())
