"""A fleet of real source distributions with four kinds of trouble, and the same with its origins away for two minutes.

python tests/benchmarks/real_fleet.py [--sdists DIR] [--dir DIR] [--away 120] [--dozen 12] [--projects NAME…]

Every claim is checked; the first that does not hold ends it. Takes a quarter of an hour, and a registry.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from benchmarks.figures import say  # noqa: E402
from benchmarks.real_fleet_troubles import BEFORE, LIVE, WHO, Trouble, make, mend, vanish  # noqa: E402
from benchmarks.real_projects import PROJECTS, Project, repositories  # noqa: E402
from onloop.gates.repository.folders import remove_tree  # noqa: E402
from onloop.records import Record  # noqa: E402
from support.world import PASSPHRASE, Ran, World  # noqa: E402

WORKFLOW = """\
workflow: real
description: Read each project once more.
environment:
  git: true
  network: true
  variables: {{{variables}}}
  setup:
    - ["{{python}}", -m, venv, .venv]
    - [.venv/bin/python, -m, pip, install, -q, {wanted}, -e, .]
steps:
  - id: develop.read
    role: reader
    brief: Read the project, and say so in FLEET.md.
    timeout: 10m
    attempts: {{max: 2, backoff: 1s}}
    rounds: 2
    gates:
      - {{id: note, file: {{path: FLEET.md, contains: reviewed}}}}
      - id: tests
        command: [.venv/bin/python, -m, pytest, -q, "--junitxml={{report}}", "@fleet-tests.txt"]
        junit: {{min_tests: 1, no_fewer_than: base}}
  - id: ship.release
    gates: [{{id: release, human: {{from: [approvers]}}}}]
    on_reject: develop.read
  - {{id: ship.merge, effect: merge}}
