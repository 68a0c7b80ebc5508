"""A store that answers slowly, so that what waits for it can be seen."""

from __future__ import annotations

import threading

from onloop.records import field
from onloop.views.dossier import Dossier
from onloop_tui.store_access import StoreAccess


class SlowPlace(StoreAccess):
    """A store that lets a task be read once it is told to, and remembers what was read."""

    told: threading.Event = field(default_factory=threading.Event)
    read: list[str] = field(default_factory=list)

    def dossier(self, task_id: str, *, changes: bool = True, seq: int | None = None) -> Dossier:
        self.read.append(task_id)
        assert self.told.wait(10)
        return StoreAccess.dossier(self, task_id, changes=changes, seq=seq)
