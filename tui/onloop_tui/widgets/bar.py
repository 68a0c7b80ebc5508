"""A bar of a few lines: header, progress, notices, keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.events import Click
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from onloop_tui.model.drawing.text_line import Line, pressed_at
from onloop_tui.widgets.drawing import strip_of

Lines = Sequence[Line]

_SOON_S = 0.05
_MOST_ASKED = 3
"""How often a bar asks for the same height before it gives up: a small terminal may have no room for it."""


class Bar(Widget):
    """Shows the lines that `compose_lines` gives for its width, as high as they are; hidden without lines."""

    DEFAULT_CSS = "Bar { height: auto; width: 1fr; } Bar.-empty { display: none; }"

    def __init__(self, compose_lines: Callable[[int], Lines], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="-empty")
        self._compose_lines = compose_lines
        self._lines: tuple[Line, ...] = ()
        self._asked = 0

    def renew(self) -> None:
        """Get the lines again, and draw those that changed."""
        lines = tuple(self._compose_lines(self.size.width or self.app.size.width))
        if lines == self._lines:
            self._ask_for_room()
            return
        taller = len(lines) != len(self._lines)
        self._lines, self._asked = lines, 0
        self.set_class(not lines, "-empty")
        self.refresh(layout=taller)
        if taller:
            self.set_timer(_SOON_S, self._ask_for_room)

    def _ask_for_room(self) -> None:
        """Ask again for the height: a request during a layout may have been missed."""
        if self.size.height != len(self._lines) and self._asked < _MOST_ASKED:
            self._asked += 1
            self.refresh(layout=True)
            self.set_timer(_SOON_S, self._ask_for_room)

    def on_click(self, event: Click) -> None:
        """Press the key that is shown there."""
        at = event.get_content_offset(self)
        key = pressed_at(self._lines[at.y], at.x) if at is not None and at.y < len(self._lines) else ""
        if key:
            event.stop()
            self.app.simulate_key(key)

    def on_resize(self) -> None:
        """Fit the new width."""
        self.renew()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """The number of lines."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        return strip_of(self, self._lines[y], width) if y < len(self._lines) else Strip.blank(width, self.rich_style)
