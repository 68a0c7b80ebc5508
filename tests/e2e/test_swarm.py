"""Swarms through the real command line and real git: parts become one, the best one wins, a conflict is mended."""

from __future__ import annotations

import sys
from pathlib import Path

from support.world import World

PLAN = 'printf "%s\\n" alfa bravo charlie > "$ONLOOP_OUT/parts.txt"'
TWO = 'printf "%s\\n" alfa bravo > "$ONLOOP_OUT/parts.txt"'
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


def parts_done(world: World, script: str, *tasks: str) -> None:
    """One worker does every part, one after the other."""
    with world.running("work", "--role", "implementer", "--", *world.agent(script)):
        for task in tasks:
            world.until(task, "completed")


def work(world: World, role: str, script: str) -> None:
    done = world.onloop("work", "--role", role, "--once", "--", *world.agent(script))
    assert done.code == 0, done.err + world.logs()


def test_parts_become_one_that_an_antagonist_reads_and_its_fail_has_it_done_again(world: World) -> None:
    review = """\
  - id: review.code
    role: reviewer
    not_by: [develop.parts]
    gates: [{id: verdict, review: {quorum: 1}}]
    on_fail: plan.split
  - id: ship.merge
"""
    origin, task = begin(world, workflow=WORKFLOW.replace("  - id: ship.merge\n", review))
    parts_done(world, OWN, *(f"{task}.{number}" for number in (1, 2, 3)))
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
    assert {"alfa.txt", "bravo.txt", "charlie.txt", "delta.txt"} <= set(
        world.git(origin, "ls-tree", "--name-only", "main").splitlines()
    )


def test_a_conflict_goes_to_a_resolver_and_then_to_a_person(world: World) -> None:
    origin, task = begin(world, TWO)
    parts_done(world, SAME, f"{task}.1", f"{task}.2")
    world.until(f"{task}.3", "submitted", "ready")

    work(world, "resolver", "git commit -q --allow-empty -m nothing; echo nothing > n; git add -A; git commit -qm n")

    world.until(task, "input_required", "conflict")
    assert "shared.txt" in world.task(task)["asked"][0]["question"]
    assert "shared.txt" not in world.git(origin, "ls-tree", "--name-only", "main").splitlines()


def test_what_a_resolver_merged_is_what_is_merged(world: World) -> None:
    origin, task = begin(world, TWO)
    parts_done(world, SAME, f"{task}.1", f"{task}.2")
    world.until(f"{task}.3", "submitted", "ready")

    mend = (
        "for c in $(git for-each-ref --format='%(objectname)' refs/remotes/origin/tasks); do "
        "git merge -q -X ours -m mend $c || true; done; echo all > shared.txt; git add -A; git commit -qm Mend"
    )
    work(world, "resolver", mend)

    world.until(task, "completed")
    assert world.git(origin, "show", "main:shared.txt") == "all"


def test_the_best_of_several_is_the_one_whose_score_is_highest(world: World) -> None:
    world.init()
    score = "print('measured'); print(open('score.txt').read())"
    best = f"""\
workflow: best
steps:
  - id: develop.tries
    fan_out:
      count: 3
      join: {{best_of: {{score: {{command: ["{{python}}", -c, "{score}"]}}}}}}
      steps: [{{id: develop.try, role: implementer, rounds: 1, gates: [{{id: readme, file: {{path: README.md}}}}]}}]
    gates: [{{id: score, fails_on_base: true, command: ["{{python}}", -c, "{score}"]}}]
  - id: ship.merge
    effect: merge
"""
    origin = world.origin(files={"best.yaml": best})
    task = str(world.onloop("start", "best.yaml", "--repo", str(origin), "--json").json["task"])
    script = (
        "case $ONLOOP_TASK in *.1) s=0.75;; *.2) s=12.5;; *) s=-3;; esac;"
        "echo $s > score.txt; git add -A; git commit -qm try"
    )

    parts_done(world, script, *(f"{task}.{number}" for number in (1, 2, 3)))

    world.until(task, "completed")
    assert world.git(origin, "show", "main:score.txt") == "12.5"
