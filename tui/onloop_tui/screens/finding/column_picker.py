"""The list in which a person chooses the columns of a view, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from onloop.views.task_columns import COLUMNS
from onloop_tui import bindings
from onloop_tui.model.columns.arrangement import choosable
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, flowed
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import RowChosen, RowView

_NAME = 12


class ColumnPicker(Screen[tuple[str, ...] | None]):
    """Returns the columns that are to be shown, none of them for those of the view itself; None for no choice."""

    COMPONENT_CLASSES = COMPONENTS
    DEFAULT_CSS = """
    #columns-title, #columns-keys { background: $panel; padding: 0 1; }
    #columns-list { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings.bindings_of(bindings.COLUMNS)

    def __init__(self, view: str, chosen: Sequence[str], usual: Sequence[str]) -> None:
        super().__init__()
        self._view = view
        self._names = list(choosable(chosen or usual))
        self._shown = set(chosen or usual)
        self._is_usual = not chosen

    def compose(self) -> ComposeResult:
        """The columns so far, the list of all, and its keys."""
        yield Bar(self._title, id="columns-title")
        yield RowView(id="columns-list")
        yield Bar(self._keys, id="columns-keys")

    @property
    def rows(self) -> RowView:
        """Every column."""
        return self.query_one(RowView)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The columns that are shown, in their order."""
        return tuple(name for name in self._names if name in self._shown)

    def on_mount(self) -> None:
        """List them, with the cursor on the first."""
        self._draw()
        self.rows.edge(-1)

    def on_resize(self) -> None:
        """Fit the new width."""
        self.call_after_refresh(self._draw)

    def on_row_chosen(self, event: RowChosen) -> None:
        """The second click on a column is Space."""
        event.stop()
        self.action_turn()

    def _draw(self) -> None:
        self.rows.show(FlatRows(tuple(self._names)), self._line, lambda name: name in self._shown)
        for bar in self.query(Bar):
            bar.renew()

    def _changed(self) -> None:
        self._is_usual = False
        self._draw()

    # -- its keys

    def action_turn(self) -> None:
        """Show the column under the cursor, or leave it out."""
        if self.rows.cursor is not None:
            self._shown ^= {self.rows.cursor}
            self._changed()

    def action_shift(self, step: int) -> None:
        """Move the column under the cursor."""
        here = self.rows.cursor
        if here is None:
            return
        place = self._names.index(here)
        self._names.insert(max(0, min(len(self._names) - 1, place + step)), self._names.pop(place))
        self._changed()
        self.rows.go_to(here)

    def action_usual(self) -> None:
        """Choose what the view has by itself."""
        self.dismiss(())

    def action_keep(self) -> None:
        """Enter: show the list so; without any change it stays as it was."""
        self.dismiss(() if self._is_usual else self.chosen)

    def action_give_up(self) -> None:
        """Esc: nothing changes."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.rows.move(rows)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.rows.page(direction)

    def action_edge(self, direction: int) -> None:
        """Move the cursor to the first or the last."""
        self.rows.edge(direction)

    # -- lines

    def _line(self, name: str, width: int) -> Line:
        is_shown = name in self._shown
        box = Span("[x] " if is_shown else "[ ] ", Tone.ACCENT if is_shown else Tone.DIM)
        about = COLUMNS[name].about
        return fitted((box, column(name, _NAME, Tone.STRONG if is_shown else Tone.PLAIN), Span(about, Tone.DIM)), width)

    def _title(self, width: int) -> tuple[Line, ...]:
        told = "as usual" if self._is_usual else " ".join(self.chosen) or "as usual, for none is chosen"
        return (fitted((Span(f"columns of the {self._view}: ", Tone.STRONG), Span(told)), width),)

    def _keys(self, width: int) -> tuple[Line, ...]:
        return flowed([bindings.key_piece(key) for key in bindings.COLUMNS if key.footer], width, 2)
