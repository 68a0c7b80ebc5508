"""What onloop brings along: workflows, their schema, and durations."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import onloop
from onloop.demo.plays import PLAYS
from onloop.demo.scenario import Pattern
from onloop.errors import BadInput, UnknownThing
from onloop.machine.definition import (
    ArtefactGate,
    Attempts,
    CommandGate,
    Counter,
    Effect,
    FileGate,
    HumanGate,
    Isolation,
    Step,
    TestExpectation,
)
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.duration import milliseconds, written
from onloop.workflow.loader import load
from onloop.workflow.model import GATE_KINDS
from onloop.workflow.schema import json_schema

EIGHT = (
    *("bank-of-ona", "cve-remediation", "dependency-update", "feature", "flaky-tests"),
    *("policy-compliance", "raise-coverage", "swarm-feature"),
)


def test_the_built_in_workflows_are_these() -> None:
    assert builtins() == EIGHT


@pytest.mark.parametrize("name", builtins())
def test_a_built_in_loads_is_called_what_its_file_is_and_merges_only_what_a_person_released(name: str) -> None:
    definition = load(builtin(name), f"{name}.yaml")
    assert definition.name == name
    merge = next(number for number, step in enumerate(definition.steps) if step.effect is Effect.MERGE)
    before = definition.steps[:merge]
    assert before[-1].human_gates
    assert not any(step.role or step.fan_out or step.effect for step in definition.steps[merge + 1 :])
    assert all(step.brief for step in before if step.role)
    assert all(f"$ONLOOP_OUT/{g.name}" in s.brief for s in before for g in s.gates if isinstance(g, ArtefactGate))


def test_the_demos_remediation_is_the_built_in_with_gates_that_need_no_network() -> None:
    remediate, approve, merge = load(PLAYS[Pattern.FLEET].paced(), "x").steps
    assert (remediate.id, remediate.role, remediate.isolation) == ("develop.remediate", "implementer", Isolation.CLONE)
    assert (remediate.attempts, remediate.rounds) == (Attempts(3, 2_000), 2)
    assert remediate.gates == (
        CommandGate(
            "tests",
            ("{python}", "-m", "unittest", "discover", "-s", "tests", "-t", "."),
            600_000,
            TestExpectation(Counter.UNITTEST, 1, no_fewer_than_base=True),
        ),
        FileGate("patched", "vendor/kvlite/VERSION", "2."),
        ArtefactGate("notes", "remediation.md", 40),
    )
    assert approve == Step("ship.approve", gates=(HumanGate("release", ("approvers",)),), on_reject="develop.remediate")
    assert merge == Step("ship.merge", effect=Effect.MERGE)


def test_feature_plans_in_three_small_steps_that_each_have_a_gate() -> None:
    steps = load(builtin("feature"), "x").steps
    phases = [step.phase for step in steps]
    assert list(dict.fromkeys(phases)) == ["plan", "develop", "test", "review", "ship"]
    assert [step.id for step in steps if step.phase == "plan"] == ["plan.scope", "plan.design", "plan.breakdown"]
    assert all(step.gates for step in steps if not step.effect)
    kept = next(step for step in steps if step.id == "test.kept")
    assert [gate.base_tests is not None for gate in kept.gates if isinstance(gate, CommandGate)] == [True]
    review = next(step for step in steps if step.phase == "review")
    assert (review.not_by, review.on_fail) == (("develop.implement",), "develop.implement")


def test_no_built_in_names_a_file_of_the_demo_or_needs_an_extra() -> None:
    for name in builtins():
        text = builtin(name).decode()
        assert "kvlite" not in text
        assert "when:" not in text, "rules need the extra policy"
        assert "policy:" not in text


@pytest.mark.parametrize("name", ["features", "../feature", "feature.yaml", "", "/etc/passwd"])
def test_an_unknown_built_in_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UnknownThing) as caught:
        builtin(name)
    assert caught.value.message == f"there is no built-in workflow {name!r}"
    assert caught.value.hint.endswith(f"built-ins: {', '.join(EIGHT)}")


def test_the_nearest_built_in_is_named() -> None:
    with pytest.raises(UnknownThing) as caught:
        builtin("cve-remedation")
    assert caught.value.hint.startswith("did you mean cve-remediation? built-ins: ")


def test_the_schema_knows_the_fields_and_forbids_others_and_empty_ones() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    parts: dict[str, Any] = schema["$defs"]
    assert set(schema["properties"]) == {"workflow", "description", "environment", "agent_env", "budget", "steps"}
    assert schema["required"] == ["workflow", "steps"]
    assert all(part.get("additionalProperties") is False for part in (schema, *parts.values()) if "properties" in part)
    assert "from" in parts["HumanPart"]["properties"]
    assert '"null"' not in text
    assert ": null" not in text


def test_the_schema_says_what_values_may_be() -> None:
    parts: dict[str, Any] = json_schema()["$defs"]
    step, gate = parts["StepPart"]["properties"], parts["GatePart"]
    assert step["isolation"]["enum"] == ["none", "clone", "box", "container", "vm"]
    assert (step["rounds"]["minimum"], step["rounds"]["maximum"]) == (1, 20)
    assert re.fullmatch(step["timeout"]["pattern"], "45m")
    assert step["timeout"]["type"] == "string"
    assert [one["required"] for one in gate["oneOf"]] == [[kind] for kind in GATE_KINDS]
    assert parts["ExpirePart"]["properties"]["outcome"]["enum"] == ["hold", "reject"]


@pytest.mark.parametrize(
    ("text", "expected"), [("500ms", 500), ("90s", 90_000), ("45m", 2_700_000), ("4h", 14_400_000), ("3d", 259_200_000)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: int) -> None:
    assert milliseconds(text) == expected
    assert written(expected) == text


@pytest.mark.parametrize(
    "text", ["", "90", "s", "1.5h", "-3s", " 3s", "3s\n", "3 s", "3S", "1h30m", "٣s", "9" * 13 + "s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        milliseconds(text)
    assert caught.value.message == f"{text!r} is not a duration"
    assert caught.value.hint == "write a whole number and a unit, such as 500ms, 90s, 45m, 4h or 3d"


@given(st.integers(0, 10**12 - 1))
def test_a_written_duration_reads_the_same(duration_ms: int) -> None:
    assert milliseconds(written(duration_ms)) == duration_ms


def test_a_duration_is_read_without_pydantic_or_yaml_which_agents_would_wait_for() -> None:
    program = "import sys, onloop.workflow.duration; print(sorted({'pydantic', 'ruamel.yaml'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(onloop.__file__).parents[1],
    )
    assert done.stdout == "[]\n"
