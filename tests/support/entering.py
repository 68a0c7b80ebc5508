"""A person in `onloop enter`: a terminal of their own, what they type, and what it shows."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.waiting import DEADLINE_S
from support.world import PASSPHRASE, World


class PersonInside:
    """The person's end of the terminal."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self._process, self._end = process, end
        self.shown = ""

    def types(self, text: str) -> None:
        """Type it."""
        os.write(self._end, text.encode())

    def says(self, condition: Callable[[str], bool], deadline_s: float = DEADLINE_S) -> None:
        """Wait until what was shown is as the condition wants it."""
        end = time.monotonic() + deadline_s
        while not condition(self.shown):
            assert time.monotonic() < end, self.shown
            if select.select([self._end], [], [], 0.1)[0] and not self._read():
                assert condition(self.shown), self.shown
                return

    def ends(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait for its end; the answer is its exit code."""
        end = time.monotonic() + deadline_s
        while self._process.poll() is None:
            assert time.monotonic() < end, self.shown
            if select.select([self._end], [], [], 0.1)[0]:
                self._read()
        return self._process.returncode

    def _read(self) -> bool:
        try:
            piece = os.read(self._end, 65_536)
        except OSError:  # the other end was closed
            return False
        self.shown += piece.decode("utf-8", "replace")
        return bool(piece)


@contextmanager
def enters(world: World, task: str, *words: str) -> Iterator[PersonInside]:
    """`onloop enter TASK` by ana."""
    outer, inner = pty.openpty()
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE.encode() + b"\n")
    os.close(writer)
    argv = ("enter", task, "--as", "ana", "--passphrase-fd", str(reader), *words)
    process = subprocess.Popen(
        [sys.executable, "-m", "onloop.cli.entry", *argv],
        env={**world.environment, "TERM": "xterm"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        pass_fds=(reader,),
        start_new_session=True,
    )
    os.close(inner)
    os.close(reader)
    try:
        yield PersonInside(process, outer)
    finally:
        process.kill()
        process.wait()
        os.close(outer)
