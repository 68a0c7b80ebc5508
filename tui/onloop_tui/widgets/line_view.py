"""A scrolling list of lines. It draws again only the rows that changed and are visible."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from onloop_tui.model.drawing.text_line import Line
from onloop_tui.widgets.drawing import strip_of


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the lines it is given; the screen handles the keys."""

    DEFAULT_CSS = "LineView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.lines: tuple[Line, ...] = ()

    @property
    def room(self) -> int:
        """The columns of a line, without the scroll bar."""
        return max(20, (self.size.width or self.app.size.width) - 1)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead; unchanged lines are not drawn again."""
        before, self.lines = self.lines, tuple(lines)
        if len(before) != len(self.lines):
            self.virtual_size = Size(self.room, len(self.lines))
            self.refresh()
            return
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        for y in range(top, min(bottom, len(self.lines))):
            if before[y] != self.lines[y]:
                self.refresh_line(y)

    def move(self, rows: int) -> None:
        """Scroll by `rows` lines."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)

    def page(self, direction: int) -> None:
        """Scroll by a page, keeping one line of it visible."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """Scroll to the first (-1) or the last (1) line."""
        self.scroll_to(y=0 if direction < 0 else len(self.lines), animate=False)

    def reveal(self, row: int, rows: int = 2) -> None:
        """Scroll as little as possible to show `rows` lines from `row` on."""
        top, height = self.scroll_offset.y, max(rows, self.size.height)
        self.scroll_to(y=min(max(top, row + rows - height), row), animate=False)

    def is_under_cursor(self, y: int) -> bool:  # noqa: ARG002 - lists with a cursor answer it
        """Whether line `y` belongs to the row under the cursor."""
        return False

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        return strip_of(self, self.lines[row], width, cursor=self.is_under_cursor(row))
