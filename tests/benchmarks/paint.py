"""Committed in another process → painted: the real dashboard in a real pseudo-terminal, asked 200 times.

.venv/bin/python tests/benchmarks/paint.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from benchmarks.figures import begin, opened_in, say  # noqa: E402
from benchmarks.kill_demo import environment, kill_everything  # noqa: E402
from onloop.access.opening import GatewayHandle  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.gateway.command_operations import PerformCommand  # noqa: E402
from onloop.identity.passphrase import person_from_passphrase  # noqa: E402
from onloop.identity.resolution import agent_from_token  # noqa: E402
from onloop.machine.commands import Ask, Reply  # noqa: E402
from onloop.machine.principal import Principal, launcher  # noqa: E402

SAMPLES = 200
PATIENCE_S = 5.0


def terminal(folder: Path, *words: str) -> tuple[int, int]:
    """`onloop WORDS…` as a process on a pseudo-terminal of 140×45: its pid, and our end."""
    return drawn_by(environment(folder), "-m", "onloop.cli.entry", *words)


def drawn_by(env: Mapping[str, str], *argv: str) -> tuple[int, int]:
    """Our interpreter with these arguments on such a terminal."""
    pid, ours = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, *argv], {**env, "TERM": "xterm-256color"})  # noqa: S606 - our own
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))
    return pid, ours


def seen(ours: int, marker: bytes, patience_s: float = PATIENCE_S) -> float:
    """When the marker came out of the terminal."""
    tail, end = b"", time.perf_counter() + patience_s
    while time.perf_counter() < end:
        if select.select([ours], [], [], 0.1)[0]:
            tail = tail[-200:] + os.read(ours, 65536)
            if marker in tail:
                return time.perf_counter()
    raise TimeoutError(f"{marker!r} was not painted within {patience_s} s")


def answerer(opened: GatewayHandle) -> Principal:
    """Who answers the questions; they say their passphrase once."""
    with opened.gateway.store.reading() as at:
        return person_from_passphrase(at.house(), "ana", "long enough", typed=False)


def sample(opened: GatewayHandle, ours: int, number: int, person: Principal) -> float:
    """One question asked and painted, in ms; then it is answered, so that the row goes away."""
    claim = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task="t0"))
    with opened.gateway.store.reading() as at:
        agent = agent_from_token(at, claim.secret)
    marker = f"marker{number:04}"
    task = opened.gateway.perform(PerformCommand(agent, "t0", Ask(agent.id, agent.epoch, f"{marker}?")))
    committed = time.perf_counter()
    painted = seen(ours, marker.encode())
    if person.voice is not None:
        opened.gateway.perform(PerformCommand(person, "t0", Reply(task.requests[0].id, person.voice, "yes")))
    return (painted - committed) * 1000


def paint() -> None:
    """A commit by another process → painted."""
    with tempfile.TemporaryDirectory() as name:
        opened = opened_in(Path(name))
        begin(opened, 1)
        person = answerer(opened)
        pid, ours = terminal(Path(name), "--store", str(opened.home.store), "--read-only")
        try:
            seen(ours, b"onloop")
            times = sorted(sample(opened, ours, number, person) for number in range(SAMPLES))
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        p99 = times[int(len(times) * 0.99) - 1]
        say(f"committed → painted: p50 {statistics.median(times):.0f} ms, p99 {p99:.0f} ms, worst {times[-1]:.0f} ms")


def first_request() -> None:
    """`onloop demo` → the first request on the screen."""
    with tempfile.TemporaryDirectory(prefix="onloop-first-") as name:
        began = time.perf_counter()
        pid, ours = terminal(Path(name), "demo", "--dir", f"{name}/demo")
        try:
            took = seen(ours, b"needs you 1", 60) - began
        finally:
            kill_everything(Path(name))
            os.waitpid(pid, 0)
        say(f"onloop demo → first request on the screen: {took:.1f} s")


if __name__ == "__main__":
    paint()
    first_request()
