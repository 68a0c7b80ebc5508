"""The part of a workflow that is replayed: what agents and verifiers walk alone, and nothing that reaches outside."""

from __future__ import annotations

import pytest

from onloop.bench.machine_part import gates_of, local_gates, machine_part
from onloop.bench.replayable import replayed_part
from onloop.errors import BadInput
from onloop.machine.definition import END, Definition, Isolation
from onloop.machine.next_rule import NextRule
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.loader import load

HEAD = "workflow: small\ndescription: Small.\nsteps:\n"
WRITE = """\
  - id: develop.write
    role: implementer
    agent: claude
    isolation: box
    brief: Write.
    gates: [{id: tests, command: [make, test]}]
"""
MERGE = "  - {id: ship.merge, effect: merge}\n"
APPROVE = "  - {id: ship.approve, gates: [{id: release, human: {from: [approvers]}}], on_reject: develop.write}\n"


def part_of(*steps: str, isolation: Isolation | None = None) -> Definition:
    return machine_part(load((HEAD + "".join(steps)).encode(), "small.yaml"), isolation)


def test_it_ends_before_people_and_effects() -> None:
    part = part_of(WRITE, "  - {id: test.full, run: [make, check]}\n", APPROVE, MERGE)
    assert [step.id for step in part.steps] == ["develop.write", "test.full"]
    assert gates_of(part) == (("develop.write", "tests"), ("test.full", "run"))
    assert [part.followers(step.id) for step in part.steps] == [("test.full",), (END,)]


def test_what_others_judge_as_well_is_the_last_step_with_the_gates_of_machines() -> None:
    both = WRITE.replace("[make, test]}]", "[make, test]}, {id: release, human: {from: [approvers]}}]")
    part = part_of(both, "  - {id: test.full, run: [make, check]}\n", MERGE)
    assert [(step.id, len(step.gates)) for step in part.steps] == [("develop.write", 1)]


def test_a_step_of_reviewers_alone_is_not_walked() -> None:
    review = "  - id: review.code\n    role: reviewer\n    brief: Look.\n    not_by: [develop.write]\n"
    review += "    on_fail: develop.write\n    gates: [{id: said, review: {quorum: 1}}]\n"
    part = part_of(WRITE, review, "  - {id: test.full, run: [make, check]}\n", MERGE)
    assert [step.id for step in part.steps] == ["develop.write"]


def test_branches_that_lead_to_people_lead_to_the_end() -> None:
    plan = "  - id: plan.scope\n    role: planner\n    brief: Plan.\n    next: [{to: ship.approve, when: 'true'}, "
    plan += "{to: develop.write}]\n    gates: [{id: plan, artefact: {name: plan.md}}]\n"
    part = part_of(plan, APPROVE.replace("develop.write", "plan.scope"), WRITE, MERGE)
    assert [step.id for step in part.steps] == ["plan.scope", "develop.write"]
    assert part.steps[0].next == (NextRule(END, "true"), NextRule("develop.write"))


def test_no_step_asks_for_a_certain_agent_or_another_one() -> None:
    check = "  - {id: test.full, run: [make, check], on_fail: develop.write}\n"
    review = """\
  - id: review.code
    role: reviewer
    brief: Test.
    not_by: [develop.write]
    on_fail: develop.write
    gates: [{id: said, review: {quorum: 1}}, {id: more, command: [make, more]}]
"""
    part = part_of(WRITE, check, review, MERGE)
    assert [(step.agent, step.not_by) for step in part.steps] == [("", ())] * 3
    assert part.steps[1].on_fail == "develop.write"
    assert part.steps[0].isolation is Isolation.BOX
    assert part_of(WRITE, MERGE, isolation=Isolation.NONE).steps[0].isolation is Isolation.NONE


def test_where_children_come_first_nothing_is_left() -> None:
    inner = "{id: develop.part, role: implementer, brief: Write., gates: [{id: tests, command: [make, test]}]}"
    first = f"  - {{id: plan.split, fan_out: {{count: 2, steps: [{inner}]}}}}\n"
    assert part_of(first, "  - {id: test.full, run: [make, check]}\n", MERGE).steps == ()


@pytest.mark.parametrize("name", builtins())
def test_of_every_built_in_only_machines_are_left_under_a_digest_of_its_own(name: str) -> None:
    whole = load(builtin(name), f"{name}.yaml")
    part = machine_part(whole)
    kept = {step.id for step in part.steps}
    for step in part.steps:
        assert step.effect is None and step.fan_out is None and step.wait_ms is None
        assert len(local_gates(step)) == len(step.machine_gates) and not (step.human_gates or step.review_gates)
        assert set(part.followers(step.id)) <= {*kept, END}
    assert part.digest != whole.digest
    assert machine_part(whole) == part


PEOPLE = "id: look, human: {from: [approvers]}"
SECRET = "environment:\n  setup: [[make, deps]]\n  cache_key: [uv.lock]\n  secrets: [TOKEN]\nsteps:\n"


@pytest.mark.parametrize(
    ("text", "isolation", "told"),
    [
        (
            HEAD + WRITE.replace("{id: tests, command: [make, test]}", "{id: look, human: {from: [approvers]}}"),
            "box",
            "has no gate",
        ),
        (HEAD + WRITE.replace("isolation: box", "isolation: vm"), "box", "demands a vm, and the bench gives a box"),
        (HEAD.replace("steps:\n", SECRET) + WRITE, "box", "sets itself up with the secrets TOKEN"),
        (HEAD + WRITE.replace("isolation: box", "isolation: vm"), "none", ""),
        (HEAD + WRITE.replace("isolation: box", "isolation: clone"), "none", ""),
        (HEAD + WRITE, "vm", ""),
    ],
)
def test_a_workflow_is_replayed_where_agents_get_what_it_demands_and_machines_judge(
    text: str, isolation: str, told: str
) -> None:
    whole = load((text + APPROVE + MERGE).encode(), "small.yaml")
    if not told:
        assert replayed_part("r7k2m.3", whole, Isolation(isolation)).steps
        return
    with pytest.raises(BadInput, match=told):
        replayed_part("r7k2m.3", whole, Isolation(isolation))
