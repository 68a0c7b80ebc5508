"""A command in a terminal of its own, joined to ours: raw keys, our size, an end in time, a copy of what it showed.

It gets a terminal of its own because whatever holds ours could type into it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

LARGEST_TRANSCRIPT = 8 * 1_048_576
END_S = 2.0
_PIECE = 65_536
_LOOK_S = 1.0


class EnteredShell:
    """Runs one command; `ended` is asked each second whether it is to end, and gives the reason in words."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], ended: Callable[[], str]) -> None:
        self._argv, self._environment, self._ended = argv, environment, ended
        self.transcript = bytearray()

    def run(self) -> str:
        """Until it ends; the answer says how."""
        outer, inner = pty.openpty()
        _fit(outer)
        process = subprocess.Popen(
            list(self._argv),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=dict(self._environment),
            cwd="/",
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(inner)
        before_signal = signal.signal(signal.SIGWINCH, lambda *_: _fit(outer))
        leave_raw = _in_raw_mode()
        try:
            why = self._joined(outer)
        finally:
            leave_raw()
            signal.signal(signal.SIGWINCH, before_signal)
            os.close(outer)  # whoever reads it is hung up on
            _end(process)
        return why or f"exit code {process.returncode}"

    def _joined(self, outer: int) -> str:
        looked, sources = time.monotonic(), [0, outer]
        while True:
            ready = select.select(sources, [], [], _LOOK_S)[0]
            if outer in ready and not self._shown(outer):
                return ""
            if 0 in ready:
                typed = os.read(0, _PIECE)
                if not typed:
                    sources.remove(0)
                _write(outer, typed)
            if time.monotonic() - looked >= _LOOK_S:
                looked = time.monotonic()
                if why := self._ended():
                    return why

    def _shown(self, outer: int) -> bool:
        try:
            piece = os.read(outer, _PIECE)
        except OSError:  # nobody holds the inner end any more
            return False
        _write(1, piece)
        self.transcript += piece[: LARGEST_TRANSCRIPT - len(self.transcript)]
        return bool(piece)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _fit(outer: int) -> None:
    with suppress(OSError):
        fcntl.ioctl(outer, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0)))


def _in_raw_mode() -> Callable[[], None]:
    try:
        before = termios.tcgetattr(0)
        tty.setraw(0)
    except termios.error:
        return lambda: None

    def leave() -> None:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        sys.stdout.write("\x1b[0m\x1b[?25h\x1b[?1049l\x1b[?2004l\r\n")  # what it may have left switched on
        sys.stdout.flush()

    return leave


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGHUP, signal.SIGKILL):
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
            return
        with suppress(OSError):
            os.killpg(process.pid, number)
    process.wait()
