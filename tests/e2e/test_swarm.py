"""Swarms through the real command line and real git: parts become one merge, and a conflict finds who mends it."""

from __future__ import annotations

import sys
from pathlib import Path

from world import World

PLAN = 'printf "%s\\n" alfa bravo charlie > "$ONLOOP_OUT/parts.txt"'
PART = """name=$(sed -n 's/^# Task [^:]*: //p'); echo "$name" > FILE; git add -A; git commit -qm "Do $name" """
OWN, SAME = PART.replace("FILE", '"$name.txt"'), PART.replace("FILE", "shared.txt")

WORKFLOW = """\
workflow: swarm
description: Three parts become one.
steps:
  - id: plan.split
    role: planner
    gates: [{id: parts, artefact: {name: parts.txt}}]
  - id: develop.parts
    fan_out:
      over: parts.txt
      max_parallel: 3
      brief: Do only your part.
      steps:
        - id: develop.part
          role: implementer
          rounds: 1
          gates: [{id: readme, file: {path: README.md}}]
      resolve: {role: resolver, gates: [{id: readme, file: {path: README.md}}]}
    gates:
      - id: tests
        command: ["{python}", -m, unittest, discover, -s, tests, -t, .]
        unittest: {min_tests: 2}
  - id: ship.merge
    effect: merge
"""


def begin(world: World, plan: str = PLAN, workflow: str = WORKFLOW) -> tuple[Path, str]:
    world.init()
    origin = world.origin(files={"swarm.yaml": workflow})
    begun = world.onloop("start", "swarm.yaml", "--repo", str(origin), "--json")
    assert begun.code == 0, begun.err
    work(world, "planner", plan)
    task = str(begun.json["task"])
    world.until(task, "working", "children_running")
    return origin, task


def work(world: World, role: str, script: str) -> None:
    done = world.onloop("work", "--role", role, "--once", "--", *world.agent(script))
    assert done.code == 0, done.err + world.logs()


def test_three_parts_done_by_three_agents_become_one_merge(world: World) -> None:
    origin, task = begin(world)

    for _ in range(3):
        work(world, "implementer", OWN)

    world.until(task, "completed")
    files = world.git(origin, "ls-tree", "--name-only", "main").splitlines()
    assert {"alfa.txt", "bravo.txt", "charlie.txt"} <= set(files)


def test_an_antagonist_reads_the_merged_work_and_its_fail_has_it_done_again(world: World) -> None:
    review = """\
  - id: review.code
    role: reviewer
    not_by: [develop.parts]
    gates: [{id: verdict, review: {quorum: 1}}]
    on_fail: plan.split
  - id: ship.merge
"""
    origin, task = begin(world, workflow=WORKFLOW.replace("  - id: ship.merge\n", review))
    for _ in range(3):
        work(world, "implementer", OWN)
    world.until(task, "submitted", "ready")
    onloop = f"{sys.executable} -m onloop.cli.entry"
    work(world, "reviewer", f'test -f charlie.txt; {onloop} review fail --reason "there is no delta"')
    assert world.task(task)["step"] == "plan.split"

    work(world, "planner", 'echo delta > "$ONLOOP_OUT/parts.txt"')
    world.until(f"{task}.4", "submitted", "ready")
    work(world, "implementer", f"test -f alfa.txt; {OWN}")
    world.until(task, "submitted", "ready")
    work(world, "reviewer", f"test -f delta.txt; {onloop} review pass --reason complete")

    world.until(task, "completed")
    assert {"alfa.txt", "delta.txt"} <= set(world.git(origin, "ls-tree", "--name-only", "main").splitlines())


def test_a_conflict_goes_to_a_resolver_and_then_to_a_person(world: World) -> None:
    origin, task = begin(world)
    for _ in range(3):
        work(world, "implementer", SAME)
    wanted = f"{task}.4"
    world.until(wanted, "submitted", "ready")

    work(world, "resolver", "git commit -q --allow-empty -m nothing; echo nothing > n; git add -A; git commit -qm n")

    world.until(task, "input_required", "conflict")
    assert "shared.txt" in world.task(task)["asked"][0]["question"]
    assert "shared.txt" not in world.git(origin, "ls-tree", "--name-only", "main").splitlines()


def test_what_a_resolver_merged_is_what_is_merged(world: World) -> None:
    origin, task = begin(world)
    for _ in range(3):
        work(world, "implementer", SAME)
    world.until(f"{task}.4", "submitted", "ready")

    mend = (
        "for c in $(git for-each-ref --format='%(objectname)' refs/remotes/origin/tasks); do "
        "git merge -q -X ours -m mend $c || true; done; echo all > shared.txt; git add -A; git commit -qm Mend"
    )
    work(world, "resolver", mend)

    world.until(task, "completed")
    assert world.git(origin, "show", "main:shared.txt") == "all"
