"""Stands between a verifier or a worker and a command, so that nothing that the command starts outlives it.

`onloop.gates.command_process` (for gates) and `onloop.agents.agent_process` (for agents) run this file as a script,
`python -I -S warden.py FD`. Standard input brings an order, one line of JSON, and then stays open. Its end means "end
everything"; it also ends when the process that gave the order is killed. The warden writes lines of JSON to FD:
`{"pid": …}`, before the command could end its warden; `{"started": true}`, or `{"problem": …}` if the command cannot
start; then `{"exit_code": …}`.

It is a process of its own because Linux hands orphans to the nearest reaper. Here every orphan belongs to the command,
while the process that gave the order may have other children.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from onloop.gates.box.entrance import Entrance
    from onloop.gates.box.limits.watch import ResourceWatch

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_LIBC = ctypes.CDLL(None) if _LINUX else None
_PROC = Path("/proc")
_SOURCE = Path(__file__).parents[2]
_ORDERS = 0
_SWEEP_S = 0.02


def descendants(root: int) -> tuple[int, ...]:
    """The processes below `root`, as /proc lists them now; none without /proc."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return tuple(found)


def end(pids: tuple[int, ...]) -> bool:
    """Kills processes, and skips those that are gone or not ours. False if none of them is ours."""
    foreign = 0
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            foreign += 1
        except ProcessLookupError:
            continue
    return not pids or foreign < len(pids)


def end_group(group: int) -> None:
    """Kills a process group, if it still exists."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _parents() -> Iterator[tuple[int, int]]:
    if not _PROC.is_dir():
        return
    for name in os.listdir(_PROC):  # noqa: PTH208 - names only, and there may be thousands
        if name.isdigit():
            with suppress(OSError):
                stat = (_PROC / name / "stat").read_bytes()
                yield int(name), int(stat[stat.rindex(b")") + 1 :].split()[1])


def _control(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)


def _order() -> dict[str, Any] | None:
    """The order on standard input; None if the input ends before the order is complete."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(_ORDERS, 65536)
        if not chunk:
            return None
        line += chunk
    order: dict[str, Any] = json.loads(line)
    return order


def _start(
    report: int,
    way: _Direct | Entrance,
    limits: Mapping[str, int],
    stdin: str = os.devnull,
    umask: int = 0o022,
) -> subprocess.Popen[bytes]:
    """Starts the command of an order, with the file `stdin` as its standard input; umask -1 inherits the umask."""

    def prepare() -> None:  # between fork and exec, which is safe here: this process has one thread
        _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _say(report, pid=os.getpid())
        for name, value in limits.items():
            _limit(getattr(resource, name, None), value)
        try:
            way.prepare()
        except Exception as problem:
            _say(report, problem=_words(problem))
            raise

    try:
        with Path(stdin).open("rb") as given:
            return subprocess.Popen(
                way.argv,
                cwd=way.folder,
                env=way.environment,
                stdin=given,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=umask,
                pass_fds=way.descriptors,
                preexec_fn=prepare,
            )
    finally:
        way.close()


class _Direct(NamedTuple):
    """The way to a command that runs without a box."""

    argv: list[str]
    folder: str
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    watch: None = None

    def prepare(self) -> None:
        """Do nothing: there is no box to enter."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def code(self, exit_code: int | None) -> int | None:
        """The exit code that the warden saw, which is the command's own."""
        return exit_code


def _way(order: dict[str, Any]) -> _Direct | Entrance:
    """The way to the command of an order. The code that makes boxes is loaded only if the order asks for one."""
    command = {name: order.pop(name) for name in ("argv", "folder", "environment")}
    box = order.pop("box", None)
    if box is None:
        return _Direct(**command)
    sys.path.append(str(_SOURCE))
    from onloop.gates.box.entrance import entrance

    return entrance(box, command, descendants)


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)


def _limit(kind: int | None, value: int) -> None:
    if kind is not None:
        with suppress(ValueError, OSError):
            most = resource.getrlimit(kind)[1]
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(kind, (value, value))


class _Ward:
    """The command and all orphans that it leaves."""

    def __init__(self, process: subprocess.Popen[bytes], bell: int, watch: ResourceWatch | None) -> None:
        self.pid = process.pid
        self.outgrew: str | None = None
        self._watch = watch
        self._process = process  # kept, and never polled: it would reap the command, also when it is thrown away
        self.exit_code: int | None = None
        self._bell = bell

    def wait(self) -> None:
        """Wait until the command has ended, has exceeded a limit, or standard input has ended."""
        while self._has_children() and self.exit_code is None and self.outgrew is None:
            pause = None if self._watch is None else self._watch.pause_s
            if _ORDERS in self._listen(pause, _ORDERS, self._bell):
                return
            if self._watch is not None and self._watch.is_due and self._has_children() and self.exit_code is None:
                self.outgrew = self._watch.look()

    def end(self) -> None:
        """Kills all that is left, until nothing is left to wait for, or only processes that we may not kill."""
        end_group(self.pid)
        while self._has_children() and end(descendants(os.getpid())):
            self._listen(_SWEEP_S, self._bell)

    def look_back(self) -> None:
        """Checks the limits once more after everything has ended."""
        if self._watch is not None:
            self.outgrew = self.outgrew or self._watch.look(last=True)
            self._watch.close()

    def _listen(self, seconds: float | None, *sources: int) -> list[int]:
        ready: list[int] = select.select(sources, [], [], seconds)[0]
        if self._bell in ready:
            os.read(self._bell, 4096)
        return ready

    def _has_children(self) -> bool:
        """Whether any child is left, after collecting those that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.pid:
                self.exit_code = os.waitstatus_to_exitcode(status)


def _bell() -> int:
    """A descriptor that becomes readable whenever a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _watch(report: int) -> None:
    order = _order()
    if order is None:
        return
    bell = _bell()
    try:
        way = _way(order)
        ward = _Ward(_start(report, way, **order), bell, way.watch)
    except subprocess.SubprocessError:
        return  # the child process has already reported why it could not become the command
    except (OSError, ValueError) as problem:
        _say(report, problem=_words(problem))
        return
    _say(report, started=True)
    ward.wait()
    code = ward.exit_code
    ward.end()
    ward.look_back()
    if ward.outgrew is not None:
        _say(report, outgrew=ward.outgrew)
    own = way.code(code)
    if own is None and code is not None:
        _say(report, entered=False)
    else:
        _say(report, exit_code=own)


def _say(report: int, **words: object) -> None:
    with suppress(BrokenPipeError):
        os.write(report, json.dumps(words).encode() + b"\n")


def _main() -> None:
    report = int(sys.argv[1])
    os.set_inheritable(report, False)
    _control(_PR_SET_CHILD_SUBREAPER, 1)
    _control(_PR_SET_DUMPABLE, 0)  # a command of the same user may not open our descriptors and report in our place
    _watch(report)
    os._exit(0)


if __name__ == "__main__":
    _main()
