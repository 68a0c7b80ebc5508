"""An agent as a process: started with its brief, its output kept up to a limit, ended with everything it started.

A warden (`onloop.gates.warden`) stands between worker and agent. When the worker ends for any reason, the warden ends
the agent and all that it started, so that none of it goes on working in a clone that another agent has by then.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from onloop.agents.agent_output import AgentOutput
from onloop.agents.process_record import end_remembered, remember, signal_group
from onloop.agents.workplace import written
from onloop.errors import BadInput
from onloop.gates import warden
from onloop.gates.repository.modes import umask_of_user
from onloop.remote.agent_log import HEADING

LAST_WORDS = 2_000
"""How much of the end of an agent's output is kept in memory, in bytes."""

LARGEST_LOG = 8 * 1_048_576
"""How much of one agent run's output is kept, in bytes; the rest is only counted."""

GRACE_S = 2.0
"""How long an agent has to end after SIGTERM, in seconds; after that, its warden has as long to end it."""


@dataclass(slots=True)
class AgentProcess:
    """A running agent in a session of its own, behind its warden.

    `printed` counts the bytes of its output; `last` is the end of what its log keeps of it. `has_entered` is False
    where its box could not be entered, so that it never ran.
    """

    pid: int
    record: Path
    printed: int = 0
    last: bytes = b""
    has_entered: bool = True
    output: AgentOutput = field(default_factory=AgentOutput, repr=False)
    _warden: subprocess.Popen[bytes] = field(kw_only=True, repr=False)
    _report: IO[bytes] = field(kw_only=True, repr=False)
    _reader: threading.Thread | None = field(default=None, repr=False)
    _code: int | None = None
    _kept: int = 0

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        brief: Path,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        record: Path,
        output: AgentOutput | None = None,
        heading: str = "",
        box: Mapping[str, object] | None = None,
    ) -> AgentProcess:
        """Run `argv` in `folder`, or in the ordered `box`, with `brief` as its input; BadInput if it cannot start.

        Its log begins with `heading`, a line that no agent can print: the mark before it is taken out of all else.
        `record` remembers the process, so that a later worker can end it if this one has lost the task and hangs.
        """
        end_remembered(record)
        kept = _begun_log(log, heading)
        order = {
            "argv": list(argv),
            "folder": str(folder),
            "environment": dict(environment),
            "limits": {},
            "stdin": str(brief),
            "umask": umask_of_user(),
            **({} if box is None else {"box": box}),
        }
        process, report = _ordered(order)
        answer = _read_until(report, {"started", "problem"})
        if "problem" in answer or "pid" not in answer:
            _let_go(process, report, kept)
            problem = answer.get("problem", "something ended its warden")
            raise BadInput(f"cannot run {argv[0]!r}: {problem}", hint="check the command after --")
        started = cls(answer["pid"], record, output=output or AgentOutput(), _warden=process, _report=report)
        started._reader = threading.Thread(target=started._keep, args=(process.stdout, kept), daemon=True)
        started._reader.start()
        try:
            with written(record):
                remember(record, started.pid)
        except BaseException:
            started.end()
            raise
        return started

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative for a signal), or None until the agent and all that it left behind have ended."""
        if self._code is None and self._warden.poll() is not None:
            self._code = self._reported_code()
        return self._code

    def end(self) -> int:
        """Ask the whole group to end, then kill it with all that it started; the answer is the exit code."""
        if self.exit_code is None:
            signal_group(self.pid, signal.SIGTERM)
            if not self._ended_in_time():
                _relieve(self._warden)
                if not self._ended_in_time():
                    self._kill_warden()
        self.tidy()
        code = self.exit_code
        return -signal.SIGKILL if code is None else code

    def tidy(self) -> None:
        """After the agent has ended: close its output and remove its record."""
        _relieve(self._warden)
        if self._reader is not None:
            self._reader.join(GRACE_S)
        self.record.unlink(missing_ok=True)

    def _ended_in_time(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._warden.wait(GRACE_S)
        return self._warden.returncode is not None

    def _kill_warden(self) -> None:
        """Kill the agent and a warden that does not do it, because the agent may have stopped the warden."""
        signal_group(self.pid, signal.SIGKILL)
        warden.end(warden.descendants(self._warden.pid))
        self._warden.kill()
        self._warden.wait()

    def _reported_code(self) -> int:
        """The exit code that the warden reported. If the warden was killed first, we kill the agent here."""
        with self._report as report:
            answer = _read_until(report, {"exit_code", "entered"})
        if "exit_code" not in answer:
            signal_group(self.pid, signal.SIGKILL)
        self.has_entered = answer.get("entered", True) is True
        if outgrew := answer.get("outgrew"):
            self.last += f"\n[onloop: it was ended: {outgrew}]".encode()
        code = answer.get("exit_code")
        return code if isinstance(code, int) else -signal.SIGKILL

    def _keep(self, stream: IO[bytes], log: IO[bytes]) -> None:
        with stream, log:
            while chunk := os.read(stream.fileno(), 65_536):
                self.printed += len(chunk)
                self._log(log, self.output.feed(chunk))
            self._log(log, self.output.end())
            if self._kept > LARGEST_LOG:
                _append(log, b"\n[onloop: %d bytes more were not kept]\n" % (self._kept - LARGEST_LOG))

    def _log(self, log: IO[bytes], kept: bytes) -> None:
        _append(log, kept[: max(0, LARGEST_LOG - self._kept)].replace(HEADING.encode(), b"?"))
        self._kept += len(kept)
        self.last = (self.last + kept)[-LAST_WORDS:]


def _append(log: IO[bytes], chunk: bytes) -> None:
    with suppress(OSError):  # on a full disk we lose output but read on: else the agent would block
        log.write(chunk)
        log.flush()


def _begun_log(log: Path, heading: str) -> IO[bytes]:
    """The open log, to which `heading` was added."""
    with written(log):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        kept = os.fdopen(os.open(log, flags, 0o600), "ab")
        if heading:
            _append(kept, f"{HEADING}{heading}\n".encode())
        return kept


def _ordered(order: Mapping[str, object]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A new warden that has received its order, and the stream of its reports."""
    report, report_writer = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", warden.__file__, str(report_writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            pass_fds=(report_writer,),
        )
    except BaseException:
        os.close(report)
        raise
    finally:
        os.close(report_writer)
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    return process, os.fdopen(report, "rb")


def _read_until(report: IO[bytes], awaited: Set[str]) -> dict[str, Any]:
    """What a warden reports until it reports one of the awaited keys, or ends."""
    answer: dict[str, Any] = {}
    while awaited.isdisjoint(answer) and (line := report.readline()):
        answer |= json.loads(line)
    return answer


def _relieve(process: subprocess.Popen[bytes]) -> None:
    """Make a warden end everything that is left."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


def _let_go(process: subprocess.Popen[bytes], *streams: IO[bytes]) -> None:
    """Close everything of a warden that could not start its command."""
    _relieve(process)
    for stream in (process.stdout, *streams):
        if stream is not None:
            stream.close()
    process.wait()
