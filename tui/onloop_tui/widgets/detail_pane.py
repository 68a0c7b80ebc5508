"""What is under the cursor, below a list that leaves room for it."""

from __future__ import annotations

from collections.abc import Callable

from onloop_tui.dossiers_aside import DossiersAside, Wanted
from onloop_tui.model.detail.dossier_found import DossierFound
from onloop_tui.model.detail.row_detail import RowDetail, detail_lines
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView

NEEDS = (120, 34)
"""The columns and rows of a terminal that has room for it."""


class DetailPane(LineView):
    """Shows what `detail` says is under the cursor, and how its task stands as soon as that is read. Takes no key."""

    def __init__(self, session: Session, detail: Callable[[], RowDetail | None]) -> None:
        super().__init__(id="detail")
        self.can_focus = False
        self._detail = detail
        self._shown = ""
        self._wanted: Wanted | None = None
        self._aside = DossiersAside(session, self, lambda: self._wanted if self.display else None, self.draw)

    def renew(self) -> None:
        """Look again at what is under the cursor."""
        if not self.display:
            return
        self.draw()
        self._aside.read()

    def turn(self) -> str:
        """Show or hide it; returns why it cannot be shown, or an empty text."""
        self.toggle_class("-off")
        hidden = not self.has_class("-off") and not self.display
        return f"it needs {NEEDS[0]} columns and {NEEDS[1]} rows; Enter opens the sheet" if hidden else ""

    def draw(self) -> None:
        """Draw what is known, for the current time and width."""
        detail = self._detail()
        if detail is None or detail.key != self._shown:
            self.scroll_to(y=0, animate=False)
            self._shown = detail.key if detail is not None else ""
        task = detail.task if detail is not None else None
        self._wanted = (task.id, task.version) if task is not None else None
        found = self._aside.of(self._wanted) if self._wanted is not None else DossierFound()
        self.show(detail_lines(detail, found, self.room) if detail is not None else ())

    def on_resize(self) -> None:
        """Fit the new room, and read what there was no room for."""
        self.renew()
