"""A line that is typed into, above a list of what fits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from onloop_tui.bindings import TYPED, bindings_of
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import LineOf, RowChosen, RowView, VersionOf


class TypedList(Vertical):
    """Letters go into the line and the arrows move the cursor; Enter chooses the row under it, Esc leaves."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(TYPED)
    DEFAULT_CSS = """
    TypedList Input { width: 1fr; margin: 0 1; background: $surface; }
    TypedList .title { background: $panel; padding: 0 1; }
    TypedList .below { background: $surface; padding: 0 1; }
    """

    @dataclass
    class Edited(Message):
        """The line says this now."""

        text: str

    @dataclass
    class Picked(Message):
        """Enter on this row."""

        row: str

    class Given(Message):
        """Esc: nothing is chosen."""

    def __init__(
        self, title: Callable[[int], tuple[Line, ...]], below: Callable[[int], tuple[Line, ...]], hint: str
    ) -> None:
        super().__init__()
        self._title, self._below, self._hint = title, below, hint

    def compose(self) -> ComposeResult:
        """The title, the line, the rows, and what is said below them."""
        yield Bar(self._title, id="typed-title")
        entry = Input(id="typed-line", compact=True, placeholder=self._hint)
        entry.cursor_blink = False
        yield entry
        yield RowView(id="typed-rows")
        yield Bar(self._below, id="typed-below")

    def on_mount(self) -> None:
        """Letters are typed at once."""
        self.query_one("#typed-title").add_class("title")
        self.query_one("#typed-below").add_class("below")
        self.rows.can_focus = False
        self.screen.set_focus(self.line)

    @property
    def line(self) -> Input:
        """What is typed into."""
        return self.query_one(Input)

    @property
    def rows(self) -> RowView:
        """What fits."""
        return self.query_one(RowView)

    def show(self, ids: Sequence[str], line_of: LineOf, version_of: VersionOf, *, anew: bool) -> None:
        """Show these rows; `anew` puts the cursor on the first of them."""
        self.rows.show(FlatRows(ids), line_of, version_of)
        if anew and ids:
            self.rows.edge(-1)
        self.renew()

    def renew(self) -> None:
        """Get what is said around the rows again."""
        for bar in self.query(Bar):
            bar.renew()

    def on_input_changed(self, event: Input.Changed) -> None:
        """A letter was typed."""
        event.stop()
        self.post_message(self.Edited(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self._choose()

    def on_row_chosen(self, event: RowChosen) -> None:
        """The second click on a row is Enter."""
        event.stop()
        self._choose()

    def _choose(self) -> None:
        if self.rows.cursor is not None:
            self.post_message(self.Picked(self.rows.cursor))

    def action_row(self, rows: int) -> None:
        """Move the cursor."""
        self.rows.move(rows)
        self.renew()

    def action_rows(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.rows.page(direction)
        self.renew()

    def action_give_up(self) -> None:
        """Leave without a choice."""
        self.post_message(self.Given())
