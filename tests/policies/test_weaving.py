"""Policies of the organization in a workflow: at the steps that they name, under a digest that covers them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.definition import Definition, Join, ParallelBranch, Policy, inner_steps
from onloop.machine.policy_weaving import unwoven, woven
from onloop.records import replace
from onloop.store.codec import from_text, to_text
from support.steps import defined, develop, merge, parts, ship

WALKED = defined(develop(), parts(2, Join()), ship(), merge())
SMALL = Policy("small", "change.count < 5", ("effect:merge",), "Small.")
DEVELOP = Policy("developed", "change.count < 5", ("phase:develop",))
EVERY = Policy("all", "true", ("every",))


def gates(definition: Definition) -> dict[str, list[str]]:
    return {step.id: [gate.id for gate in step.policy_gates] for step in definition.steps if step.policy_gates}


def test_a_policy_is_a_gate_at_the_steps_that_it_names_and_nowhere_else() -> None:
    assert gates(woven(WALKED, [SMALL])) == {"ship.merge": ["policy/small"]}
    assert gates(woven(WALKED, [replace(SMALL, at=("step:ship.release",))])) == {"ship.release": ["policy/small"]}
    assert "develop.implement" in gates(woven(WALKED, [DEVELOP]))
    assert set(gates(woven(WALKED, [EVERY]))) == {step.id for step in WALKED.steps}


def test_the_steps_of_children_are_held_to_them_too() -> None:
    divided = parts(2, Join())
    assert divided.fan_out is not None
    ways = (ParallelBranch("docs", (develop(),)), ParallelBranch("code", (develop(), ship())))
    walked = defined(replace(divided, fan_out=replace(divided.fan_out, branches=ways)), ship())
    fan_out = woven(walked, [EVERY]).steps[0].fan_out

    assert fan_out is not None
    assert len(inner_steps(fan_out)) >= 4
    assert all(step.policy_gates for step in inner_steps(fan_out))
    assert unwoven(woven(walked, [EVERY])) == walked


def test_another_rule_is_another_digest_and_the_order_of_adoption_is_not() -> None:
    first = woven(WALKED, [SMALL, EVERY])
    assert first == woven(WALKED, [EVERY, SMALL])
    assert first.digest != woven(WALKED, [SMALL]).digest != WALKED.digest
    assert first.digest != woven(WALKED, [replace(SMALL, rule="change.count < 6"), EVERY]).digest
    assert first.digest != woven(WALKED, [replace(SMALL, explain="Tiny."), EVERY]).digest
    assert first.file == WALKED.digest


def test_without_policies_a_workflow_is_what_its_file_says() -> None:
    assert woven(WALKED, []) == WALKED
    assert unwoven(WALKED) == WALKED


_POLICIES = st.lists(st.sampled_from([SMALL, DEVELOP, EVERY]), unique=True)


@given(_POLICIES, _POLICIES)
def test_weaving_again_leaves_no_trace_of_what_was_woven_before(first: list[Policy], then: list[Policy]) -> None:
    assert unwoven(woven(WALKED, first)) == WALKED
    assert woven(woven(WALKED, first), then) == woven(WALKED, then)
    assert from_text(Definition, to_text(woven(WALKED, first))) == woven(WALKED, first)
