"""An agent as a process: started with its brief, its output kept and capped, ended with everything it started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from onloop.agents.record import end_remembered, remember, signal_group
from onloop.errors import BadInput

LARGEST_LOG = 8 * 1_048_576
"""How much of what one agent run prints is kept, in bytes; the rest is counted."""

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1

GRACE_S = 2.0
"""How long an agent has between being asked to end and being ended, in seconds."""


@dataclass(slots=True)
class AgentProcess:
    """A running agent in a process group of its own."""

    process: subprocess.Popen[bytes]
    record: Path
    printed: int = 0
    _reader: threading.Thread | None = field(default=None, repr=False)

    @classmethod
    def start(
        cls, argv: Sequence[str], *, brief: Path, folder: Path, environment: Mapping[str, str], log: Path, record: Path
    ) -> AgentProcess:
        """Run `argv` in `folder` with `brief` as standard input; BadInput if it cannot be run at all.

        `record` remembers the process, so that a later worker can end it if this one is killed.
        """
        end_remembered(record)
        try:
            with brief.open("rb") as stdin:
                process = subprocess.Popen(
                    list(argv),
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=dict(environment),
                    start_new_session=True,
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
        except OSError as problem:
            raise BadInput(
                f"{argv[0]!r} cannot be run: {problem.strerror}", hint="check the command after --"
            ) from None
        remember(record, process.pid)
        started = cls(process, record)
        if process.stdout is not None:
            started._reader = threading.Thread(target=started._keep, args=(process.stdout, log), daemon=True)
            started._reader.start()
        return started

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative for a signal), or None while it runs."""
        return self.process.poll()

    def end(self) -> int:
        """Ask the whole group to end, then end it; the answer is the exit code."""
        signal_group(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.tidy()
        return code

    def tidy(self) -> None:
        """After the agent itself has ended: end what it left behind, and let go of its output."""
        signal_group(self.process.pid, signal.SIGKILL)
        if self._reader is not None:
            self._reader.join(GRACE_S)
        self.record.unlink(missing_ok=True)

    def _keep(self, stream: IO[bytes], log: Path) -> None:
        with stream, log.open("ab") as file:
            while chunk := os.read(stream.fileno(), 65_536):
                room = max(0, LARGEST_LOG - self.printed)
                file.write(chunk[:room])
                file.flush()
                self.printed += len(chunk)
            if self.printed > LARGEST_LOG:
                file.write(b"\n[onloop: %d bytes more were not kept]\n" % (self.printed - LARGEST_LOG))


def _die_with_parent() -> None:
    """Linux: an agent does not outlive its worker, however that ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
