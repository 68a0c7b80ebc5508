"""How often somebody may get a passphrase wrong: counted by who asks and whom they claim to be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from onloop.errors import Ground, NotAllowed
from onloop.identity.accounts import account_words
from onloop.records import MutableRecord, field

MOST_GUESSES = 5
WINDOW_MS = 60_000
MOST_FROM_AFAR = 60
"""How many wrong passphrases a minute there may be for one person over the network, from all addresses together."""

KNOWN_MS = 30 * 24 * 3_600_000
"""How long an address is known as one from which a person got it right, in ms."""

MOST_KNOWN = 4_096
"""Of how many pairs of account and person the guesses are counted at a time; there are more than that nowhere."""


_FROM_AFAR = "network:"
"""In whose name the sum is counted."""

_Key = TypeVar("_Key", str, tuple[str, str])


class _Window(MutableRecord):
    since: int
    count: int = 0
    is_told: bool = False


class Guesses(MutableRecord):
    """Counts wrong passphrases; `told` hears once a minute of each account and person whose guesses are refused.

    The guesses of another account are counted apart: nobody locks another out. Whoever has many addresses is stopped
    by the sum, which does not count for addresses from which the person got it right of late.
    """

    clock: Callable[[], int]
    told: Callable[[str, str], None] = lambda _account, _person: None
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _sums: dict[str, _Window] = field(default_factory=dict)
    _known: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one(self, account: str, person: str) -> Iterator[Callable[[], None]]:
        """Take one guess; what is handed out gives it back, for it was right. NotAllowed where the minute's are spent.

        It counts before it is looked at: a hundred at the same time are a hundred.
        """
        now = self.clock()
        with self._lock:
            windows = [(_window(self._windows, (account, person), now), MOST_GUESSES)]
            if account.startswith("address:") and now - self._known.get((account, person), -KNOWN_MS) >= KNOWN_MS:
                windows.append((_window(self._sums, person, now), MOST_FROM_AFAR))
            spent = next(((window, most) for window, most in windows if window.count >= most), None)
            is_news = spent is not None and not spent[0].is_told
            for window, _ in windows:
                window.count += spent is None
            if spent is not None:
                spent[0].is_told = True
        if spent is not None:
            if is_news:
                self.told(account, person)
            raise _refusal(account if spent[1] == MOST_GUESSES else _FROM_AFAR, person, spent, now)

        def right() -> None:
            with self._lock:
                for window, _ in windows:
                    window.count = max(0, window.count - 1)
                self._remember(account, person, now)

        yield right

    def _remember(self, account: str, person: str, now: int) -> None:
        if account.startswith("address:"):
            self._known.pop((account, person), None)
            while len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[account, person] = now


def _refusal(account: str, person: str, spent: tuple[_Window, int], now: int) -> NotAllowed:
    who = "callers over the network" if account == _FROM_AFAR else account_words(account)
    left = max(1, (spent[0].since + WINDOW_MS - now + 999) // 1000)
    whose = person or "people who are not enrolled"
    return NotAllowed(
        f"{who} got {spent[1]} passphrases for {whose} wrong", hint=f"try again in {left} s", ground=Ground.PASSPHRASE
    )


def _window(windows: dict[_Key, _Window], key: _Key, now: int) -> _Window:
    """The window of a key, which begins anew when it is over; of too many, the oldest is forgotten."""
    found = windows.get(key)
    if found is not None and now < found.since:  # the clock was set back: neither forgive nor lock out for long
        found.since = now
    if found is None or now - found.since >= WINDOW_MS:
        if len(windows) >= MOST_KNOWN:
            del windows[min(windows, key=lambda each: windows[each].since)]
        found = windows[key] = _Window(now)
    return found
