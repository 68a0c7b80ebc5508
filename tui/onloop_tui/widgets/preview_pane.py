"""The preview beside the list of causes. It follows the cursor, and what has to be read is read aside."""

from __future__ import annotations

from onloop.attention.groups import Group
from onloop_tui.dossiers_aside import DossiersAside, Wanted
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.inbox.preview_lines import preview_lines
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView


class Preview(LineView):
    """Shows a cause at once, and its first member as soon as it is read; only the latest cause is read."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="preview")
        self.can_focus = False
        self._session = session
        self._group: Group | None = None
        self._selection = Selection()
        self._aside = DossiersAside(session, self, self._wanted, self.draw)

    def look_at(self, group: Group | None, selection: Selection) -> None:
        """Show this cause; None shows nothing."""
        if group is None or self._group is None or group.cause != self._group.cause:
            self.scroll_to(y=0, animate=False)
        self._group, self._selection = group, selection
        self.draw()
        self._aside.read()

    def draw(self) -> None:
        """Draw what has been read, for the current time and width."""
        group = self._group
        if group is None:
            self.show(())
            return
        found = self._aside.of(_key(group))
        now = self._session.clock()
        self.show(preview_lines(group, self._selection, found.dossier, found.trouble, now, self.room))

    def on_resize(self) -> None:
        """Fit the new width."""
        self.draw()

    def _wanted(self) -> Wanted | None:
        """The task of which more than the cause is to be shown; None if there is none, or no room."""
        return _key(self._group) if self._group is not None and self._group.has_tasks and self.display else None


def _key(group: Group) -> Wanted:
    return group.members[0].task, group.members[0].version
