"""Graphs in workflow files: what is impossible is named at its place; what is accepted ends or waits for somebody."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from onloop.errors import WorkflowError
from onloop.machine.definition import Definition
from onloop.workflow.loader import load
from support.graph_files import files

GOOD = """\
workflow: triage
steps:
  - id: plan.look
    role: planner
    gates: [{id: notes, artefact: {name: notes.md}}]
    next:
      - {when: '"docs" in task.labels', to: develop.docs}
      - {to: develop.code}
  - id: develop.docs
    role: writer
    gates: [{id: links, command: [make, links]}]
    next: [{to: ship.release}]
  - id: develop.code
    role: implementer
    gates: [{id: tests, command: [make, test]}]
    next:
      - {when: 'task.visits < 3', to: develop.code}
      - {to: ship.release}
  - id: ship.release
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: plan.look
  - id: ship.merge
    effect: merge
"""

MISTAKES = {
    "a step that is not there": (
        "to: develop.docs}",
        "to: develop.dogs}",
        "7:45: there is no step develop.dogs; did you",
    ),
    "no default": (
        "      - {to: develop.code}\n",
        "",
        "7:9: nothing says where it leads where no rule is true; add a last one without when",
    ),
    "a rule after the default": (
        "{when: '\"docs\" in task.labels', to: develop.docs}\n      - {to: develop.code}",
        "{to: develop.code}\n      - {when: 'true', to: develop.docs}",
        "7:9: to develop.code has no when, so nothing after it is ever tried",
    ),
    "a step that no way leads to": (
        "      - {when: '\"docs\" in task.labels', to: develop.docs}\n",
        "",
        "8:9: no way leads to develop.docs; name it as `to`",
    ),
    "a loop without a way out": (
        "      - {when: 'task.visits < 3', to: develop.code}\n      - {to: ship.release}",
        "      - {to: develop.code}",
        "17:7: no way leads from develop.code to the end",
    ),
    "a way back to what was never passed": (
        "on_reject: plan.look",
        "on_reject: develop.docs",
        "21:16: on_reject leads back to 'develop.docs', and not every way to ship.release comes by it; name one of: ",
    ),
    "a rule that leads back to what was never passed": (
        "- {to: ship.release}\n  - id: ship.release",
        "- {to: develop.docs}\n  - id: ship.release",
        "18:14: next leads back to 'develop.docs', and not every way to develop.code comes by it",
    ),
    "a way to the merge that nothing vouches for": (
        "    next: [{to: ship.release}]",
        "    next: [{when: 'true', to: ship.merge}, {to: ship.release}]",
        "",
    ),
    "a rule of another type": ("'task.visits < 3'", "'task.visits'", "17:16: the rule gives int, and must give true"),
    "a fact that is none": ("'task.visits < 3'", "'task.visit < 3'", "17:16: there is no fact task.visit; did you"),
    "an empty list": ("next: [{to: ship.release}]", "next: []", "12:11: next is an empty list"),
    "an unknown field": ("{to: ship.release}]", "{too: ship.release}]", "unknown field 'too' in a way on"),
    "a target that is no name": ("[{to: ship.release}]", "[{to: Ship}]", "name a step, such as ship.release, or say"),
}


def problems(text: str) -> tuple[str, ...]:
    try:
        load(text.encode(), "flow.yaml")
    except WorkflowError as error:
        return error.problems
    return ()


def test_a_graph_that_fits_is_accepted_with_its_rules_in_order() -> None:
    definition = load(GOOD.encode(), "flow.yaml")

    assert [(rule.when, rule.to) for rule in definition.step("plan.look").next] == [
        ('"docs" in task.labels', "develop.docs"),
        ("", "develop.code"),
    ]
    assert definition.followers("develop.docs") == ("ship.release",)
    assert [step.id for step in definition.later("develop.docs")] == ["ship.release", "ship.merge"]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_impossible_is_named_where_it_stands(old: str, new: str, said: str) -> None:
    if "rule" in said or "fact" in said:
        pytest.importorskip("cel_expr_python")
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))

    if said:
        assert any(said in line for line in found), found
        assert all(re.match(r"flow\.yaml:\d+:\d+: .+; .+", line) for line in found)


def test_every_way_to_an_effect_is_vouched_for_and_the_way_that_is_not_is_named() -> None:
    text = GOOD.replace(
        "    gates: [{id: links, command: [make, links]}]\n    next: [{to: ship.release}]",
        "    next: [{to: ship.merge}]",
    )

    (found,) = problems(text)

    assert "nothing is verified before ship.merge on the way plan.look → develop.docs" in found


def accepted(text: str) -> Definition | None:
    """The definition in a file; where it is refused, each reason has a place and says what would work."""
    try:
        return load(text.encode(), "flow.yaml")
    except WorkflowError as error:
        assert error.problems
        assert all(re.match(r"flow\.yaml:\d+:\d+: .+; .+", line) for line in error.problems)
        return None


@settings(max_examples=60, deadline=None)
@given(files())
def test_a_file_is_refused_with_a_place_or_every_step_of_it_is_reached_and_leads_to_the_end(text: str) -> None:
    definition = accepted(text)
    if definition is None:
        return
    ids = [step.id for step in definition.steps]
    reached, ends = {ids[0]}, {"end"}
    for _ in ids:
        reached |= {to for name in reached & set(ids) for to in definition.followers(name)}
        ends |= {name for name in ids if ends & set(definition.followers(name))}
    assert set(ids) <= reached
    assert set(ids) <= ends