"""
PASSED_ON = ("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
DEADLINE_S = 1800.0
LOOK_S = 1.0


class Failed(SystemExit):
    """A claim that does not hold."""


def holds(true: object, words: str) -> None:
    """End with these words if it is not true."""
    if not true:
        raise Failed(f"DOES NOT HOLD: {words}")


class Decision(Record):
    """One thing that a person did: the verb, and what was said of it."""

    verb: str
    words: str


class Person:
    """The one person, who looks once a second and approves what is asked; what they do is counted."""

    def __init__(self, world: World, run: str) -> None:
        self.world, self.run = world, run
        self.approved = 0
        self.decisions: list[Decision] = []

    def tasks(self) -> list[Any]:
        """The run's tasks, without the run's own."""
        found = self.world.onloop("list", "--run", self.run, "--json").json["tasks"]
        return [task for task in found if task["task"] != self.run]

    def asks(self) -> list[Any]:
        """What needs a person beside approvals."""
        groups = self.world.onloop("attention", "--json").json["groups"]
        return [group for group in groups if group["reason"] != "approval_required"]

    def approve_all(self) -> None:
        """Approve whatever asks for it."""
        for task in self.tasks():
            if task["reason"] == "approval_required" and self.world.decide("approve", task["task"]).code == 0:
                self.approved += 1

    def decide(self, *words: str) -> Ran:
        """Perform one decision, which has to be taken."""
        ran = self.world.onloop(*words, "--as", "ana", "--json", passphrase=PASSPHRASE)
        holds(ran.code in {0, 10, 11}, f"onloop {' '.join(words)}: {ran.code} {ran.out}{ran.err}")
        self.decisions.append(Decision(words[0], " ".join(words)))
        say(f"  decision {len(self.decisions)}: onloop {' '.join(words)}")
        return ran

    def add(self, targets: Path) -> None:
        """Let more targets join the run: one decision."""
        words = ("fleet", "add", self.run, "--targets", str(targets), "--wait", "0s")
        ran = self.world.onloop(*words, "--json")
        holds(ran.code in {0, 11}, f"onloop {' '.join(words)}: {ran.code} {ran.out}{ran.err}")
        self.decisions.append(Decision("fleet", " ".join(words)))
        say(f"  decision {len(self.decisions)}: onloop {' '.join(words)}")

    def until(self, true: Callable[[], object], what: str) -> None:
        """Approve until it is true."""
        end = time.monotonic() + DEADLINE_S
        while not true():
            if time.monotonic() > end:
                say(self.world.onloop("attention").out + self.world.onloop("list", "--run", self.run).out)
                raise Failed(f"DOES NOT HOLD: {what}, after {DEADLINE_S:.0f} s{self.world.logs()}")
            self.approve_all()
            time.sleep(LOOK_S)


def source(wanted: str) -> str:
    """The workflow, which installs this beside the project."""
    variables = ", ".join(f'{name}: "{os.environ[name]}"' for name in PASSED_ON if name in os.environ)
    return WORKFLOW.format(variables=variables, wanted=wanted)


@contextmanager
def working(world: World, kind: str, jobs: int = 4) -> Iterator[None]:
    """One worker with scripted agents; what it prints goes to a file."""
    seen = world.folder / f"calls-{kind}"
    seen.mkdir(exist_ok=True)
    agent = (sys.executable, str(ROOT / "tests/benchmarks/real_fleet_agent.py"), kind, str(seen))
    words = ("work", "--role", "reader", "--jobs", str(jobs), "--", *agent)
    with (world.folder / f"worker-{kind}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "onloop.cli.entry", *words],
            env=world.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def begin(world: World, control: Path, targets: Sequence[str], *more: str) -> Ran:
    """`onloop fleet` over these targets."""
    listed = world.folder / "targets.txt"
    listed.write_text("".join(targets), encoding="utf-8")
    words = ("fleet", "real.yaml", "--control", str(control), "--targets", str(listed), "--wait", "0s")
    return world.onloop(*words, *more, "--json")


def names(world: World, run: str) -> Counter[str]:
    """How many events of each name the run has."""
    found = world.onloop("log", "--run", run, "--limit", "1000000", "--json").json["events"]
    return Counter(event["name"] for event in found)


def troubled(world: World, projects: Sequence[Project], control: Path) -> None:
    """The fleet with its troubles: looked at, begun, mended cause by cause, ended."""
    made = make(projects)
    targets = [project.target for project in projects]
    looked = begin(world, control, targets, "--dry-run")
    say(world.onloop("fleet", "real.yaml", "--control", str(control), "--targets",
                     str(world.folder / "targets.txt"), "--dry-run").out)  # fmt: skip
    stopped = {found["name"] for found in looked.json["targets"] for flaw in found["troubles"] if flaw["stops"]}
    named = {found["name"] for found in looked.json["targets"] if found["troubles"]}
    holds(stopped == {p.name for t in BEFORE for p in made[t]}, f"the dry run stops at {sorted(stopped)}")
    holds({p.name for p in made[Trouble.HOOK]} <= named, f"the dry run names {sorted(named)}")
    begun = begin(world, control, targets, "--skip-bad")
    run = str(begun.json["task"])
    person, began = Person(world, run), time.monotonic()
    ids = {task["repo"]: task["task"] for task in person.tasks()}
    vanish(made)
    ill = {ids[project.name] for trouble in LIVE for project in made[trouble]}

    def stands() -> bool:
        """Whether all that is well is merged, and each of the others waits for a person, or for its origin."""
        return all(task["state"] == "completed" or (task["task"] in ill and _held(task)) for task in person.tasks())

    with working(world, "careless"):
        person.until(stands, "what is well is merged, what is not is held")
        say(f"{time.monotonic() - began:.0f} s: {_states(person)}; what needs a person:")
        say(world.onloop("attention").out)
        mend(person, made, ids, control)
        mended = time.monotonic()
        person.until(lambda: world.task(run)["state"] == "completed", "the run ends")
    ended = time.monotonic()
    say(f"ended {ended - mended:.0f} s after the last mend, {ended - began:.0f} s in all: {_states(person)}")
    say(f"decisions: {len(person.decisions)}, approvals: {person.approved}; {dict(names(world, run))}")
    excluded = [task["task"] for task in person.tasks() if task["state"] != "completed"]
    holds(len(excluded) == len(made[Trouble.ARCHIVED]), f"all but the excluded are merged: {excluded}")


def _held(task: Any) -> bool:
    """Whether it waits for a person's mend, or for its origin."""
    asks = task["state"] == "input_required" and task["reason"] != "approval_required"
    return asks or task["reason"] in {"retry_backoff", "external"}


