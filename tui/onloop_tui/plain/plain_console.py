"""The terminal of the plain dashboard: lines go out one after the other, and nothing is ever drawn over."""

from __future__ import annotations

import getpass
import readline
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from onloop_tui.model.drawing.terminal_text import safe

UNREAD_S = 0.3
"""An answer that comes sooner after its question was pasted, or meant something else: nobody has heard it by then."""
MOST_NEWS = 20
"""So many news wait while something is typed; of older ones it is said how many there were."""


class PlainConsole:
    """Says lines, and asks at a prompt. News come between what a person types, and never into it."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self._words = words
        self._lock = threading.Lock()
        self._prompt = ""
        self._news: list[str] = []
        self._dropped = 0
        readline.set_auto_history(True)
        readline.parse_and_bind("set enable-bracketed-paste off")
        readline.parse_and_bind("tab: complete")
        readline.set_completer_delims("")
        readline.set_completer(self._completed)

    def say(self, *lines: str) -> None:
        """Say lines, made safe to show."""
        with self._lock:
            self._write(lines)

    def ask(self, prompt: str, *, anew: bool = False) -> str | None:
        """What the person types at the prompt; None once there is no more input.

        With `anew`, what was typed before it was asked does not count, nor what comes before it can be read.
        """
        if not anew:
            return self._asked(prompt)
        while True:
            with suppress(termios.error, OSError):  # it has hung up, and there is no more input
                termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
            began = time.monotonic()
            said = self._asked(prompt)
            if said is None or time.monotonic() - began >= UNREAD_S:
                return said
            self.say("That came before it could be read, and does not count: type it again.")

    def _asked(self, prompt: str) -> str | None:
        with self._lock:
            self._write_news()
            self._prompt = prompt
        try:
            return input(prompt)
        except EOFError:
            return None
        finally:
            with self._lock:
                self._prompt = ""

    def secret(self, prompt: str) -> str | None:
        """What the person types without seeing it; None once there is no more input."""
        try:
            return getpass.getpass(prompt)
        except EOFError:
            return None

    def announce(self, lines: Sequence[str]) -> None:
        """Say news now, if nothing is being typed; else before the next prompt."""
        with self._lock:
            self._news.extend(lines)
            self._dropped += max(0, len(self._news) - MOST_NEWS)
            del self._news[:-MOST_NEWS]
            if self._news and self._prompt and not readline.get_line_buffer():
                sys.stdout.write("\n")
                self._write_news()
                sys.stdout.write(self._prompt)
                sys.stdout.flush()

    def _write_news(self) -> None:
        if self._dropped:
            self._write((f"{self._dropped} news came before these; inbox reads what needs you",))
        self._write(self._news)
        self._news.clear()
        self._dropped = 0

    def _write(self, lines: Iterable[str]) -> None:
        for words in lines:
            sys.stdout.write(f"{safe(words)}\n")
        sys.stdout.flush()

    def _completed(self, typed: str, number: int) -> str | None:
        found = sorted({word for word in self._words() if word.startswith(typed.casefold())})
        return found[number] if number < len(found) else None
