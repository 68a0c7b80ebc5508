"""Gateways as processes that are killed and started again, each with a state folder of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onloop.errors import OnloopError
from onloop.remote.unix_socket import connected
from support.waiting import DEADLINE_S, wait_for


@dataclass(slots=True)
class GatewayProcess:
    """`onloop serve WORDS…` in an environment; `socket` is where it answers, `store` whose owner may listen there."""

    environment: Mapping[str, str]
    socket: Path
    store: Path
    words: Sequence[str] = ()
    folder: Path = Path("/")
    process: subprocess.Popen[str] | None = field(default=None)
    starts: int = 0

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        command = [sys.executable, "-m", "onloop.cli.entry", "serve", *self.words]
        self.starts += 1
        with (self.folder / f"serve-{self.starts % 2}.err").open("w") as said:
            self.process = subprocess.Popen(
                command, env=dict(self.environment), stderr=said, stdout=said, text=True, cwd=self.folder
            )

    def await_answer(self) -> None:
        """Wait until it answers."""
        process = self.process
        assert process is not None
        wait_for(lambda: process.poll() is not None or self._answers(), lambda: f"it does not come up: {self.said}")
        assert process.poll() is None, f"it ended by itself: {self.said}"

    def _answers(self) -> bool:
        try:
            connected(self.socket, 5, self.store).close()
        except OnloopError:
            return False
        return True

    @property
    def said(self) -> str:
        """What it printed since it was started last."""
        return (self.folder / f"serve-{self.starts % 2}.err").read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """As a machine without power would: nothing is finished."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def stop(self, *, may_complain: bool = False) -> None:
        """Tell it to stop; it does, and has no trouble to tell of, unless its store had."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(DEADLINE_S) == 0, self.said
        assert may_complain or "trouble" not in self.said, self.said
