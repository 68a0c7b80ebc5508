"""Workflow graphs through the real command line, real git and the real engine of rules."""

from __future__ import annotations

import pytest

from support.world import World

pytest.importorskip("cel_expr_python", reason="rules need the extra: pip install 'onloop[policy]'")

WORKFLOW = """\
workflow: graph
description: Code and its documentation, on every system that counts.
steps:
  - id: plan.look
    role: planner
    gates: [{id: notes, artefact: {name: notes.md, min_bytes: 1}}]
    next:
      - {when: '"tiny" in task.labels', to: develop.small}
      - {to: develop.both}
  - id: develop.small
    role: implementer
    gates: [{id: done, file: {path: small.txt}}]
    next: [{to: test.all}]
  - id: develop.both
    fan_out:
      branches:
        docs:
          after: [code]
          steps:
            - {id: develop.docs, role: writer, gates: [{id: done, file: {path: docs.txt}}]}
        code:
          steps:
            - {id: develop.code, role: implementer, gates: [{id: done, file: {path: code.txt}}]}
  - id: test.all
    fan_out:
      matrix: {size: [small, large]}
      steps:
        - id: test.one
          role: tester
          brief: Try it at size {matrix.size}.
          gates:
            - id: named
              command: ["{python}", -c, "import os; assert os.environ['ONLOOP_MATRIX_SIZE'] == '{matrix.size}'"]
    gates: [{id: tests, command: ["{python}", -m, unittest, discover, -s, tests, -t, .], unittest: {min_tests: 1}}]
    next:
      - {when: 'task.visits > 1 || evidence.tests.ran < 2', to: end}
      - {to: ship.merge}
  - id: ship.merge
    effect: merge
"""


def begin(world: World, *words: str) -> str:
    world.init()
    origin = world.origin(files={"graph.yaml": WORKFLOW})
    begun = world.onloop("start", "graph.yaml", "--repo", str(origin), "--json", *words)
    assert begun.code == 0, begun.err
    work(world, "planner", 'echo look > "$ONLOOP_OUT/notes.md"')
    return str(begun.json["task"])


def work(world: World, role: str, script: str) -> None:
    done = world.onloop("work", "--role", role, "--once", "--", *world.agent(script))
    assert done.code == 0, done.err + world.logs()


def commit(file: str) -> str:
    return f"echo {file} > {file}; git add -A; git commit -qm {file}"


def test_a_branch_begins_with_the_work_of_the_one_it_waited_for_and_combinations_have_their_values(
    world: World,
) -> None:
    task = begin(world)
    docs, code = f"{task}.1", f"{task}.2"
    world.until(docs, "submitted", "dependency")
    why = world.onloop("why", docs)
    assert f"the end of {code}" in why.out

    work(world, "implementer", commit("code.txt"))
    world.until(docs, "submitted", "ready")
    work(world, "writer", f"test -f code.txt; {commit('docs.txt')}")

    for child in (f"{task}.3", f"{task}.4"):
        world.until(child, "submitted", "ready")
        work(world, "tester", f'test -n "$ONLOOP_MATRIX_SIZE"; {commit("$ONLOOP_MATRIX_SIZE.txt")}')
    world.until(task, "completed")
    merged = world.git(world.folder / "origins" / "shop.git", "ls-tree", "--name-only", "main").splitlines()
    assert {"code.txt", "docs.txt", "small.txt", "large.txt"} <= set(merged)
    log = world.onloop("log", task).out
    assert "went on from plan.look" in log or "BranchTaken" in log
    verified = world.onloop("store", "verify")
    assert verified.code == 0, verified.out + verified.err


def test_a_rule_that_is_true_leads_past_what_a_small_task_does_not_need(world: World) -> None:
    task = begin(world, "--label", "tiny")

    work(world, "implementer", commit("small.txt"))

    world.until(task, "working", "children_running")
    assert world.task(task)["step"] == "test.all"
