"""What a verb that runs until it is stopped needs: signals, pauses, and a voice."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from onloop.text import safe


def pause_until(stop: threading.Event) -> Callable[[float], None]:
    """A pause of some seconds, which ends early when the event is set."""

    def pause(seconds: float) -> None:
        stop.wait(seconds)

    return pause


class stop_signals:  # noqa: N801 - used like the functions of contextlib
    """An Event that SIGINT, SIGTERM and SIGHUP set; the end of the block restores the handlers from before."""

    def __enter__(self) -> threading.Event:
        """Install the handlers."""
        event = threading.Event()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
        return event

    def __exit__(self, *_: object) -> None:
        """Restore the handlers from before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


class drain_signal:  # noqa: N801 - used like the functions of contextlib
    """An Event that SIGUSR1 sets: begin nothing more, and end when what was begun has ended."""

    def __enter__(self) -> threading.Event:
        """Install the handler."""
        event = threading.Event()
        self._before = signal.signal(signal.SIGUSR1, lambda *_: event.set())
        return event

    def __exit__(self, *_: object) -> None:
        """Restore the handler from before."""
        signal.signal(signal.SIGUSR1, self._before)


def say(words: str) -> None:
    """Write a line to stderr; errors in writing are ignored."""
    with suppress(OSError, ValueError):
        sys.stderr.write(safe(words) + "\n")
        sys.stderr.flush()
