"""A list of rows by id that draws only visible rows. Cursor and marks hold ids, so that other rows may change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from textual.cache import LRUCache
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from onloop_tui.model.drawing.row_index import FlatRows, RowIndex
from onloop_tui.model.drawing.text_line import Line, Span, Tone
from onloop_tui.widgets.drawing import strip_of

LineOf = Callable[[str, int], Line]
"""Makes the line of a row from its id and the width."""
VersionOf = Callable[[str], Hashable]
"""A value that changes whenever the line of a row does, except for the passing of time."""

GUTTER_WIDTH = 2
KEPT_STRIPS = 1_024
_CURSOR, _NO_CURSOR = Span("▶", Tone.ACCENT), Span(" ")
_MARK, _NO_MARK = Span("*", Tone.STRONG), Span(" ")


class _Key(NamedTuple):
    row_id: str
    version: Hashable
    width: int
    cursor: bool
    marked: bool


class _Drawn(NamedTuple):
    key: _Key
    line: Line
    strip: Strip


class RowChosen(Message):
    """A row was clicked twice."""


class RowView(ScrollView, can_focus=True, inherit_bindings=False):
    """One line per row, built when it becomes visible; the screen handles the keys.

    The cost of a change is proportional to the visible rows. A gutter before each line shows cursor and mark.
    """

    DEFAULT_CSS = """
    RowView { height: 1fr; overflow-x: hidden; overflow-y: scroll; }
    RowView { scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    """

    class Moved(Message):
        """The cursor moved to another row."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._rows: RowIndex = FlatRows()
        self._line_of: LineOf = lambda _id, _width: ()
        self._version_of: VersionOf = lambda _id: 0
        self._cursor: str | None = None
        self._cursor_row = 0
        self._marks: frozenset[str] = frozenset()
        self._strips: LRUCache[_Key, _Drawn] = LRUCache(KEPT_STRIPS)
        self._painted: dict[int, _Drawn] = {}

    # -- what is shown

    @property
    def room(self) -> int:
        """The columns of a line, without the gutter and the scroll bar."""
        return max(1, self.scrollable_content_region.width - GUTTER_WIDTH)

    @property
    def cursor(self) -> str | None:
        """The id under the cursor; None only without rows."""
        return self._cursor

    @property
    def position(self) -> int:
        """The row number of the cursor, from 1; 0 without rows."""
        return self._cursor_row + 1 if self._cursor is not None else 0

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self._rows)

    @property
    def marks(self) -> frozenset[str]:
        """The marked ids, visible or not."""
        return self._marks

    def show(self, rows: RowIndex, line_of: LineOf, version_of: VersionOf) -> None:
        """Show these rows; call it again after `rows` has changed. Rows that look the same are not drawn again.

        The row under the cursor, else the first visible one, keeps its place on the screen.
        """
        anchor = self._anchor()
        self._rows, self._line_of, self._version_of = rows, line_of, version_of
        before, self._cursor = self._cursor, self._surviving()
        self._cursor_row = self._row_of_cursor()
        if self.virtual_size != Size(self.size.width, len(rows)):
            self.virtual_size = Size(self.size.width, len(rows))
        self._hold(anchor)
        self._refresh_stale()
        if self._cursor != before:
            self._bring_into_sight()
            self.post_message(self.Moved())

    def renew(self) -> None:
        """Draw the visible rows whose line has changed with the time."""
        self._strips.clear()
        top = self.scroll_offset.y
        for row in range(top, min(top + self.size.height, len(self._rows))):
            drawn = self._painted.get(row - top)
            if drawn is None or self._line_of(self._rows.at(row), self.room) != drawn.line:
                self.refresh_line(row)

    # -- the cursor

    def touched(self) -> None:
        """Called when a person moves the cursor; a list that moves its cursor by itself overrides it."""

    def successor(self, row_id: str) -> str | None:  # noqa: ARG002 - lists with a structure answer it
        """The row to which the cursor moves from a removed row; None moves it to a neighbour on the screen."""
        return None

    def go_to(self, row_id: str) -> bool:
        """Put the cursor on this row and scroll to it; whether the row exists."""
        row = self._rows.row_of(row_id)
        if row is not None:
            self._go(row)
        return row is not None

    def move(self, rows: int) -> None:
        """Move the cursor by `rows`, stopping at the ends."""
        self.touched()
        if len(self._rows):
            self._go(max(0, min(len(self._rows) - 1, self._cursor_row + rows)))

    def page(self, direction: int) -> None:
        """Move the cursor by a page, keeping one row of it visible."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """Move the cursor to the first (-1) or the last (1) row."""
        self.move(direction * len(self._rows))

    def on_click(self, event: Click) -> None:
        """Move the cursor on a click; the second click on it asks to open it, and never decides anything."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self._rows):
            self.touched()
            is_there = row == self._cursor_row
            self._go(row)
            if event.chain == 2 and is_there:
                self.post_message(RowChosen())

    # -- marks

    def set_marks(self, ids: Iterable[str]) -> None:
        """Mark these ids and no others."""
        self._marks = frozenset(ids)
        self._refresh_stale()

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        if self._cursor is not None:
            self.set_marks(self._marks ^ {self._cursor})

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        key = self._key(y + self.scroll_offset.y)
        if key is None:
            self._painted.pop(y, None)
            return Strip.blank(self.size.width, self.rich_style)
        drawn = self._strips.get(key)
        if drawn is None:
            line = self._line_of(key.row_id, self.room)
            gutter = (_CURSOR if key.cursor else _NO_CURSOR, _MARK if key.marked else _NO_MARK)
            drawn = _Drawn(key, line, strip_of(self, (*gutter, *line), self.size.width, cursor=key.cursor))
            self._strips[key] = drawn
        self._painted[y] = drawn
        return drawn.strip

    def notify_style_update(self) -> None:
        """Draw again, because the colours changed."""
        self._strips.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Fit the new size and keep the cursor visible."""
        self._painted = {y: drawn for y, drawn in self._painted.items() if y < self.size.height}
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._bring_into_sight()
        self.refresh()

    def _key(self, row: int) -> _Key | None:
        if row >= len(self._rows):
            return None
        row_id = self._rows.at(row)
        return _Key(row_id, self._version_of(row_id), self.size.width, row_id == self._cursor, row_id in self._marks)

    def _refresh_stale(self) -> None:
        """Refresh the visible rows that differ from what was last drawn."""
        top = self.scroll_offset.y
        for y in range(self.size.height):
            drawn = self._painted.get(y)
            if (drawn.key if drawn else None) != self._key(top + y):
                self.refresh_line(top + y)

    # -- places

    def _go(self, row: int) -> None:
        before, self._cursor, self._cursor_row = self._cursor, self._rows.at(row), row
        self._bring_into_sight()
        self._refresh_stale()
        if self._cursor != before:
            self.post_message(self.Moved())

    def _row_of_cursor(self) -> int:
        row = self._rows.row_of(self._cursor) if self._cursor is not None else None
        return row if row is not None else 0

    def _surviving(self) -> str | None:
        """The row of the cursor now: its own row, else the list's `successor`, else the nearest remaining neighbour."""
        if not len(self._rows):
            return None
        if self._cursor is None:
            return self._rows.at(0)
        if self._rows.row_of(self._cursor) is not None:
            return self._cursor
        following = self.successor(self._cursor)
        if following is not None and self._rows.row_of(following) is not None:
            return following
        here = self._cursor_row - self.scroll_offset.y
        seen = sorted(self._painted.items(), key=lambda each: (each[0] < here, abs(each[0] - here)))
        left = (drawn.key.row_id for _, drawn in seen if self._rows.row_of(drawn.key.row_id) is not None)
        return next(left, self._rows.at(min(self._cursor_row, len(self._rows) - 1)))

    def _anchor(self) -> tuple[str, int] | None:
        """The row that must keep its place on the screen, and that place."""
        y = self._cursor_row - self.scroll_offset.y
        if self._cursor is not None and 0 <= y < self.size.height:
            return self._cursor, y
        first = self._painted.get(0)
        return (first.key.row_id, 0) if first else None

    def _hold(self, anchor: tuple[str, int] | None) -> None:
        row = self._rows.row_of(anchor[0]) if anchor else None
        if anchor is not None and row is not None:
            self._scroll(row - anchor[1])

    def _bring_into_sight(self) -> None:
        """Scroll as little as possible to show the cursor; if it is far away, to the middle."""
        height, top, row = self.size.height, self.scroll_offset.y, self._cursor_row
        if top <= row < top + height:
            return
        if top - height < row < top + 2 * height:
            self._scroll(row if row < top else row - height + 1)
        else:
            self._scroll(row - height // 2)

    def _scroll(self, top: int) -> None:
        if self.size.height:  # before the first layout, a scroll position would be wrong and stay
            self.scroll_to(y=max(0, top), animate=False)
