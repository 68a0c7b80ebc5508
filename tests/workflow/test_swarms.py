"""Fan-outs and reviews in workflow files: every mistake has its place and says what would work."""

from __future__ import annotations

import pytest

from onloop.errors import WorkflowError
from onloop.machine.definition import JoinKind, ReviewGate
from onloop.workflow.loader import load

GOOD = """\
workflow: swarm
steps:
  - id: plan.split
    role: planner
    gates: [{id: parts, artefact: {name: parts.txt}}]
  - id: develop.parts
    fan_out:
      over: parts.txt
      steps:
        - id: develop.part
          role: implementer
          gates: [{id: unit, command: [make, unit]}]
    gates: [{id: tests, command: [make, test]}]
  - id: review.code
    role: reviewer
    not_by: [develop.parts]
    gates: [{id: verdict, review: {quorum: 2}}]
    on_fail: develop.parts
  - id: ship.merge
    effect: merge
"""

MISTAKES = {
    "a join that is none": ("over: parts.txt", "over: parts.txt\n      join: most", "9:13: join: 'most' is not a join"),
    "two sources": ("over: parts.txt", "over: parts.txt\n      count: 2", "9:7: develop.parts has both over and count"),
    "no source": ("      over: parts.txt\n", "", "8:7: develop.parts does not say where its children come from"),
    "spawning by nobody": ("over: parts.txt", "spawn: true", "8:7: develop.parts has no agent that could spawn"),
    "a choice for nobody": (
        "over: parts.txt",
        "over: parts.txt\n      environments: [vm]",
        "9:7: develop.parts has no agent that could choose an environment for a child",
    ),
    "less than is demanded": (
        "fan_out:\n      over: parts.txt",
        "role: lead\n    isolation: box\n    fan_out:\n      spawn: true\n      environments: [vm, clone]",
        "11:26: clone is less than box, which develop.parts demands",
    ),
    "a quorum beyond the children": ("over: parts.txt", "count: 2\n      join: {quorum: 3}", "9:22: quorum is 3"),
    "an unknown field": (
        "          role: impl",
        "          rule: x\n          role: impl",
        "unknown field 'rule'",
    ),
    "a child that merges": (
        "          role: implementer\n",
        "          effect: merge\n",
        "a child may have no effect",
    ),
    "a child's gate that is none": ("unit, command: [make, unit]", "unit", "gate unit checks nothing"),
    "a review by the author": ("    not_by: [develop.parts]\n", "", "lets the agent that did the work review it"),
    "a review that leads nowhere": ("    on_fail: develop.parts\n", "", "a fail of review.code leads nowhere"),
    "a review by nobody": ("    role: reviewer\n    not_by: [develop.parts]\n", "", "review.code has no agent"),
    "judgement as the only gate": (
        "    gates: [{id: tests, command: [make, test]}]\n",
        "",
        "nothing is verified before ship.merge",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_at_its_place(old: str, new: str, said: str) -> None:
    assert old in GOOD

    with pytest.raises(WorkflowError) as wrong:
        load(GOOD.replace(old, new, 1).encode(), "flow.yaml")

    assert any(said in line for line in wrong.value.problems), wrong.value.problems


def test_a_swarm_and_its_review_are_read_as_they_are_written() -> None:
    definition = load(GOOD.encode(), "flow.yaml")

    fan_out = definition.step("develop.parts").fan_out
    assert fan_out is not None
    assert (fan_out.over, fan_out.join.kind, [s.id for s in fan_out.steps]) == (
        "parts.txt",
        JoinKind.ALL,
        ["develop.part"],
    )
    assert definition.step("review.code").gates == (ReviewGate("verdict", 2),)


def test_a_score_is_a_gate_of_each_child_s_last_step() -> None:
    text = GOOD.replace("over: parts.txt", "count: 3\n      join: {best_of: {score: {command: [make, score]}}}")

    fan_out = load(text.encode(), "flow.yaml").step("develop.parts").fan_out

    assert fan_out is not None and fan_out.join.kind is JoinKind.BEST_OF
    assert [gate.id for gate in fan_out.steps[-1].machine_gates] == ["unit", "score"]


def test_fan_outs_stand_in_each_other_up_to_a_cap() -> None:
    def nested(levels: int) -> str:
        step = "{id: develop.part, role: implementer, gates: [{id: unit, command: [make, unit]}]}"
        for level in range(levels):
            step = f"{{id: develop.level-{level}, fan_out: {{count: 1, steps: [{step}]}}}}"
        return f"workflow: deep\nsteps: [{step}]\n"

    assert load(nested(4).encode(), "flow.yaml").steps[0].fan_out is not None
    with pytest.raises(WorkflowError, match="nest at most 4"):
        load(nested(5).encode(), "flow.yaml")
