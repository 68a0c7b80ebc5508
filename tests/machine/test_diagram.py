"""Diagrams that show a workflow as it is, and that nothing in it can break."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.definition import (
    END,
    ArtefactGate,
    CommandGate,
    Definition,
    Effect,
    HumanGate,
    Step,
)
from onloop.machine.diagram import table_mermaid, workflow_mermaid
from onloop.machine.transition_table import rows

LABEL = r'"(?:[A-Za-z0-9 _.,/()-]|#[0-9]+;|<br/>)*"'
NODE = r"(?:[sp][0-9]+|begin|done|rejected)"
FLOW_LINE = re.compile(
    rf"flowchart TD|  begin\(\(start\)\)|  done\(\(\(completed\)\)\)|  rejected\(\(\(rejected\)\)\)"
    rf"|  [sp][0-9]+(?:\[{LABEL}\]|\[\[{LABEL}\]\]|\(\[{LABEL}\]\)|\{{{LABEL}\}})"
    rf"|  {NODE} (?:-->|-\.->)(?:\|{LABEL}\|)? {NODE}"
)
STATE_LINE = re.compile(
    rf"stateDiagram-v2|  state {LABEL} as s[0-9]+|  (?:s[0-9]+|\[\*\]) --> (?:s[0-9]+|\[\*\])"
    r"(?:: (?:[A-Za-z0-9 _.,/()-]|#[0-9]+;)*)?"
)
HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        '"]\n  evil --> done',
        "%%{init: {'theme': 'x'}}%%",
        "`**x**`",
        "<script>",
        "a-->b",
        "end",
        "#quot;",
        "style x:#1;",
    ]
)


def test_a_workflow_is_drawn_with_who_does_what_which_gates_and_the_ways_back() -> None:
    definition = Definition(
        "w",
        "",
        "0" * 64,
        (
            Step(
                "develop.work",
                role="implementer",
                gates=(CommandGate("tests", ("make",), 1), ArtefactGate("notes", "notes.md")),
            ),
            Step("test.full", run=("make", "-C", "a:b"), on_fail="develop.work"),
            Step("ship.ok", gates=(HumanGate("release", ("approvers", "ana"), 2),), on_reject="develop.work"),
            Step("ship.merge", effect=Effect.MERGE),
        ),
    )
    assert workflow_mermaid(definition) == (
        "flowchart TD\n"
        "  begin((start))\n"
        "  done(((completed)))\n"
        '  s0["develop.work<br/>role implementer"]\n'
        '  s1(["test.full<br/>run make -C a#58;b"])\n'
        '  p2{"ship.ok<br/>release#58; 2 of approvers, ana"}\n'
        '  s3[["ship.merge<br/>effect merge"]]\n'
        "  begin --> s0\n"
        '  s0 -->|"tests, notes"| s1\n'
        '  s1 -->|"run"| p2\n'
        '  s1 -.->|"failed"| s0\n'
        '  p2 -->|"approved"| s3\n'
        '  p2 -.->|"rejected"| s0\n'
        "  s3 --> done\n"
    )


def test_people_at_an_agents_step_stand_behind_its_gates_and_a_rejection_may_end_it() -> None:
    gates = (CommandGate("tests", ("make",), 1), HumanGate("look", ("leads",)))
    definition = Definition("w", "", "0" * 64, (Step("a.b", role="x", gates=gates, on_reject=END),))
    assert workflow_mermaid(definition) == (
        "flowchart TD\n"
        "  begin((start))\n"
        "  done(((completed)))\n"
        "  rejected(((rejected)))\n"
        '  s0["a.b<br/>role x"]\n'
        '  p0{"a.b<br/>look#58; 1 of leads"}\n'
        "  begin --> s0\n"
        '  s0 -->|"tests"| p0\n'
        '  p0 -->|"approved"| done\n'
        '  p0 -.->|"rejected"| rejected\n'
    )


def test_a_table_is_drawn_with_one_arrow_for_each_pair_of_states() -> None:
    table = [("a", "Go", "b"), ("b", "Stop", "a"), ("b", "End", "c"), ("a", "Jump", "b"), ("b", "Quit", "c")]
    assert table_mermaid(table) == (
        "stateDiagram-v2\n"
        '  state "a" as s0\n'
        '  state "b" as s1\n'
        '  state "c" as s2\n'
        "  [*] --> s0\n"
        "  s0 --> s1: Go, Jump\n"
        "  s1 --> s0: Stop\n"
        "  s1 --> s2: End, Quit\n"
        "  s2 --> [*]\n"
    )


def test_the_machine_draws_itself_and_leaves_no_move_out() -> None:
    text = table_mermaid(rows())
    names = dict(re.findall(r'state "(\w+)" as (s\d+)', text))
    drawn = {
        (before, trigger, after)
        for before, after, triggers in re.findall(r"(s\d+) --> (s\d+): (.*)", text)
        for trigger in triggers.split(", ")
    }
    assert drawn == {(names[before], trigger, names[after]) for before, trigger, after in rows()}


def test_a_long_command_is_cut_short() -> None:
    definition = Definition("w", "", "0" * 64, (Step("a.b", run=("x" * 500,)),))
    assert f'  s0(["a.b<br/>run {"x" * 75}#8230;"])' in workflow_mermaid(definition).splitlines()


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_in_a_workflow_can_leave_its_label(step_id: str, role: str, gate: str, person: str) -> None:
    gates = (CommandGate(gate, (gate,), 1), HumanGate(gate, (person,)))
    steps = (Step(step_id, role=role, gates=gates), Step(f"{step_id}x", run=(person,), on_fail=step_id))
    text = workflow_mermaid(Definition(role, person, "0" * 64, steps))
    assert all(FLOW_LINE.fullmatch(line) for line in text.removesuffix("\n").split("\n")), text
    assert len(text.splitlines()) == 12


@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), max_size=6))
def test_no_text_in_a_table_can_leave_its_place(table: list[tuple[str, str, str]]) -> None:
    text = table_mermaid(table)
    assert all(STATE_LINE.fullmatch(line) for line in text.removesuffix("\n").split("\n")), text
