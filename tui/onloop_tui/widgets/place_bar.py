"""The line of where one is, and on which row of how many; a click on a part of it goes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from onloop_tui.model.chrome.crumbs import Crumb, crumb_line
from onloop_tui.model.drawing.text_line import Line, pressed_at
from onloop_tui.widgets.bar import Bar


class PlaceBar(Bar):
    """Shows the way that it is given, and posts the part of it that was clicked."""

    @dataclass
    class Clicked(Message):
        """A part of the way was clicked."""

        crumb: Crumb

    def __init__(self, way: Callable[[], tuple[Crumb, ...]], row: Callable[[], tuple[int, int]]) -> None:
        """`row` says which row of how many the cursor is on."""
        super().__init__(self._shown, id="place")
        self._way, self._row = way, row
        self._drawn: Line = ()

    def _shown(self, width: int) -> tuple[Line, ...]:
        way = self._way()
        self._drawn = crumb_line(way, width, self._row()) if way else ()
        return (self._drawn,) if way else ()

    def on_click(self, event: Click) -> None:
        """Go to the part of the way that is shown there."""
        at = event.get_content_offset(self)
        event.stop()
        event.prevent_default()
        number = pressed_at(self._drawn, at.x).removeprefix("crumb:") if at is not None else ""
        if number:
            self.post_message(self.Clicked(self._way()[int(number)]))
