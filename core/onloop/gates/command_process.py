"""Runs an untrusted command: it inherits nothing, stays within limits, and leaves no process behind."""

from __future__ import annotations

import errno
import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from onloop.gates.box.kind import Box
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.plan import BoxPlan
from onloop.gates.box.visible import VisibleFiles
from onloop.gates.warden import descendants, end, end_group

GRACE_S = 5.0
"""How long a warden may take to end a command and its children before we end them ourselves."""

_WARDEN = Path(__file__).with_name("warden.py")
_POLL_S = 0.1
_CHUNK = 65536
_SEAM = 4096
_SWEEPS = 100
_MIB = 1024 * 1024


class Ending(StrEnum):
    """How a run ended."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    FLOODED = "flooded"
    OUTGREW = "outgrew"
    NOT_STARTED = "not_started"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. File size and processor time are per process; not every system enforces them.

    Output beyond `kept_bytes` is read and dropped; a command that prints more than `flood_bytes` is ended. In a box,
    `processes` (with their threads), `memory_bytes` and `disk_bytes` limit all its processes together, and a command
    that exceeds one is ended; without a box, memory is per process.
    """

    kept_bytes: int = 64 * 1024
    flood_bytes: int = 256 * _MIB
    memory_bytes: int = 8192 * _MIB
    file_bytes: int = 8192 * _MIB
    cpu_s: int = 4 * 3600
    processes: int = 2048
    disk_bytes: int = 8192 * _MIB

    def as_resources(self) -> dict[str, int]:
        """The limits that the system enforces, by the names of the `resource` module.

        Memory is what a process writes to (RLIMIT_DATA): runtimes reserve address space that they never use.
        """
        return {
            "RLIMIT_DATA": self.memory_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_CPU": self.cpu_s,
            "RLIMIT_CORE": 0,
        }

    def as_brakes(self) -> dict[str, int]:
        """The limits on a single process in a box, wider than the limits on all of them together.

        So the shared limit is met first: the run ends with a reason in words, and not with an error of its own.
        """
        return self.as_resources() | {"RLIMIT_DATA": 2 * self.memory_bytes, "RLIMIT_FSIZE": resource.RLIM_INFINITY}

    def together(self, folders: tuple[str, ...]) -> Bounds:
        """The limits on all processes of a run in a box together, whose files are in `folders`."""
        return Bounds(self.processes, self.memory_bytes, self.disk_bytes, folders)


@dataclass(frozen=True, slots=True)
class Ran:
    """The outcome of a run. `exit_code` (negative: the signal) is set if the command exited.

    `problem` says why it did not start, or which limit it exceeded. `output` is what it wrote to standard output and
    error: all of it, or its head and tail with a line between them.
    """

    ending: Ending
    exit_code: int | None
    output: bytes
    output_bytes: int
    duration_ms: int
    problem: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether the run was ended because it took too long."""
        return self.ending is Ending.TIMED_OUT


def never() -> bool:
    """A `stop` that always says no."""
    return False


def run(
    argv: Sequence[str],
    *,
    folder: str | Path,
    environment: Mapping[str, str],
    timeout_ms: int,
    limits: Limits | None = None,
    stop: Callable[[], bool] = never,
    box: Box | None = None,
    view: VisibleFiles | None = None,
) -> Ran:
    """Runs `argv` in `folder` with exactly `environment`, until it exits, its time is up, or `stop` says so.

    A `box` needs a `view`: the command sees no more than the view, and all paths are given as they are inside.
    Everything that the command started is ended too, on Linux even what has left its session. On other systems such a
    process can survive, but it cannot make us wait.
    """
    allowed = limits or Limits()
    order = {"argv": list(argv), "folder": str(folder), "environment": dict(environment)}
    if box is None:
        return _ran(order | {"limits": allowed.as_resources()}, timeout_ms, allowed, stop)
    if view is None:
        raise ValueError("a box needs a view, and none was given")
    bounds = allowed.together(tuple(map(str, view.written)))
    planned = BoxPlan(box, view, argv, str(folder), environment, bounds)
    if planned.is_missing:
        return Ran(Ending.NOT_STARTED, None, b"", 0, 0, os.strerror(errno.ENOENT))
    boxed = {"box": planned.as_order(), "limits": allowed.as_brakes()}
    return _ran(order | boxed, timeout_ms, allowed, stop)


def run_ordered(order: Mapping[str, object], *, timeout_ms: int, stop: Callable[[], bool] = never) -> Ran:
    """Runs what a warden's order says, box and all, as `run` does."""
    limits = Limits()
    return _ran({**order, "limits": {}}, timeout_ms, limits, stop)


