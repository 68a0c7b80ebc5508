"""What one worker of twenty agents keeps in memory, its wardens included, while all of them work; and its processor.

.venv/bin/python tests/benchmarks/agents.py [N]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from support.world import WORKFLOW, World  # noqa: E402

SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


def say(words: str) -> None:
    """One line of the report."""
    print(words, flush=True)  # noqa: T201


def pss(pid: int) -> float:
    """What a process keeps in memory, its share of what it shares, in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def children(pid: int) -> list[int]:
    """The processes that a process has started, by any of its threads."""
    found = (
        task.joinpath("children").read_text(encoding="ascii").split() for task in Path(f"/proc/{pid}/task").iterdir()
    )
    return [int(child) for part in found for child in part]


def processor_s(pid: int) -> float:
    """How long a process has used a processor, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def is_ours(pid: int) -> bool:
    """Whether a process is a warden: what an agent itself runs is not ours."""
    return b"warden.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def measure(world: World, count: int) -> None:
    """Start a worker, wait until all its agents work, and look."""
    world.init()
    world.fleet(*(world.origin(f"r{number}") for number in range(count)), workflow=WORKFLOW.replace("30s", "30m"))
    here = world.folder / "here"
    here.mkdir()
    script = f"touch {here}/$ONLOOP_TASK; exec sleep 600"
    words = [sys.executable, "-m", "onloop.cli.entry", "work", "--role", "implementer", "--jobs", str(count), "--"]
    worker = subprocess.Popen([*words, *world.agent(script)], env=world.environment, stderr=subprocess.DEVNULL)
    try:
        while len(list(here.iterdir())) < count:
            time.sleep(0.2)
        time.sleep(2)
        wardens = [pid for pid in children(worker.pid) if is_ours(pid)]
        used = processor_s(worker.pid)
        time.sleep(SECONDS)
        used = processor_s(worker.pid) - used
        own, kept = pss(worker.pid), sum(map(pss, wardens))
        say(f"{len(wardens)} agents: {own + kept:.0f} MB in all; worker {own:.0f}, wardens {kept:.0f} (PSS)")
        say(f"processor of the worker while they work: {100 * used / SECONDS:.1f} %")
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure(World(Path(folder)), int(sys.argv[1]) if len(sys.argv) > 1 else 20)
