"""A task that stands before its merge in a real store, and who carries the merge out, or dies of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.world import WORKFLOW, World
from support.zygote import run_python

GOOD = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello" --allow-empty'

EXECUTOR = """
import os, subprocess, sys
from pathlib import Path
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.home import Home
from onloop.machine.principal import verifier
from onloop.access.opening import open_home
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.verifier.gate_context import gate_context_for
store, point, then, name, lease_ms = sys.argv[1:]
opened = open_home(Home(Path(store)))
me, job = verifier(name), None
if name == "test":
    opened.gateway.perform(FreeJobs())
while job is None:
    job = opened.gateway.perform(TakeJob(me, int(lease_ms), effects=True))
def at(reached):
    if reached != point:
        return
    if then == "die":
        os._exit(9)
    if not Path(store, f"moved-{name}").exists():
        Path(store, f"moved-{name}").touch()
        subprocess.run(then, shell=True, check=True)
print(EffectExecutor(EffectRecorder(opened, gate_context_for(opened, me), lambda: False, at)).carry_out(job))
"""


def approved(world: World, origin: Path, workflow: str = WORKFLOW, script: str = GOOD) -> str:
    """A task that stands before its merge, with the gates answered by a verifier in between."""
    task = f"{world.fleet(origin, workflow=workflow)}.1"
    with gates_answered(world):
        world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
        world.until(task, "input_required", "approval_required")
    assert world.decide("approve", task).code == 0
    assert world.task(task)["reason"] == "effect_running"
    return task


@contextmanager
def gates_answered(world: World) -> Iterator[None]:
    """Gates only: a verifier that takes no effects, in a process of its own."""
    script = (
        "import sys, time; from pathlib import Path; from onloop.home import Home;"
        "from onloop.access.opening import open_home; from onloop.verifier.pool import Verifier;"
        "from onloop.machine.principal import verifier; from onloop.verifier.gate_context import gate_context_for;"
        "from onloop.verifier.runner import Runner;"
        "from onloop.verifier.job_leases import JobLeases\n"
        "me = verifier('gates')\n"
        "def runner(stopped):\n"
        "    own = open_home(Home(Path(sys.argv[1])))\n"  # a store that is opened serves one thread
        "    return Runner(own, me, gate_context_for(own, me), None, stopped)\n"
        "opened = open_home(Home(Path(sys.argv[1])))\n"
        "leases = JobLeases(lambda: open_home(Home(Path(sys.argv[1]))), me)\n"
        "Verifier(opened, me, runner, 1, lambda: False, time.sleep, lambda words: None, leases).run()"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(world.store)], env=world.environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def execute(world: World, point: str = "never", then: str = "die") -> str:
    """Carry out the effect that waits; at `point`, die or have a shell do something else first."""
    _, out, err = run_python(EXECUTOR, str(world.store), point, then, "test", "60000", env=world.environment)
    assert "Traceback" not in err, err
    return out.strip()


def executing(world: World, name: str, lease_ms: int, point: str, then: str) -> subprocess.Popen[str]:
    """A verifier of that name that waits for the effect, and carries it out under a lease; see `execute`."""
    words = (str(world.store), point, then, name, str(lease_ms))
    return subprocess.Popen(
        [sys.executable, "-c", EXECUTOR, *words], env=world.environment, stdout=subprocess.PIPE, text=True
    )


def merges(world: World, origin: Path) -> int:
    """How many merges the target has."""
    return int(world.git(origin, "rev-list", "--count", "--merges", "main"))
