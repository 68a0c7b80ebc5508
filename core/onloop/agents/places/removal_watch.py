"""The worker's end of the process that removes its environments if it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from onloop.agents.places import removal_keeper


class RemovalWatch:
    """Started with the first environment that needs it; every thread of the worker may speak to it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, environment: str, argv: tuple[str, ...]) -> None:
        """From now on, remove the environment by this command if the worker is killed; with no words, do nothing."""
        if argv:
            self._say({"add": environment, "argv": argv})

    def drop(self, environment: str) -> None:
        """It was removed."""
        if self._process is not None:
            self._say({"drop": environment})

    def close(self) -> None:
        """The worker ends and has removed everything that it could; what is left is tried once more."""
        with self._turn:
            process, self._process = self._process, None
            if process is not None and process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(removal_keeper.TRY_S)

    def _say(self, words: dict[str, object]) -> None:
        line = json.dumps(words).encode() + b"\n"
        with self._turn:
            if self._process is None or self._process.poll() is not None:
                self._process = _started()
            stdin = self._process.stdin
            if stdin is not None:
                with suppress(OSError):
                    stdin.write(line)
                    stdin.flush()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(removal_keeper.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
