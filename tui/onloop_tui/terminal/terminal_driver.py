"""Textual's driver for a real terminal, which waits for a slow line, and stops and goes on as a shell asks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition
from textual.message import Message

from onloop_tui.terminal.line_pace import LinePace
from onloop_tui.terminal.reading_order import ITS_OWN_ORDER, LOGICAL_ORDER, leaves_order_to_us
from onloop_tui.terminal.shown_cells import ShownCells

WHERE_ARE_YOU = "\x1b[6n"
"""Asks for the place of the cursor. Hardly a terminal does not answer, and the answer can be nothing else."""
MOST_QUEUED = 8
"""As many writes may wait for a terminal that takes none before nothing is painted."""
LAST_ANSWER_S = 1.0
"""How long the end waits for the last answer, which would be typed into the shell."""


class TerminalDriver(LinuxDriver):
    """See LinuxDriver. It also knows whether what was painted has arrived."""

    _writes = False
    sent = 0
    """How many bytes were sent so far."""

    def may_paint(self, *, urgent: bool) -> bool:
        """Whether to paint now: not while the terminal is behind."""
        writer = self._writer_thread
        if writer is not None and writer._queue.qsize() > MOST_QUEUED:  # noqa: SLF001 - nothing else says how far behind
            return False
        return self.pace.may_paint(time.monotonic(), urgent=urgent)

    @contextmanager
    def painting(self) -> Iterator[None]:
        """What is written inside is one painting; ask afterwards whether it has arrived."""
        before = self.sent
        yield
        if self._writes and self.sent > before:
            self.pace.painted(time.monotonic(), self.sent - before)
            self._is_quiet.clear()
            self.write(WHERE_ARE_YOU)

    def write(self, data: str) -> None:
        """See LinuxDriver."""
        self.sent += len(data.encode("utf-8", "replace"))
        super().write(data)

    def process_message(self, message: Message) -> None:
        """See LinuxDriver; answers stay here."""
        if isinstance(message, CursorPosition):
            self.pace.answered(time.monotonic())
            if not self.pace.is_asked:
                self._is_quiet.set()
        else:
            super().process_message(message)

    def start_application_mode(self) -> None:
        """See LinuxDriver."""
        self.pace, self.shown = LinePace(), ShownCells()
        self._is_quiet = Event()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._writes = self._key_thread is not None and self._key_thread.is_alive()
        if self._writes and leaves_order_to_us(os.environ):
            self.write(LOGICAL_ORDER)

    def stop_application_mode(self) -> None:
        """See LinuxDriver."""
        if self._writes:
            self._writes = False
            if self.pace.is_asked:
                self._is_quiet.wait(LAST_ANSWER_S)
            if leaves_order_to_us(os.environ):
                self.write(ITS_OWN_ORDER)
        super().stop_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        """Go on. Whoever stopped us by force may have had the terminal, so everything about it is set anew."""
        if self._auto_restart and self._writes:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application()
