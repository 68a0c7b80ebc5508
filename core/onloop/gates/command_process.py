"""Runs a command that is not trusted: with nothing inherited, within limits, and gone with all its children after."""

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
"""How long a warden may take to end a command with all its children, before that is done over its head."""

_WARDEN = Path(__file__).with_name("warden.py")
_POLL_S = 0.1
_CHUNK = 65536
_SEAM = 4096
_SWEEPS = 100
_MIB = 1024 * 1024


class Ending(StrEnum):
    """How a run came to its end."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    FLOODED = "flooded"
    OUTGREW = "outgrew"
    NOT_STARTED = "not_started"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use. File size and processor time are per process; not every system keeps to them.

    Output beyond `kept_bytes` is read and left out; a command that gives more than `flood_bytes` is ended. In a box,
    `processes` (with their threads), `memory_bytes` and `disk_bytes` are for all that it starts together, and it is
    ended beyond them; without one, memory is per process.
    """

    kept_bytes: int = 64 * 1024
    flood_bytes: int = 256 * _MIB
    memory_bytes: int = 8192 * _MIB
    file_bytes: int = 8192 * _MIB
    cpu_s: int = 4 * 3600
    processes: int = 2048
    disk_bytes: int = 8192 * _MIB

    def as_resources(self) -> dict[str, int]:
        """The limits that the system keeps, by the names of the `resource` module.

        Memory is what a process writes to (RLIMIT_DATA): runtimes reserve address space that they never use.
        """
        return {
            "RLIMIT_DATA": self.memory_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_CPU": self.cpu_s,
            "RLIMIT_CORE": 0,
        }

    def as_brakes(self) -> dict[str, int]:
        """What the system keeps of a single process in a box, where others keep the limits on all of them together.

        They are wider, so that a run that grows too large is ended for it, in words, and does not fail in its own.
        """
        return self.as_resources() | {"RLIMIT_DATA": 2 * self.memory_bytes, "RLIMIT_FSIZE": resource.RLIM_INFINITY}

    def together(self, folders: tuple[str, ...]) -> Bounds:
        """The limits on all processes of a run in a box together, whose files are in `folders`."""
        return Bounds(self.processes, self.memory_bytes, self.disk_bytes, folders)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run. `exit_code` (negative: the signal) is there if it exited.

    `problem` says why it did not start, or what it outgrew. `output` is what it wrote to standard output and error:
    all of it, or its head and tail with a line between them.
    """

    ending: Ending
    exit_code: int | None
    output: bytes
    output_bytes: int
    duration_ms: int
    problem: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether it was ended because its time was up."""
        return self.ending is Ending.TIMED_OUT


