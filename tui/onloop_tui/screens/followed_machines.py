"""What workers and verifiers are at, read in a thread while somebody looks."""

from __future__ import annotations

import asyncio

from onloop.errors import OnloopError
from onloop.views.queries.worker_reads import MachinesNow
from onloop_tui.session import Session

AGAIN_MS = 1_000
"""How long what was read is shown before it is read again."""
NOTHING = MachinesNow((), (), 0)


class FollowedMachines:
    """The machines as they were read last; of a moment that is past nothing is known of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read_at = 0
        self._is_reading = False
        self.found = NOTHING

    @property
    def is_due(self) -> bool:
        """Whether to read now."""
        if self._session.moment is not None:
            self.found = NOTHING
            return False
        return not self._is_reading and abs(self._session.now() - self._read_at) >= AGAIN_MS

    async def read(self) -> bool:
        """Read them; whether anything is otherwise. What cannot be read leaves what was known."""
        self._is_reading, before = True, self.found
        try:
            found = await asyncio.to_thread(self._session.place.machines)
            self.found = found if self._session.moment is None else NOTHING
        except OnloopError:
            pass  # the feed says what is wrong with the store; an older gateway knows of no workers
        finally:
            self._read_at, self._is_reading = self._session.now(), False
        return self.found != before