def _states(person: Person) -> dict[str, int]:
    return dict(Counter(task["state"] for task in person.tasks()))


def outage(world: World, projects: Sequence[Project], control: Path, away_s: float) -> None:
    """Origins away while agents at their limit work: nothing is spent, nobody is called."""
    begun = begin(world, control, [project.target for project in projects])
    holds(begun.code in {0, 11}, begun.err)
    run = str(begun.json["task"])
    person, origins = Person(world, run), projects[0].origin.parent
    called: list[Any] = []

    def watch(true: Callable[[], object]) -> bool:
        called.extend(person.asks())
        return bool(true())

    began = time.monotonic()
    with working(world, "limited"):
        person.until(lambda: watch(lambda: names(world, run)["Claimed"] >= min(3, len(projects))), "agents are at work")
        hidden = origins.rename(origins.with_name("away"))
        since = time.monotonic()
        person.until(lambda: watch(lambda: time.monotonic() - since >= away_s), "the outage ends")
        in_between = _states(person)
        hidden.rename(origins)
        back = time.monotonic()
        person.until(lambda: watch(lambda: world.task(run)["state"] == "completed"), "the run ends")
    found = names(world, run)
    say(f"away {back - since:.0f} s ({in_between} at its end); ended {time.monotonic() - back:.0f} s after it, ")
    say(f"{time.monotonic() - began:.0f} s after the beginning; approvals: {person.approved}; {dict(found)}")
    holds(not called, f"nobody is called: {called}")
    holds(found["AttemptEnded"] == 0, f"no attempt is spent: {found}")
    holds(found["SetBack"] >= len(projects), f"every agent was at its limit: {found}")
    holds(_states(person) == {"completed": len(projects)}, f"all are merged: {_states(person)}")


def play(world: World, args: argparse.Namespace) -> None:
    """Both fleets in one store, which is verified at the end."""
    began = time.monotonic()
    projects = repositories(args.projects, args.sdists, world.folder)
    say(f"{len(projects)} repositories, {time.monotonic() - began:.0f} s")
    world.init()
    control = world.origin(
        "control", {"real.yaml": source("-r, requirements-fleet.txt"), "mended.yaml": source("pytest")}
    )
    troubled(world, projects, control)
    calm = [p for p in projects if p.name not in WHO[Trouble.RED] and p.origin.exists() and _is_merged(world, p)]
    outage(world, calm[: args.dozen], control, args.away)
    verified = world.onloop("store", "verify")
    holds(verified.code == 0, f"the store is what its log says: {verified.out}{verified.err}")
    say(f"store verify: {verified.out.strip()}; {time.monotonic() - began:.0f} s in all")


def _is_merged(world: World, project: Project) -> bool:
    return bool(world.git(project.origin, "log", "--format=%s", "-1", project.branch, "--", "FLEET.md"))


def end_verifier(world: World) -> None:
    """End the verifier that serves this store."""
    with suppress(OSError, ValueError):
        os.kill(int((world.store / "verifier.lock").read_text(encoding="utf-8")), signal.SIGTERM)


def main() -> None:
    """Play, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sdists", type=Path, default=Path.home() / ".cache" / "onloop-sdists")
    parser.add_argument("--dir", type=Path, help="a new folder to work in, which stays")
    parser.add_argument("--projects", nargs="+", default=[*PROJECTS], choices=[*PROJECTS], metavar="NAME")
    parser.add_argument("--dozen", type=int, default=12)
    parser.add_argument("--away", type=float, default=120.0)
    args = parser.parse_args()
    folder = args.dir or Path(tempfile.mkdtemp(prefix="onloop-real-"))
    folder.mkdir(parents=True, exist_ok=args.dir is None)
    world = World(folder)
    try:
        play(world, args)
    finally:
        end_verifier(world)
        if args.dir is None:
            remove_tree(folder)


if __name__ == "__main__":
    main()
