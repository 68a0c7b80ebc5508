"""A dashboard in a real terminal: a private tmux server, keys as a person sends them, and what the screen shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.waiting import DEADLINE_S

AGAIN_S = 0.5
"""Keys that come right after something came up are not taken as meant for it; so a person presses again."""

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed, so no terminal is driven")


@dataclass(frozen=True, slots=True)
class Pane:
    """One program in one pane of a tmux server of its own."""

    server: Path

    def tmux(self, *argv: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self.server), *argv], capture_output=True, text=True, check=True)
        return done.stdout

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    @property
    def coloured(self) -> str:
        """With the escape sequences that the terminal understood."""
        return self.tmux("capture-pane", "-p", "-e")

    def told(self, variable: str) -> str:
        return self.tmux("display-message", "-p", f"#{{{variable}}}").rstrip("\n")

    def end(self) -> None:
        """Take the terminal away, if it is there still."""
        subprocess.run(["tmux", "-S", str(self.server), "kill-server"], capture_output=True, check=False)

    @property
    def process(self) -> int:
        """The id of the program that runs in it."""
        shell = self.told("pane_pid")
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def type(self, words: str) -> None:
        self.tmux("send-keys", "-l", words)

    def has(self, words: Sequence[str], without: str, seconds: float) -> bool:
        """Whether, within so many seconds, all the words are on the screen, and `without`, if there is one, is not."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen
            if all(word in screen for word in words) and not (without and without in screen):
                return True
            if time.monotonic() > deadline:
                return False

    def shows(self, *words: str, without: str = "") -> None:
        assert self.has(words, without, DEADLINE_S), f"{words} without {without!r} never came:\n{self.screen}"

    def insist(self, key: str, *words: str, without: str = "") -> None:
        """Press a key until it was taken; what it leads to is looked for before it is pressed again."""
        for _ in range(int(DEADLINE_S / AGAIN_S)):
            self.press(key)
            if self.has(words, without, AGAIN_S):
                return
        raise AssertionError(f"{key} never led to {words}:\n{self.screen}")


@contextmanager
def pane(
    folder: Path,
    *argv: str,
    module: str = "onloop_tui",
    environment: Mapping[str, str] | None = None,
    size: tuple[int, int] = (120, 36),
) -> Iterator[Pane]:
    """The dashboard, or another module, with these arguments, in a shell that says how it ended."""
    server = folder / "tmux"
    given = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "COLORTERM": "truecolor",
        **(environment or {}),
    }
    words = [*(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", module, *argv]
    script = folder / "run.sh"
    script.write_text(f'cd "{folder}"\nenv -u COLUMNS -u LINES "$@"\necho "it ended with $?"\nexec cat\n')
    found = Pane(server)
    found.tmux(
        "-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "sh", str(script), *words
    )
    try:
        yield found
    finally:
        found.end()


@contextmanager
def shell(folder: Path, environment: Mapping[str, str], size: tuple[int, int] = (130, 120)) -> Iterator[Pane]:
    """A person's shell in a folder, with this environment alone, and a long memory of what was on the screen."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as place:
        found = Pane(Path(place) / "server")
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), "bash", "--norc"]
        found.tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1])),
            *("-c", str(folder), *words),
        )
        try:
            yield found
        finally:
            found.end()
