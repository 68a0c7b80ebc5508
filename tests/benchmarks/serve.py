"""Transitions per second through the real service: by the file and through `onloop serve`, beside raw rows.

.venv/bin/python tests/benchmarks/serve.py [closed] [open]

Closed: each of 1, 8 and 64 processes claims and releases a task of its own, again and again. Open: 64 processes at
1,000 transitions per second in all, at random moments; latency counts from when each was due.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import _raw, begin, opened_in, say  # noqa: E402
from onloop.access.opening import GatewayHandle, open_file, open_home  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.gateway.command_operations import PerformCommand  # noqa: E402
from onloop.home import Home  # noqa: E402
from onloop.machine.commands import Release, ReleaseCause  # noqa: E402
from onloop.machine.principal import Principal, PrincipalKind, launcher  # noqa: E402
from onloop.store.codec import to_text  # noqa: E402

SECONDS = 4.0
OPEN_RATE, OPEN_PROCESSES = 1_000, 64


def pair(opened: GatewayHandle, task: str) -> Iterator[float]:
    """Two transitions; how long each took, in seconds."""
    began = time.perf_counter()
    got = opened.gateway.perform(ClaimTask(launcher("b"), "agent:a", "r", task=task, lease_ms=3_600_000))
    yield time.perf_counter() - began
    began = time.perf_counter()
    agent = Principal(PrincipalKind.AGENT, "a", task, got.task.epoch, "a.b")
    opened.gateway.perform(PerformCommand(agent, task, Release(agent.id, agent.epoch, ReleaseCause.STOPPED)))
    yield time.perf_counter() - began


def worker(folder: str, task: str, through: str, rate: float) -> None:
    """One process: closed loop at rate 0, else open loop at so many transitions a second. Prints its latencies."""
    home = Home(Path(folder) / "store")
    opened = open_home(home) if through == "serve" else open_file(home)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    start = float(sys.stdin.readline())
    time.sleep(max(0.0, start - time.time()))
    end, took, dice = time.perf_counter() + SECONDS, list[float](), random.Random(task)  # noqa: S311
    due = time.perf_counter()
    while time.perf_counter() < end:
        if rate:
            due += dice.expovariate(rate / 2)
            time.sleep(max(0.0, due - time.perf_counter()))
            late = max(0.0, time.perf_counter() - due)
            took += [late + seconds for seconds in pair(opened, task)]
        else:
            took += pair(opened, task)
    opened.close()
    sys.stdout.write(json.dumps(took))


def together(folder: Path, count: int, through: str, rate: float = 0) -> list[list[float]]:
    """The latencies of so many processes that work at the same time."""
    command = [sys.executable, __file__, "--worker", str(folder)]
    running = [
        subprocess.Popen(
            [*command, f"t{number}", through, str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    start = time.time() + 0.5
    for process in running:
        assert process.stdin is not None
        process.stdin.write(f"{start}\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in running]


@contextmanager
def serving(folder: Path, through: str) -> Iterator[None]:
    """A resident gateway, where one is wanted."""
    if through != "serve":
        yield
        return
    env = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    command = [sys.executable, "-m", "onloop.cli.entry", "serve", "--store", str(folder / "store")]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        while not Home(folder / "store").socket.exists():
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def measured(count: int, through: str, rate: float = 0) -> tuple[float, list[list[float]], float]:
    """Transitions per second, the latencies by process, and raw rows per second in the same folder just before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = opened_in(folder)
        begin(opened, max(count, 1))
        list(pair(opened, "t0"))
        with opened.gateway.store.reading() as at:
            event, task = at.log(after=at.last_seq() - 1)[0].data, to_text(at.task("t0"))
        opened.close()
        raw = _raw(folder / "raw.db", 2.0, 2, event, task)
        with serving(folder, through):
            took = together(folder, count, through, rate)
        return sum(map(len, took)) / SECONDS, took, raw


def told(words: str, per_second: float, took: Sequence[Sequence[float]], raw: float) -> None:
    """One line of the report."""
    every = sorted(seconds * 1000 for one in took for seconds in one)
    shares = [len(one) for one in took]
    say(
        f"{words}: {per_second:.0f}/s, {per_second / raw:.2f} × raw rows ({raw:.0f}/s); "
        f"ms p50 {statistics.median(every):.1f}, p99 {every[int(len(every) * 0.99)]:.1f}, worst {every[-1]:.1f}; "
        f"slowest process {min(shares) / (sum(shares) / len(shares)):.2f} of the mean"
    )


def closed() -> None:
    """As fast as they can."""
    for count in (1, 8, 64):
        for through in ("file", "serve"):
            told(f"{through}, {count} processes", *measured(count, through))


def at_random() -> None:
    """At the rate that is asked for."""
    for through in ("file", "serve"):
        rate = OPEN_RATE / OPEN_PROCESSES
        told(f"{through}, open loop at {OPEN_RATE}/s", *measured(OPEN_PROCESSES, through, rate))


PARTS: dict[str, Callable[[], None]] = {"closed": closed, "open": at_random}


def main() -> None:
    """Run the parts that are named, or all."""
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]))
        return
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
