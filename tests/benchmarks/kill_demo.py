"""Kill a whole demo (-9, every process) at random moments, resume it, and count how many end right.

python tests/benchmarks/kill_demo.py --times 20 [--seed S] [--play swarm-feature]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_S = 200


def environment(folder: Path) -> dict[str, str]:
    """Our own, with this checkout first and the state in `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ONLOOP_")}
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
    return {**kept, "PYTHONPATH": paths, "XDG_STATE_HOME": str(folder), "HOME": str(folder)}


def demo(folder: Path, play: str = "cve-remediation") -> subprocess.Popen[str]:
    """`onloop demo --unattended` on the folder, begun or resumed."""
    command = [sys.executable, "-m", "onloop.cli.entry", "demo", play, "--unattended", "--dir", str(folder / "demo")]
    return subprocess.Popen(
        command, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def processes_of(folder: Path) -> list[int]:
    """Every process whose command line names the folder: we started them all, and no other names it."""
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    found = [line.split(None, 1) for line in listed.splitlines() if f"{folder}/" in line]
    return [int(pid) for pid, _ in found if int(pid) != os.getpid()]


def kill_everything(folder: Path) -> int:
    """SIGKILL until nothing is left; the answer is how many were killed."""
    killed = 0
    while pids := processes_of(folder):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def once(number: int, play: str, moment_s: float, again_s: float) -> bool:
    """Kill at one moment, resume, kill once more, resume to the end."""
    with tempfile.TemporaryDirectory(prefix="onloop-kill-") as name:
        folder = Path(name)
        for delay in (moment_s, again_s):
            running = demo(folder, play)
            with suppress(subprocess.TimeoutExpired):
                running.wait(delay)
            killed = kill_everything(folder)
            running.communicate()
        began = time.monotonic()
        last = demo(folder, play)
        try:
            output, _ = last.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            kill_everything(folder)
            output, _ = last.communicate()
        right = last.returncode == 0
        took = time.monotonic() - began
        said = (output.splitlines() or [""])[-1]
        words = f"{number:>3}  killed at {moment_s:5.1f} s and {again_s:5.1f} s later ({killed} processes)"
        print(f"{words}, resumed in {took:5.1f} s: {'right' if right else 'WRONG'}  {said}", flush=True)  # noqa: T201
        if not right:
            print(output, flush=True)  # noqa: T201
        return right


def main() -> int:
    """Repeat, and say how often it ended right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - not for secrets
    parser.add_argument("--play", default="cve-remediation")
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - not for secrets
    print(f"seed {options.seed}", flush=True)  # noqa: T201
    right = sum(
        once(n, options.play, chance.uniform(0.2, 25), chance.uniform(0.2, 15)) for n in range(1, options.times + 1)
    )
    print(f"{right} of {options.times} ended right", flush=True)  # noqa: T201
    return 0 if right == options.times else 1


if __name__ == "__main__":
    raise SystemExit(main())
