"""The colours of programs, asked of a process of their own: what takes it too long is shown plain, and nobody waits."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import onloop
import onloop_tui
from onloop_tui.model.diff.dressing import PLAIN, Dressing
from onloop_tui.model.drawing.text_line import Tone

PATIENCE_S = 4.0
"""How long it may take over one page of rows, its own start included."""
MOST_STARTS = 3
"""How often it is started anew after it had to be ended."""
_LARGEST_ANSWER = 16 * 1_048_576
_MAIN = "from onloop_tui.diff.lexer_process import main; main()"


def lexer_command() -> list[str]:
    """Our own interpreter with our own code, found in no folder of anybody else's."""
    folders = [str(Path(str(package.__file__)).parents[1]) for package in (onloop, onloop_tui)]
    return [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {folders!r}; {_MAIN}"]


class Colours:
    """Asks that process, one question at a time, from any thread. Where it does not answer, rows are plain."""

    def __init__(self, command: Sequence[str] = (), patience_s: float = PATIENCE_S) -> None:
        self._command, self._patience_s = list(command) or lexer_command(), patience_s
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._is_closed = False
        self.given_up: set[str] = set()
        """The files that took too long."""

    def dressings(self, path: str, rows: Sequence[str]) -> tuple[Dressing, ...]:
        """How each of these rows of a file's patch is dressed."""
        with self._turn:
            if path in self.given_up or self._is_closed:
                return (PLAIN,) * len(rows)
            try:
                return self._asked(path, rows)
            except (OSError, ValueError, TypeError, EOFError):
                self.given_up.add(path)
                self._end()
                return (PLAIN,) * len(rows)

    def close(self) -> None:
        """End the process; who waits for it gets plain rows."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()
        with self._turn:
            self._end()

    def _asked(self, path: str, rows: Sequence[str]) -> tuple[Dressing, ...]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        process.stdin.write(json.dumps({"path": path, "rows": list(rows)}).encode() + b"\n")
        process.stdin.flush()
        pieces, marks = json.loads(self._line(process.stdout.fileno()))
        if not len(pieces) == len(marks) == len(rows):
            raise ValueError("an answer about other rows")
        return tuple(map(_dressing, pieces, marks))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            if self._starts > MOST_STARTS:
                raise OSError("it had to be ended too often")
            self._starts += 1
            pipe = subprocess.PIPE
            kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
            self._process = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=kept, start_new_session=True
            )
        return self._process

    def _line(self, handle: int) -> bytes:
        answer, end = bytearray(), time.monotonic() + self._patience_s
        while not answer.endswith(b"\n"):
            if len(answer) > _LARGEST_ANSWER:
                raise ValueError("an answer without an end")
            if not select.select([handle], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("it takes too long")
            chunk = os.read(handle, 65_536)
            if not chunk:
                raise EOFError
            answer += chunk
        return bytes(answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not sent to it goes nowhere
                    pipe.close()


def _dressing(pieces: Sequence[Sequence[object]], marks: Sequence[Sequence[object]]) -> Dressing:
    return Dressing(
        tuple((_place(start), _place(end), Tone(str(tone))) for start, end, tone in pieces),
        tuple((_place(start), _place(end)) for start, end in marks),
    )


def _place(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a place that is no number")
    return value
