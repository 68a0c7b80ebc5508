"""What a file says is what the machine walks."""

from __future__ import annotations

import hashlib

import pytest

from onloop.errors import WorkflowError
from onloop.machine.definition import (
    ArtefactGate,
    Assurance,
    Attempts,
    BaseTests,
    BoxSpec,
    CommandGate,
    Counter,
    Definition,
    Effect,
    EnvironmentSpec,
    Escalation,
    ExpireOutcome,
    Expiry,
    FileGate,
    Hole,
    HumanGate,
    Isolation,
    Step,
    TestExpectation,
)
from onloop.workflow.loader import load

WHOLE = b"""\
workflow: whole
description: Everything that can be said.
environment:
  setup: [["{python}", -m, venv, .venv]]
  cache_key: [uv.lock, docs/a.txt]
  network: true
  box: landlock
steps:
  - id: develop.work
    role: implementer
    brief: |
      Do it.
    isolation: clone
    timeout: 45m
    attempts: {max: 4, backoff: 10m}
    rounds: 2
    max_visits: 5
    gates:
      - id: tests
        command: [pytest, "--junitxml={report}"]
        junit: {min_tests: 3, max_skipped: 0, no_fewer_than: base}
        timeout: 90s
      - {id: unit, command: ["{python}", -m, unittest], unittest: {}, network: true, nested: true, box: namespaces}
      - {id: file, file: {path: a/b.txt, contains: "2."}}
      - {id: notes, artefact: {name: notes.md, min_bytes: 40}}
  - id: test.full
    run: [make, "all things", no]
    on_fail: develop.work
    open: [container, gpu]
  - id: review.code
    role: reviewer
    not_by: [develop.work]
  - id: ship.ok
    gates:
      - id: release
        human:
          from: [approvers, ana]
          quorum: 2
          assurance: A1
          remind: 1h
          escalate: {after: 4h, to: [leads]}
          expire: {after: 30d, outcome: reject}
    on_reject: end
  - id: ship.merge
    effect: merge
"""

SHORT = b"workflow: w\nsteps:\n  - id: develop.work\n    role: implementer\n"
STEPS = (
    Step(
        "develop.work",
        role="implementer",
        brief="Do it.\n",
        isolation=Isolation.CLONE,
        timeout_ms=2_700_000,
        attempts=Attempts(4, 600_000, 600_000),
        rounds=2,
        max_visits=5,
        gates=(
            CommandGate(
                "tests",
                ("pytest", "--junitxml={report}"),
                90_000,
                TestExpectation(Counter.JUNIT, 3, 0, no_fewer_than_base=True),
            ),
            CommandGate(
                "unit",
                ("{python}", "-m", "unittest"),
                600_000,
                TestExpectation(Counter.UNITTEST),
                box=BoxSpec(network=True, nested=True, at_least="namespaces"),
            ),
            FileGate("file", "a/b.txt", "2."),
            ArtefactGate("notes", "notes.md", 40),
        ),
    ),
    Step(
        "test.full",
        run=("make", "all things", "no"),
        on_fail="develop.work",
        box=BoxSpec(open=(Hole.CONTAINER, Hole.GPU)),
    ),
    Step("review.code", role="reviewer", not_by=("develop.work",)),
    Step(
        "ship.ok",
        gates=(
            HumanGate(
                "release",
                ("approvers", "ana"),
                2,
                Assurance.A1,
                3_600_000,
                Escalation(14_400_000, ("leads",)),
                Expiry(2_592_000_000, ExpireOutcome.REJECT),
            ),
        ),
        on_reject="end",
    ),
    Step("ship.merge", effect=Effect.MERGE),
)


def test_every_field_of_a_file_reaches_the_definition() -> None:
    assert load(WHOLE, "whole.yaml") == Definition(
        name="whole",
        description="Everything that can be said.",
        digest=hashlib.sha256(WHOLE).hexdigest(),
        environment=EnvironmentSpec(
            (("{python}", "-m", "venv", ".venv"),), ("uv.lock", "docs/a.txt"), BoxSpec(True, at_least="landlock")
        ),
        steps=STEPS,
    )


def test_what_a_file_leaves_out_is_what_the_machine_has_as_default() -> None:
    definition = load(SHORT, "flow.yaml")
    assert definition.steps == (Step("develop.work", role="implementer"),)


def test_the_digest_is_of_the_bytes_so_a_comment_changes_it() -> None:
    assert load(SHORT, "x").digest != load(SHORT + b"# x\n", "x").digest


def test_a_gate_may_run_the_tests_of_the_base_by_convention_or_by_patterns() -> None:
    gates = "{id: a, command: [x], tests: base}, {id: b, command: [x], tests: {from: base, paths: ['**/*_test.go']}}"
    step = load(f"workflow: w\nsteps: [{{id: a.b, role: x, gates: [{gates}]}}]\n".encode(), "flow.yaml").steps[0]
    assert [gate.base_tests for gate in step.machine_gates if isinstance(gate, CommandGate)] == [
        BaseTests(),
        BaseTests(("**/*_test.go",)),
    ]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("{id: t, command: [x], tests: head}", "'head' has no tests to run"),
        ("{id: t, command: [x], tests: {from: head}}", "head"),
        ("{id: t, command: [x], tests: {from: base, paths: [../x]}}", "'../x' is not a path inside a repository"),
        ("{id: t, file: {path: a}, tests: base}", "tests is about a command, and gate t has none"),
        ("{id: flagged, command: [x]}", "gate id flagged is taken by the approval that an effect asks for"),
    ],
)
def test_other_tests_and_the_id_of_the_approval_of_flags_are_refused(gate: str, said: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        load(f"workflow: w\nsteps: [{{id: a.b, role: x, gates: [{gate}]}}]\n".encode(), "flow.yaml")
    assert said in refused.value.problems[0]