def never() -> bool:
    """A `stop` that is never asked for."""
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

    With a `box`, which needs a `view`, it sees no more than that, and all paths are named as they are inside.
    Whatever it started is ended too, on Linux also what has left its session. Elsewhere that can escape, but not make
    us wait.
    """
    allowed = limits or Limits()
    order = {"argv": list(argv), "folder": str(folder), "environment": dict(environment)}
    if box is None:
        return _ran(order | {"limits": allowed.as_resources()}, timeout_ms, allowed, stop)
    if view is None:
        raise ValueError("a box shows a view: there is none")
    bounds = allowed.together(tuple(map(str, view.writable)))
    planned = BoxPlan(box, view, argv, str(folder), environment, bounds)
    if planned.is_missing:
        return Ran(Ending.NOT_STARTED, None, b"", 0, 0, os.strerror(errno.ENOENT))
    boxed = {"box": planned.as_order(), "limits": allowed.as_brakes()}
    return _ran(order | boxed, timeout_ms, allowed, stop)


def _ran(order: Mapping[str, object], timeout_ms: int, limits: Limits, stop: Callable[[], bool]) -> Ran:
    kept = _Kept(limits.kept_bytes)
    began = time.monotonic()
    with _warden(order) as warden:
        ending = _follow(warden, kept, began + timeout_ms / 1000, limits.flood_bytes, stop)
        warden.relieve()
        kept.take(_rest(warden.output))
    exit_code, problem = warden.told.get("exit_code"), warden.told.get("problem")
    if warden.told.get("entered") is False:
        problem = kept.output().decode("utf-8", "backslashreplace").strip() or "its box could not be entered"
    outgrew = warden.told.get("outgrew")
    if ending is None:
        ending = _untroubled(exit_code, problem, outgrew)
    why = {Ending.NOT_STARTED: problem, Ending.OUTGREW: outgrew}.get(ending)
    return Ran(
        ending=ending,
        exit_code=exit_code if isinstance(exit_code, int) and ending is Ending.EXITED else None,
        output=kept.output(),
        output_bytes=kept.total,
        duration_ms=int((time.monotonic() - began) * 1000),
        problem="" if why is None else str(why),
    )


def _untroubled(exit_code: object, problem: object, outgrew: object) -> Ending:
    """The ending of a run that we did not cut short."""
    if outgrew is not None:
        return Ending.OUTGREW
    if problem is not None:
        return Ending.NOT_STARTED
    return Ending.LOST if exit_code is None else Ending.EXITED


def _follow(warden: _Warden, kept: _Kept, deadline: float, flood_bytes: int, stop: Callable[[], bool]) -> Ending | None:
    """Reads what the command and its warden say until the warden is gone; else why they are not heard out."""
    next_look = 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(warden.output, selectors.EVENT_READ, kept.take)
        selector.register(warden.report, selectors.EVENT_READ, warden.hear)
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

    def take(self, chunk: bytes) -> None:
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
        """All of it, or head and tail, parted between words: half a secret would not be known for one."""
        head, tail = bytes(self._head), bytes(self._tail[-self._tail_cap :])
        if self.total == len(head) + len(tail):
            return head + tail
        last_gap = max(head.rfind(b"\n", -_SEAM), head.rfind(b" ", -_SEAM))
        head = head[: last_gap + 1] if last_gap >= 0 else head
        first_gap = min((at for gap in b"\n " if (at := tail.find(gap, 0, _SEAM)) >= 0), default=-1)
        tail = tail[first_gap + 1 :]
        return head + b"\n[onloop: %d bytes left out here]\n" % (self.total - len(head) - len(tail)) + tail


@dataclass(slots=True)
class _Warden:
    """A running `warden.py` and what it has told."""

    process: subprocess.Popen[bytes]
    output: int
    report: int
    told: dict[str, object] = field(default_factory=dict)
    _said: bytes = b""

    def hear(self, chunk: bytes) -> None:
        *lines, self._said = (self._said + chunk).split(b"\n")
        for line in lines:
            self.told |= json.loads(line)

    def relieve(self) -> None:
        """Has it end everything, and sees to it that this was done: the command may have stopped or killed it."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _end_below(self.process.pid)
            self.process.kill()
            self.process.wait()
        self.hear(_rest(self.report))
        pid = self.told.get("pid")
        if "exit_code" not in self.told and isinstance(pid, int):
            end_group(pid)


def _rest(pipe: int) -> bytes:
    """What is still in a pipe; not what somebody who escaped goes on to write."""
    os.set_blocking(pipe, False)
    found = b""
    with suppress(BlockingIOError):
        while len(found) < _MIB and (chunk := os.read(pipe, _CHUNK)):
            found += chunk
    return found


def _end_below(root: int) -> None:
    for _ in range(_SWEEPS):
        found = descendants(root)
        end(found)
        if not found:
            return


@contextmanager
def _warden(order: Mapping[str, object]) -> Iterator[_Warden]:
    heard, said = os.pipe()
    try:
        with _launched(said) as process:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
            warden = _Warden(process, process.stdout.fileno(), heard)
            try:
                with suppress(BrokenPipeError):
                    process.stdin.write(json.dumps(order).encode() + b"\n")
                    process.stdin.flush()
                yield warden
            finally:
                warden.relieve()
    finally:
        os.close(heard)


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
