"""Files of policies: what they say, what is wrong with them and where, and what their cases show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import WorkflowError
from onloop.machine.definition import DenyOutcome, PolicyMode
from onloop.policies.shipped_policies import shipped_policies, shipped_policy
from onloop.workflow.loader import load
from onloop.workflow.policy_file import load_policy, tried
from onloop.workflow.schema import policy_schema

POLICY = """\
policy: small
at: [effect:merge, phase:develop]
rule: >-
  change.count <= 5 &&
  change.binary == 0
explain: Small changes.
mode: audit
on_deny: {approvals: {from: [security], quorum: 2}}
overridable_by: [leads]
cases:
  - {name: small, facts: {change: {count: 1, binary: 0}}, expect: allow}
"""
WORKFLOW = """\
workflow: w
description: d
steps:
  - id: develop.write
    role: implementer
    gates:
      - id: small
        policy: {rule: "change.count <= 5", explain: Small}
      - {id: tests, command: [make, test]}
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(WorkflowError) as caught:
        load_policy(text.encode(), "p.yaml")
    return tuple(caught.value.problems)


def test_a_file_says_everything_that_a_policy_is() -> None:
    policy = load_policy(POLICY.encode(), "p.yaml").policy

    assert (policy.name, policy.at, policy.mode) == ("small", ("effect:merge", "phase:develop"), PolicyMode.AUDIT)
    assert (policy.on_deny, policy.approvers, policy.quorum) == (DenyOutcome.APPROVALS, ("security",), 2)
    assert policy.override is not None and policy.override.by == ("leads",)
    assert not policy.late
    assert load_policy(POLICY.replace("change.binary == 0", "people.independent").encode(), "p").policy.late


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("change.count < 5", DenyOutcome.ROUND),
        ("evidence.tests.ran > 5", DenyOutcome.ROUND),
        ("people.independent", DenyOutcome.ASK),
        ("time.weekday < 6", DenyOutcome.ASK),
        ("people.independent || change.count < 5", DenyOutcome.ROUND),
    ],
)
def test_what_follows_a_denial_is_an_agent_s_only_where_it_could_mend_it(rule: str, outcome: DenyOutcome) -> None:
    text = POLICY.replace("on_deny: {approvals: {from: [security], quorum: 2}}\n", "")
    text = text.replace(">-\n  change.count <= 5 &&\n  change.binary == 0", rule)
    assert load_policy(text.encode(), "p.yaml").policy.on_deny is outcome


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("change.binary == 0", "change.bianry == 0", "p.yaml:5:3: there is no fact change.bianry; did you mean"),
        ("change.binary == 0", "change.binary == 'x'", "p.yaml:5:17: == does not take (int, string)"),
        ("change.count <= 5 &&", "change.count <= 5 && (", "p.yaml:5"),
        ("at: [effect:merge, phase:develop]", "at: []", "p.yaml:2:5: at is an empty list"),
        ("mode: audit", "mode: warn", "p.yaml:7:7: mode cannot be 'warn'"),
        ("quorum: 2", "quorum: 0", "p.yaml:8:49: quorum is 0"),
        ("on_deny: {approvals: {from: [security], quorum: 2}}", "on_deny: ignore", "on_deny cannot be 'ignore'"),
        ("on_deny: {approvals: {from: [security], quorum: 2}}", "on_deny: {}", "on_deny cannot be"),
        ("mode: audit", "mood: audit", "unknown field 'mood' in a policy"),
        ("explain: Small changes.\n", "", "a policy lacks explain"),
        ("binary: 0}}", "bianry: 0}}", "p.yaml:11:54: there is no fact change.bianry"),
        ("expect: allow", "expect: maybe", "expect cannot be 'maybe'"),
        ("policy: small", "policy: Small One", "policy cannot be 'Small One'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(was: str, now: str, said: str) -> None:
    assert was in POLICY
    found = problems(POLICY.replace(was, now))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ('"change.cuont <= 5"', "8:24"),
        ('"true && change.cuont <= 5"', "8:33"),
        ("change.cuont <= 5", "8:24"),
        ("'change.cuont <= 5'", "8:24"),
    ],
)
def test_a_rule_of_a_workflow_is_checked_at_its_place(rule: str, place: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        load(WORKFLOW.replace('"change.count <= 5"', rule).encode(), "w.yaml")
    assert f"w.yaml:{place}: there is no fact change.cuont" in caught.value.problems[0]


@pytest.mark.parametrize("style", ["|", ">", ">-", "|-"])
def test_a_rule_in_a_block_is_checked_at_its_line(style: str) -> None:
    block = (
        f"\n        policy:\n          rule: {style}\n            change.count <= 5 &&\n            change.cuont > 1\n"
    )
    text = WORKFLOW.replace('\n        policy: {rule: "change.count <= 5", explain: Small}\n', block)
    with pytest.raises(WorkflowError) as caught:
        load(text.encode(), "w.yaml")
    assert caught.value.problems[0].startswith("w.yaml:11:13: there is no fact change.cuont")


def test_a_gate_of_a_workflow_says_what_follows_and_who_may_override() -> None:
    gates = load(WORKFLOW.encode(), "w.yaml").steps[0].policy_gates
    assert [(each.id, each.rule, each.on_deny, each.override) for each in gates] == [
        ("small", "change.count <= 5", DenyOutcome.ROUND, None)
    ]
    asked = WORKFLOW.replace("explain: Small}", "explain: Small, on_deny: ask}\n        overridable_by: [leads]")
    (gate,) = load(asked.encode(), "w.yaml").steps[0].policy_gates
    assert (gate.on_deny, gate.override is not None and gate.override.by) == (DenyOutcome.ASK, ("leads",))


@pytest.mark.parametrize("name", shipped_policies())
def test_every_policy_that_comes_along_does_what_its_cases_say_and_hides_nothing(name: str) -> None:
    loaded = load_policy(shipped_policy(name), f"{name}.yaml")
    results = tried(loaded)

    assert loaded.policy.name == name
    assert len(results) >= 3
    assert [result.case.name for result in results if not result.is_met] == []
    assert [result.absorbed for result in results if result.absorbed] == []
    assert {result.case.allows for result in results} == {True, False}


def test_a_case_shows_what_cel_hides() -> None:
    text = POLICY.replace("change.count <= 5 &&", "evidence.lint.ran > 1 ||").replace("binary: 0}}", "binary: 0}}")
    (result,) = tried(load_policy(text.encode(), "p.yaml"))
    assert result.is_met
    assert result.absorbed == ("evidence.lint.ran > 1: evidence is not known",)


def test_the_schema_for_editors_knows_every_field() -> None:
    schema = policy_schema()
    assert {"policy", "at", "rule", "explain", "mode", "on_deny", "overridable_by", "cases"} == set(
        schema["properties"]
    )
    assert schema["title"] == "onloop policy"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_policy_or_problems_with_a_place(source: bytes) -> None:
    try:
        load_policy(source, "p.yaml")
    except WorkflowError as error:
        assert all(problem.startswith("p.yaml:") for problem in error.problems)
