"""What is under the cursor, below a list that leaves room for it."""

from __future__ import annotations

from collections.abc import Callable

from onloop_tui.dossiers_aside import DossiersAside, Wanted
from onloop_tui.model.glance.found import Found
from onloop_tui.model.glance.glance import Glance, glance_lines
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView

NEEDS = (120, 34)
"""The columns and rows of a terminal that has room for it."""


class GlancePane(LineView):
    """Shows what `glance` says is under the cursor, and how its task stands as soon as that is read. Takes no key."""

    def __init__(self, session: Session, glance: Callable[[], Glance | None]) -> None:
        super().__init__(id="glance")
        self.can_focus = False
        self._glance = glance
        self._shown = ""
        self._aside = DossiersAside(session, self, self._wanted, self.draw)

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
        glance = self._glance()
        if glance is None or glance.key != self._shown:
            self.scroll_to(y=0, animate=False)
            self._shown = glance.key if glance is not None else ""
        wanted = self._wanted()
        found = self._aside.of(wanted) if wanted is not None else Found()
        self.show(glance_lines(glance, found, self.room) if glance is not None else ())

    def on_resize(self) -> None:
        """Fit the new room, and read what there was no room for."""
        self.renew()

    def _wanted(self) -> Wanted | None:
        glance = self._glance() if self.display else None
        return (glance.task.id, glance.task.version) if glance is not None and glance.task is not None else None