def _ran(order: Mapping[str, object], timeout_ms: int, limits: Limits, stop: Callable[[], bool]) -> Ran:
    kept = _Kept(limits.kept_bytes)
    began = time.monotonic()
    with _warden(order) as warden:
        ending = _follow(warden, kept, began + timeout_ms / 1000, limits.flood_bytes, stop)
        warden.relieve()
        kept.add(_rest(warden.output))
    exit_code, problem = warden.reported.get("exit_code"), warden.reported.get("problem")
    if warden.reported.get("entered") is False:
        problem = kept.output().decode("utf-8", "backslashreplace").strip() or "its box could not be entered"
    outgrew = warden.reported.get("outgrew")
    if ending is None:
        ending = _own_ending(exit_code, problem, outgrew)
    why = {Ending.NOT_STARTED: problem, Ending.OUTGREW: outgrew}.get(ending)
    return Ran(
        ending=ending,
        exit_code=exit_code if isinstance(exit_code, int) and ending is Ending.EXITED else None,
        output=kept.output(),
        output_bytes=kept.total,
        duration_ms=int((time.monotonic() - began) * 1000),
        problem="" if why is None else str(why),
    )


def _own_ending(exit_code: object, problem: object, outgrew: object) -> Ending:
    """The ending of a run that we did not end ourselves."""
    if outgrew is not None:
        return Ending.OUTGREW
    if problem is not None:
        return Ending.NOT_STARTED
    return Ending.LOST if exit_code is None else Ending.EXITED


def _follow(warden: _Warden, kept: _Kept, deadline: float, flood_bytes: int, stop: Callable[[], bool]) -> Ending | None:
    """Reads what the command and its warden write until the warden is gone; the answer is why we stopped earlier."""
    next_look = 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(warden.output, selectors.EVENT_READ, kept.add)
        selector.register(warden.report, selectors.EVENT_READ, warden.receive)
        while warden.report in selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                return Ending.TIMED_OUT
            if kept.total > flood_bytes:
                return Ending.FLOODED
            if now >= next_look:
                next_look = now + _POLL_S
                if stop():
                    return Ending.STOPPED
            for key, _ in selector.select(min(_POLL_S, deadline - now)):
                if chunk := os.read(key.fd, _CHUNK):
                    key.data(chunk)
                else:
                    selector.unregister(key.fileobj)
    return None


@dataclass(slots=True)
class _Kept:
    """The head and the tail of an output of any length."""

    cap: int
    total: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self.cap // 4 - len(self._head)
        self._head += chunk[: max(0, room)]
        self._tail += chunk[max(0, room) :]
        if len(self._tail) > 2 * self._tail_cap + _CHUNK:
            del self._tail[: -self._tail_cap]

    @property
    def _tail_cap(self) -> int:
        return self.cap - self.cap // 4

    def output(self) -> bytes:
        """All of it, or head and tail, cut between words: redaction would not recognise half a secret."""
        head, tail = bytes(self._head), bytes(self._tail[-self._tail_cap :])
        if self.total == len(head) + len(tail):
            return head + tail
        last_gap = max(head.rfind(b"\n", -_SEAM), head.rfind(b" ", -_SEAM))
        head = head[: last_gap + 1] if last_gap >= 0 else head
        gaps = (tail.find(gap, 0, _SEAM) for gap in b"\n ")
        first_gap = min((position for position in gaps if position >= 0), default=-1)
        tail = tail[first_gap + 1 :]
        return head + b"\n[onloop: %d bytes left out here]\n" % (self.total - len(head) - len(tail)) + tail


@dataclass(slots=True)
class _Warden:
    """A running `warden.py` and what it has reported."""

    process: subprocess.Popen[bytes]
    output: int
    report: int
    reported: dict[str, object] = field(default_factory=dict)
    _unfinished_line: bytes = b""

    def receive(self, chunk: bytes) -> None:
        *lines, self._unfinished_line = (self._unfinished_line + chunk).split(b"\n")
        for line in lines:
            self.reported |= json.loads(line)

    def relieve(self) -> None:
        """Makes the warden end everything, and does it here if it cannot: the command may have stopped or killed it."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _end_below(self.process.pid)
            self.process.kill()
            self.process.wait()
        self.receive(_rest(self.report))
        pid = self.reported.get("pid")
        if "exit_code" not in self.reported and isinstance(pid, int):
            end_group(pid)


def _rest(pipe: int) -> bytes:
    """What is still in a pipe, at most 1 MiB: a process that escaped may go on writing."""
    os.set_blocking(pipe, False)
    content = b""
    with suppress(BlockingIOError):
        while len(content) < _MIB and (chunk := os.read(pipe, _CHUNK)):
            content += chunk
    return content


def _end_below(root: int) -> None:
    for _ in range(_SWEEPS):
        pids = descendants(root)
        end(pids)
        if not pids:
            return


@contextmanager
def _warden(order: Mapping[str, object]) -> Iterator[_Warden]:
    report, report_writer = os.pipe()
    try:
        with _launched(report_writer) as process:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
            warden = _Warden(process, process.stdout.fileno(), report)
            try:
                with suppress(BrokenPipeError):
                    process.stdin.write(json.dumps(order).encode() + b"\n")
                    process.stdin.flush()
                yield warden
            finally:
                warden.relieve()
    finally:
        os.close(report)


def _launched(report: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WARDEN), str(report)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            pass_fds=(report,),
        )
    finally:
        os.close(report)
