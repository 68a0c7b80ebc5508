"""A commit that changes its own judges, through the real command line: nobody merges it unseen."""

from __future__ import annotations

from support.world import WORKFLOW, World

_RELEASE = """  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
"""
UNATTENDED = WORKFLOW.replace(_RELEASE, "")
BASE_TESTS = UNATTENDED.replace("unittest: {min_tests: 1, no_fewer_than: base}", "tests: base")
HELLO = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
WEAK = f"mkdir aaa; echo x > aaa/x; sed -i s/self.assertTrue/print/ tests/test_all.py; {HELLO}"


def _worked(world: World, workflow: str, script: str) -> str:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=workflow)}.1"
    done = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
    assert done.code == 0, done.err
    return task


def test_weakened_tests_wait_for_a_person_who_is_shown_them_first_where_the_workflow_asks_nobody(world: World) -> None:
    assert _RELEASE in WORKFLOW
    task = _worked(world, UNATTENDED, WEAK)
    shown = world.until(task, "input_required", "approval_required")

    assert shown["step"] == "ship.merge"
    assert [asked["gate"] for asked in shown["asked"]] == ["flagged"]
    assert shown["flags"] == [{"path": "tests/test_all.py", "kind": "test_changed"}]
    assert [file["path"] for file in shown["files"]] == ["tests/test_all.py", "aaa/x", "hello.txt"]
    text = world.onloop("show", task, "--diff").out
    assert "  ! tests/test_all.py: a test file is changed\n" in text
    assert text.index("diff --git a/tests/test_all.py") < text.index("diff --git a/aaa/x")

    assert world.decide("approve", task).code == 0
    world.until(task, "completed")


def test_rejected_flags_go_back_to_the_agent(world: World) -> None:
    task = _worked(world, UNATTENDED, WEAK)
    world.until(task, "input_required", "approval_required")
    assert world.decide("reject", task, "--reason", "leave the tests alone").code == 0
    assert world.task(task)["step"] == "develop.write"


def test_with_the_tests_of_the_base_weakened_tests_decide_nothing_and_honest_code_is_merged(world: World) -> None:
    task = _worked(world, BASE_TESTS, WEAK)
    shown = world.until(task, "completed")
    assert shown["flags"] == []
    assert "(the tests of " in world.onloop("show", task).out
