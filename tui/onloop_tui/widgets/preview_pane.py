"""The preview beside the list. It follows the cursor and reads one task at a time in a thread, so that no key waits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from onloop.attention.groups import Group
from onloop.errors import OnloopError
from onloop.records import replace
from onloop.views.dossier import Dossier
from onloop_tui.background import in_background
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.inbox.preview_lines import preview_lines
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView

KEPT = 32
"""The number of dossiers that are kept."""


@dataclass(frozen=True, slots=True)
class _Found:
    dossier: Dossier | None
    trouble: str = ""


class Preview(LineView):
    """Shows a cause at once, and its first member as soon as it is read; only the latest cause is read."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="preview")
        self.can_focus = False
        self._session = session
        self._group: Group | None = None
        self._selection = Selection()
        self._found: dict[tuple[str, int], _Found] = {}
        self._reading = False

    def look_at(self, group: Group | None, selection: Selection) -> None:
        """Show this cause; None shows nothing."""
        if group is None or self._group is None or group.cause != self._group.cause:
            self.scroll_to(y=0, animate=False)
        self._group, self._selection = group, selection
        self.draw()
        if self._wanted() is not None and not self._reading:
            self._reading = True
            in_background(self, self._read, group="preview")

    def draw(self) -> None:
        """Draw what has been read, for the current time and width."""
        group = self._group
        if group is None:
            self.show(())
            return
        found = self._found.get(_key(group), _Found(None))
        now = self._session.clock()
        self.show(preview_lines(group, self._selection, found.dossier, found.trouble, now, self.room))

    def on_resize(self) -> None:
        """Fit the new width."""
        self.draw()

    async def _read(self) -> None:
        """Read the wanted task until nothing is missing; tasks wanted in between are skipped."""
        try:
            while (wanted := self._wanted()) is not None:
                self._found[wanted] = await asyncio.to_thread(self._looked_up, wanted[0])
                while len(self._found) > KEPT:
                    del self._found[next(iter(self._found))]
                self.draw()
        finally:
            self._reading = False

    def _looked_up(self, task: str) -> _Found:
        try:
            return _Found(replace(self._session.place.dossier(task), diff=""))
        except OnloopError as problem:
            return _Found(None, problem.message)

    def _wanted(self) -> tuple[str, int] | None:
        """The task to read next, with its version; None if everything shown has been read."""
        if self._group is None or not self._group.has_tasks or not self.display or _key(self._group) in self._found:
            return None
        return _key(self._group)


def _key(group: Group) -> tuple[str, int]:
    return group.members[0].task, group.members[0].version
