"""What a swarm costs beside its agents' own time: one process, real git, a real store, no agent that thinks.

python tests/benchmarks/swarm.py [--children 50]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import opened_in, say  # noqa: E402
from onloop.access.opening import GatewayHandle  # noqa: E402
from onloop.access.runs import Workflow, start_run  # noqa: E402
from onloop.access.submission import submit, task_of  # noqa: E402
from onloop.access.targets import RunTarget  # noqa: E402
from onloop.agents.workplace import prepare_workplace  # noqa: E402
from onloop.gateway.claims import ClaimTask  # noqa: E402
from onloop.gateway.command_operations import PerformCommand  # noqa: E402
from onloop.gateway.jobs import TakeJob  # noqa: E402
from onloop.identity.resolution import agent_from_token  # noqa: E402
from onloop.machine.commands import Spawn  # noqa: E402
from onloop.machine.principal import Principal, launcher, verifier  # noqa: E402
from onloop.machine.state import State  # noqa: E402
from onloop.verifier.effects.executor import EffectExecutor  # noqa: E402
from onloop.verifier.effects.recorder import EffectRecorder  # noqa: E402
from onloop.verifier.gate_context import gate_context_for  # noqa: E402
from onloop.verifier.runner import Runner  # noqa: E402
from onloop.views.brief import brief_for  # noqa: E402
from onloop.views.brief_facts import brief_facts  # noqa: E402
from onloop.views.pinned_workflow import definition_of  # noqa: E402
from onloop.workflow.loader import load  # noqa: E402

WORKFLOW = """\
workflow: swarm
steps:
  - id: develop.parts
    role: lead
    fan_out:
      spawn: true
      most: {children}
      steps:
        - {{id: develop.part, role: worker, gates: [{{id: readme, file: {{path: README.md}}}}]}}
    gates: [{{id: readme, file: {{path: README.md}}}}]
"""
AGENT = "agent's own time"


class Meter:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens within to `name`."""
        begun = time.perf_counter()
        yield
        self.spent[name].append(time.perf_counter() - begun)

    def report(self, children: int) -> None:
        """A line per phase, and what all but the agents' own time comes to per child."""
        for name, times in self.spent.items():
            middle, worst = statistics.median(times) * 1000, max(times) * 1000
            each = sum(times) * 1000 / children
            say(f"{name:<18} {len(times):>4} times, median {middle:7.1f} ms, worst {worst:7.1f}, {each:7.1f} ms/child")
        overhead = sum(sum(times) for name, times in self.spent.items() if name != AGENT)
        say(f"overhead per child {overhead * 1000 / children:.1f} ms, of {children} children")


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def begin(opened: GatewayHandle, folder: Path, children: int) -> str:
    """A run of the workflow over a small repository; the answer is its task."""
    origin = folder / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    (origin / "README.md").write_text("# bench\n")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Begin")
    source = WORKFLOW.format(children=children).encode()
    workflow = Workflow(load(source, "swarm.yaml"), source)
    return start_run(opened, launcher("bench"), workflow, RunTarget("bench", str(origin)), "bench").id


def claim(opened: GatewayHandle, task: str, role: str) -> Principal:
    """The agent that has taken the lease."""
    got = opened.gateway.perform(
        ClaimTask(launcher("bench"), f"agent:{task.replace('.', '-')}", role, task=task, lease_ms=10**7)
    )
    with opened.gateway.store.reading() as at:
        return agent_from_token(at, got.secret)


def step(judge: Runner) -> None:
    """Have the next effect carried out, or the next gate answered."""
    kinds = (TakeJob(judge.principal, 60_000, effects=effects) for effects in (True, False))
    job = next((found for kind in kinds if (found := judge.opened.gateway.perform(kind)) is not None), None)
    assert job is not None
    judge.carry_out(job)


def run(opened: GatewayHandle, folder: Path, children: int, meter: Meter) -> None:
    """The whole swarm, one child after the other."""
    root, me = begin(opened, folder, children), verifier("bench")
    make = gate_context_for(opened, me)
    judge = Runner(
        opened,
        me,
        make,
        EffectExecutor(EffectRecorder(opened, make, lambda: False, lambda _point: None)),
        lambda: False,
    )
    lead = claim(opened, root, "lead")
    prepare_workplace(opened.home, task_of(opened, root), lead.name)
    for number in range(children):
        with meter.phase("spawn"):
            opened.gateway.perform(PerformCommand(lead, root, Spawn(lead.id, lead.epoch, f"part {number}")))
    submit(opened, lead, "")
    for number in range(1, children + 1):
        child(opened, f"{root}.{number}", judge, meter)
    with meter.phase("funnel"):
        step(judge)
    with meter.phase("parent's gate"):
        step(judge)
    ended = task_of(opened, root)
    if ended.state is not State.COMPLETED:
        raise SystemExit(f"the swarm did not complete: {ended.state.value}, {ended.detail}")


def child(opened: GatewayHandle, task_id: str, judge: Runner, meter: Meter) -> None:
    """One child, from its claim to its gate."""
    with meter.phase("claim"):
        agent = claim(opened, task_id, "worker")
    task = task_of(opened, task_id)
    with meter.phase("environment"):
        place = prepare_workplace(opened.home, task, agent.name)
    with meter.phase("brief"), opened.gateway.store.reading() as at:
        brief_for(definition_of(at, task), task, brief_facts(at, task))
    with meter.phase(AGENT):
        (place / f"{task_id}.txt").write_text(task_id)
        git(place, "add", "-A")
        git(place, "commit", "-qm", task_id)
    with meter.phase("submit"):
        submit(opened, agent, "done")
    with meter.phase("gate"):
        step(judge)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=50)
    children = parser.parse_args().children
    with tempfile.TemporaryDirectory(prefix="onloop-swarm-") as name:
        opened, meter = opened_in(Path(name)), Meter()
        try:
            run(opened, Path(name), children, meter)
        finally:
            opened.close()
        meter.report(children)


if __name__ == "__main__":
    main()
