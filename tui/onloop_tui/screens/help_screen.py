"""Every key, made of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from onloop_tui.bindings import KEYS, Key, Where
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView


class HelpScreen(Screen[None]):
    """The keys by where they have their meaning, each with its twin on the command line."""

    CSS_PATH = "help.tcss"
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, "close", "back", show=False) for key in ("escape", "q", "question_mark", "enter")),
        *(Binding(key, "move(1)", "down", show=False) for key in ("j", "down")),
        *(Binding(key, "move(-1)", "up", show=False) for key in ("k", "up")),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
    ]

    def __init__(self, keys: Sequence[Key] = KEYS) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """A title and the list."""
        yield Bar(lambda _: (line("keys · Esc goes back", Tone.STRONG),), id="help-title")
        yield LineView(id="help-lines")

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Bar).renew()
        self._fill()

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        view = self.query_one(LineView)
        view.show(help_lines(self._keys, view.room))

    def action_close(self) -> None:
        """Back to where the person was."""
        self.dismiss()

    def action_move(self, rows: int) -> None:
        """Scroll."""
        self.query_one(LineView).move(rows)

    def action_page(self, direction: int) -> None:
        """Scroll by a page."""
        self.query_one(LineView).page(direction)


def help_lines(registry: Sequence[Key], width: int) -> tuple[Line, ...]:
    """The registry as a list."""
    lines: list[Line] = []
    for where in Where:
        if not (keys := [key for key in registry if key.where is where]):
            continue
        lines += [line(where.value, Tone.HEADING)]
        for key in keys:
            twin = f"   $ {key.twin}" if key.twin else ""
            lines += hanging((Span(f"  {key.shown:<8} ", Tone.ACCENT),), f"{key.help}{twin}", width)
        lines.append(line(""))
    return (*lines, line("Ctrl+P finds all of these by name; Ctrl+Q leaves from anywhere", Tone.DIM))
