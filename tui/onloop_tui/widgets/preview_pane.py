"""The preview beside the list: it follows the cursor, reads aside, one task at a time, and never makes a key wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from onloop.attention.groups import Group
from onloop.errors import OnloopError
from onloop.records import replace
from onloop.views.dossier import Dossier
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.inbox.preview_lines import preview_lines
from onloop_tui.session import Session
from onloop_tui.widgets.line_view import LineView

KEPT = 32
"""How many tasks stay read."""


@dataclass(frozen=True, slots=True)
class _Found:
    dossier: Dossier | None
    trouble: str = ""


class Preview(LineView):
    """Shows a cause at once, and how its first member stands once that is read; only the latest wish is read."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="preview")
        self.can_focus = False
        self._session = session
        self._group: Group | None = None
        self._selection = Selection()
        self._found: dict[tuple[str, int], _Found] = {}
        self._reading = False

    def look_at(self, group: Group | None, selection: Selection) -> None:
        """Show this cause from now on; None shows nothing."""
        if group is None or self._group is None or group.cause != self._group.cause:
            self.scroll_to(y=0, animate=False)
        self._group, self._selection = group, selection
        self.draw()
        if self._wanted() is not None and not self._reading:
            self._reading = True
            self.run_worker(self._read(), group="preview")

    def draw(self) -> None:
        """Draw what is known at this time and width."""
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
        """Read what is wanted until nothing more is: what was wanted in between is never read."""
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
        """The task to read next, at its version; None where all that is shown is known."""
        if self._group is None or not self._group.has_tasks or not self.display or _key(self._group) in self._found:
            return None
        return _key(self._group)


def _key(group: Group) -> tuple[str, int]:
    return group.members[0].task, group.members[0].version
