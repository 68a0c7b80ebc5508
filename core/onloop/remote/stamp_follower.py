"""Who follows a gateway's news for a whole process: one question that waits, instead of many that come again."""

from __future__ import annotations

import threading

from onloop.errors import OnloopError
from onloop.remote.line import Line

LEAST_PAUSE_S = 0.1
"""The least time between two questions, in seconds: a busy gateway has news all the time."""

AWAY_S = 1.0
"""How long is waited after a question that failed, in seconds."""


class StampFollower:
    """Knows the stamp of a gateway's store, for any number of threads; its own one asks, over a line of its own.

    While the gateway is away, the stamp stays as it is: whoever asks for more than that is told.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._stamp: int | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="news", daemon=True)

    def begin(self) -> StampFollower:
        """Ask for the first time, and follow from then on; OnloopError if no gateway answers."""
        self._stamp = self._line.news(None)
        self._thread.start()
        return self

    def stamp(self) -> int:
        """The stamp as it was told last."""
        return self._stamp or 0

    def close(self) -> None:
        """Ask no more."""
        self._over.set()
        self._thread.join()
        self._line.close()

    def _follow(self) -> None:
        while not self._over.wait(LEAST_PAUSE_S):
            try:
                self._stamp = self._line.news(self._stamp)
            except OnloopError:
                self._over.wait(AWAY_S)
