"""What is exported as DOT comes back the same, for every workflow; what was changed since counts, or is said not to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import WorkflowError
from onloop.interop.formats.format_catalogue import ForeignFormat, exported, imported
from onloop.interop.formats.losses import Loss, LossKind
from onloop.machine.definition import Definition
from onloop.records import replace
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.document import read
from onloop.workflow.loader import checked, load
from onloop.workflow.pinned_files import bundled
from onloop.workflow.positioned_tree import plain
from support.graph_files import files

DIALECTS = (ForeignFormat.ATTRACTOR, ForeignFormat.FABRO)
RICH = """
workflow: rich-one
description: "Ends in a \\"quote\\", a \\\\ and <b>markup</b>"
agent_env: [ANTHROPIC_API_KEY]
environment: {setup: [[make, deps]], cache_key: [uv.lock], tools: {node: node}}
steps:
  - id: 1st.step-one
    role: implementer
    brief: "  leading\\n\\ttab, {braces} and \\\\n\\n"
    attempts: {max: 5, backoff: 10s}
    max_visits: 7
    timeout: 90s
    gates:
      - {id: a, command: [sh, -c, "echo 'it''s \\"x\\"'; printf '%s\\\\n' {report}", ""]}
      - {id: b, file: {path: docs/a.md, contains: "x\\ny"}}
      - {id: c, human: {from: [ana], quorum: 1, expire: {after: 3d, outcome: reject}}}
    next: [{when: "task.round >= 1", to: test.all}, {to: more.parts}]
  - id: more.parts
    fan_out:
      join: {quorum: 1}
      branches:
        one: {steps: [{id: part.one, role: implementer}]}
        two: {after: [one], steps: [{id: part.two, role: implementer, gates: [{id: t, command: [make]}]}]}
  - {id: test.all, run: [make, "a b"], on_fail: 1st.step-one}
  - {id: time.out, wait: 1h}
  - {id: ship.ok, gates: [{id: ok, human: {from: [approvers]}}], on_reject: end}
  - {id: ship.merge, effect: {merge: {style: squash}}, on_conflict: 1st.step-one}
"""


def same(definition: Definition) -> Definition:
    return replace(definition, digest="")


def returned(source: bytes, kind: ForeignFormat) -> tuple[Definition, tuple[Loss, ...]]:
    text = exported(source, "w.yaml", kind).text
    found, yaml = imported(text.encode(), "w.dot", kind, lambda _: None)
    assert plain(read(yaml.encode()).root or read(b"").root) == found.data  # type: ignore[arg-type]
    return same(load(yaml.encode(), "w.yaml")), found.losses


@pytest.mark.parametrize("kind", DIALECTS)
@pytest.mark.parametrize("name", builtins())
def test_every_built_in_comes_back_the_same(name: str, kind: ForeignFormat) -> None:
    source = bundled(builtin(name), name, lambda _: None)
    assert returned(source, kind) == (same(load(source, name)), ())


@pytest.mark.parametrize("kind", DIALECTS)
def test_quotes_tabs_rules_branches_and_odd_names_come_back_the_same(kind: ForeignFormat) -> None:
    assert returned(RICH.encode(), kind) == (same(load(RICH.encode(), "w.yaml")), ())


@given(files(), st.sampled_from(DIALECTS))
def test_any_graph_of_steps_comes_back_the_same(text: str, kind: ForeignFormat) -> None:
    try:
        wanted = load(text.encode(), "w.yaml")
    except WorkflowError:
        return
    assert returned(text.encode(), kind) == (same(wanted), ())


@given(st.text(max_size=60), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_whatever_a_brief_and_a_command_say_comes_back_the_same(brief: str, argv: list[str]) -> None:
    from onloop.interop.formats.workflow_yaml import workflow_yaml

    gate = {"id": "g", "command": argv}
    data = {"workflow": "w", "steps": [{"id": "a.b", "role": "x", "brief": brief, "gates": [gate]}]}
    source = workflow_yaml(data).encode("utf-8", "surrogatepass")
    try:
        assert checked(source, "w.yaml").data == data
    except WorkflowError:
        return  # a character that no workflow may hold, or a word in braces
    assert returned(source, ForeignFormat.ATTRACTOR) == (same(load(source, "w.yaml")), ())


def test_what_another_runner_would_not_obey_is_named_with_its_place_in_the_workflow() -> None:
    losses = exported(builtin("feature"), "feature", ForeignFormat.FABRO).losses
    lines = [loss.line("feature") for loss in losses]
    assert all(loss.kind is LossKind.CARRIED for loss in losses)
    source = builtin("feature").decode().splitlines()
    for field in ("not_by", "human", "effect", "junit"):
        named = next(loss for loss in losses if loss.what.startswith(f"{field} of"))
        assert source[named.at.line - 1][named.at.column - 1 :].startswith(field)
    assert any(line.endswith("nothing reaches the target there") for line in lines)


def test_a_changed_prompt_and_command_count_and_a_changed_edge_is_said_not_to() -> None:
    text = exported(RICH.encode(), "w.yaml", ForeignFormat.FABRO).text
    edited = text.replace("script=\"make 'a b'\"", 'script="make all"').replace(
        "ship_ok__ok -> ship_merge [", "ship_ok__ok -> exit ["
    )
    assert edited.count("make all") == 1
    found, yaml = imported(edited.encode(), "w.fabro", ForeignFormat.FABRO, lambda _: None)
    definition = load(yaml.encode(), "w.yaml")
    assert definition.steps[2].run == ("make", "all")
    assert definition.followers("ship.ok") == ("ship.merge",)
    assert [loss.what for loss in found.losses] == [
        "that no way leads from ship_ok__ok to ship_merge",
        "the way from ship_ok__ok to exit",
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('onloop="{\\"format\\":1', 'onloop="{\\"format\\":2', "is of format 2"),
        ('onloop="{\\"format\\":1', 'onloop="[', "is no JSON"),
        ('onloop="{\\"format\\":1,', 'onloop="{\\"x\\":' + "[" * 80 + "]" * 80 + ",", "nests too deep"),
        ('onloop="{\\"format\\":1,', 'onloop="{\\"x\\":' + "[" * 100_000 + ",", "is no JSON"),
        ('max_retries="4"', 'max_retries="many"', "max_retries is 'many'"),
        ('script="make', "script=\"'make", "cannot be divided into words"),
        ('\\"gate_of\\":\\"1st.step-one\\"', '\\"gate_of\\":\\"gone\\"', "which is no step before it"),
        ('\\"id\\":\\"time.out\\"', '\\"id\\":\\"test.all\\"', "is here twice"),
        ('\\"effect\\":', '\\"effects\\":', "effects"),
    ],
)
def test_a_broken_export_is_refused_at_its_place(before: str, after: str, says: str) -> None:
    text = exported(RICH.encode(), "w.yaml", ForeignFormat.FABRO).text
    assert before in text
    with pytest.raises(WorkflowError) as caught:
        imported(text.replace(before, after, 1).encode(), "w.fabro", ForeignFormat.FABRO, lambda _: None)
    assert says in caught.value.problems[0]
    assert caught.value.problems[0].startswith("w.fabro:")
