"""What a gate costs beside its command: a place over the commit's files, and the box.

.venv/bin/python tests/benchmarks/gate.py [SECONDS] [FILES…]

The command sleeps, one second where nothing else is said. Bare and as a gate in a warm environment (setup has run, the
files were written and hashed before), in turns; the ratio of the least of five, for others share the machine. Processor
time, ours and that of what we start, says the same where a machine is busy; `cold` is the first gate, setup included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "core")]

from onloop.gates.checkout import clean_checkout  # noqa: E402
from onloop.gates.command_process import Limits, never  # noqa: E402
from onloop.gates.command_runner import CommandRunner  # noqa: E402
from onloop.gates.repository.mirror import Mirror  # noqa: E402
from onloop.gates.strongest_box import strongest_box  # noqa: E402
from onloop.gates.toolchain import NO_STORE, toolchain_of  # noqa: E402
from onloop.machine.definition import BoxSpec, EnvironmentSpec  # noqa: E402

ROUNDS = 5


def repository(place: Path, files: int) -> tuple[Mirror, str]:
    """A mirror of a repository with so many files of about 700 bytes, fifty to a folder, and its commit."""
    origin = place / "origin"
    for number in range(files):
        path = origin / f"d{number // 50:04d}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {number}\n" * 80)
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.org", *words], cwd=origin, check=True)
    mirror = Mirror(place / "mirror.git", str(origin))
    mirror.create()
    return mirror, mirror.refresh("main")


def processor_time() -> float:
    """The seconds that we and what we started have used."""
    return sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measured(files: int, seconds: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        mirror, commit = repository(Path(place).resolve(), files)
        box, toolchain = strongest_box(), toolchain_of(NO_STORE)
        kept = Path(place).resolve() / "kept"
        environment = EnvironmentSpec(setup=(("sh", "-c", "mkdir .venv; echo ready > .venv/ready"),))
        runner = CommandRunner(mirror, environment, Limits(), never, box, toolchain, kept)
        bare, gate, checkout, used = list[float](), list[float](), list[float](), list[float]()
        began = time.perf_counter()
        runner.run(commit, ("true",), 600_000, None, BoxSpec())
        cold = time.perf_counter() - began
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run(["/bin/sleep", seconds], check=True)
            bare.append(time.perf_counter() - began)
            began, before = time.perf_counter(), processor_time()
            assert runner.run(commit, ("sleep", seconds), 600_000, None, BoxSpec()).ran.exit_code == 0
            gate.append(time.perf_counter() - began)
            used.append(processor_time() - before)
            began = time.perf_counter()
            with clean_checkout(mirror, commit):
                checkout.append(time.perf_counter() - began)
    of = min
    sys.stdout.write(
        f"{files:6} files: gate {of(gate):.2f} s, bare {of(bare):.2f} s, ratio {of(gate) / of(bare):.2f}; "
        f"processor time {1000 * of(used):.0f} ms; cold {cold:.2f} s; "
        f"a checkout written and hashed {1000 * of(checkout):.0f} ms; {box.name}\n"
    )


if __name__ == "__main__":
    words = sys.argv[1:]
    for number in map(int, words[1:] or ("200", "2000", "10000")):
        measured(number, words[0] if words else "1")
