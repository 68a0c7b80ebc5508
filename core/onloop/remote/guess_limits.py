"""How often somebody may get a passphrase wrong: counted by who asks and whom they claim to be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onloop.errors import Ground, NotAllowed
from onloop.records import MutableRecord, field

MOST_GUESSES = 5
WINDOW_MS = 60_000
MOST_KNOWN = 4_096
"""Of how many pairs of user and person the guesses are counted at a time; there are more users than that nowhere."""


class _Window(MutableRecord):
    since: int
    count: int = 0
    is_told: bool = False


class Guesses(MutableRecord):
    """Counts wrong passphrases; `told` hears once a minute of each user and person whose guesses are refused.

    Another user's guesses are counted apart: nobody locks another out.
    """

    clock: Callable[[], int]
    told: Callable[[int, str], None] = lambda _uid, _person: None
    _windows: dict[tuple[int, str], _Window] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one(self, uid: int, person: str) -> Iterator[Callable[[], None]]:
        """Take one guess; what is handed out gives it back, for it was right. NotAllowed where the minute's are spent.

        It counts before it is looked at: a hundred at the same time are a hundred.
        """
        now = self.clock()
        with self._lock:
            window = self._window(uid, person, now)
            spent, first = window.count >= MOST_GUESSES, not window.is_told
            window.is_told = window.is_told or spent
            window.count += not spent
        if spent:
            if first:
                self.told(uid, person)
            left = max(1, (window.since + WINDOW_MS - now + 999) // 1000)
            raise NotAllowed(
                f"user {uid} got {MOST_GUESSES} passphrases for {person or 'people who are not enrolled'} wrong",
                hint=f"try again in {left} s",
                ground=Ground.PASSPHRASE,
            )

        def right() -> None:
            with self._lock:
                window.count = max(0, window.count - 1)

        yield right

    def _window(self, uid: int, person: str, now: int) -> _Window:
        found = self._windows.get((uid, person))
        if found is not None and now < found.since:  # the clock was set back: neither forgive nor lock out for long
            found.since = now
        if found is None or now - found.since >= WINDOW_MS:
            if len(self._windows) >= MOST_KNOWN:
                del self._windows[min(self._windows, key=lambda pair: self._windows[pair].since)]
            found = self._windows[uid, person] = _Window(now)
        return found
