"""A screen of lines with a title, which only reads: how it is scrolled and left."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from onloop_tui.model.drawing.text_line import Line
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView


class LinesScreen(Screen[None]):
    """A title above lines that scroll; it decides nothing, and Esc leaves it."""

    DEFAULT_CSS = """
    LinesScreen LineView { height: 1fr; }
    #lines-title, #lines-keys { background: $panel; padding: 0 1; }
    """
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, "dismiss", "close", show=False) for key in ("escape", "q")),
        *(Binding(key, "move(1)", "down", show=False) for key in ("j", "down")),
        *(Binding(key, "move(-1)", "up", show=False) for key in ("k", "up")),
        *(Binding(key, "page(1)", "page down", show=False) for key in ("pagedown", "ctrl+d", "space")),
        *(Binding(key, "page(-1)", "page up", show=False) for key in ("pageup", "ctrl+u")),
        *(Binding(key, "edge(-1)", "top", show=False) for key in ("g", "home")),
        *(Binding(key, "edge(1)", "bottom", show=False) for key in ("G", "end")),
    ]

    def compose(self) -> ComposeResult:
        """The title and the lines."""
        yield Bar(self.title_lines, id="lines-title")
        yield LineView(id="lines")

    @property
    def lines(self) -> LineView:
        """The lines."""
        return self.query_one(LineView)

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self.draw)

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """What is shown, and how it is left."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw all of it for the current width."""
        raise NotImplementedError

    def scrolled(self, *, to_end: bool) -> None:
        """The person scrolled: to the end, or away from it."""

    def action_move(self, rows: int) -> None:
        """Scroll by lines."""
        self.scrolled(to_end=False)
        self.lines.move(rows)

    def action_page(self, direction: int) -> None:
        """Scroll by a page."""
        self.scrolled(to_end=False)
        self.lines.page(direction)

    def action_edge(self, direction: int) -> None:
        """Go to the top, or to the bottom."""
        self.scrolled(to_end=direction > 0)
        self.lines.edge(direction)
