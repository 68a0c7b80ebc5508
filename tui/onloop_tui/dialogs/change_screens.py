"""What a commit changes as the sheet shows it, beside a list of decisions."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from onloop.views.dossier import Dossier
from onloop_tui.bindings import CHANGE, bindings_of, key_piece
from onloop_tui.model.drawing.text_line import Line, Tone, flowed, hanging
from onloop_tui.model.sheet.change_lines import totals
from onloop_tui.model.sheet.sections import change_lines
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView

_CSS = """
ChangeScreen { layout: vertical; background: $background; }
#change-title, #change-keys { background: $panel; padding: 0 1; }
#change-body { height: 1fr; }
"""


class ChangeScreen(Screen[None]):
    """One change as the sheet shows it, for a list of decisions; whoever opens it was shown its diff."""

    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(CHANGE)
    DEFAULT_CSS = _CSS

    def __init__(self, session: Session, dossier: Dossier) -> None:
        super().__init__()
        self.session = session
        self.dossier = dossier

    def compose(self) -> ComposeResult:
        """The title, the files and the diff, and the keys."""
        yield Bar(self._title_lines, id="change-title")
        yield LineView(id="change-body")
        yield Bar(self._key_lines, id="change-keys")

    @property
    def view(self) -> LineView:
        """The part that scrolls."""
        return self.query_one(LineView)

    def on_mount(self) -> None:
        """Show it, once the parts know their size."""
        self.view.focus()
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw the change for the width."""
        self.view.show(change_lines(self.dossier, self.view.room))
        self.session.looks.showed(self.dossier)
        for bar in self.query(Bar):
            bar.renew()

    def action_files(self) -> None:
        """Open the reader of it."""
        from onloop_tui.diff.diff_screen import DiffScreen  # here: a start shows no diff

        self.app.push_screen(DiffScreen(self.session, self.dossier))

    def action_back(self) -> None:
        """Esc: close it."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Rows down."""
        self.view.move(rows)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        self.view.page(direction)

    def action_edge(self, direction: int) -> None:
        """To the beginning or the end."""
        self.view.edge(direction)

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        words = f"{self.dossier.task.id} {self.dossier.task.repo or ''} · {totals(self.dossier.files)}"
        return hanging((), words, width, Tone.STRONG)

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        return flowed([key_piece(key) for key in CHANGE if key.footer], width, 1)
