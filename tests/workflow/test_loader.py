"""What is wrong with a workflow file is said with its place, in one sentence, and with what would work."""

from __future__ import annotations

import pytest

from onloop.errors import WorkflowError
from onloop.workflow.loader import load

HEAD = "workflow: w\nsteps:\n  - id: develop.work\n    role: implementer\n"
FIELDS = {
    "a workflow": "workflow, description, environment, agent_env, budget, steps",
    "a step": "id, role, agent, permit, run, effect, wait, brief, isolation, not_by, timeout, attempts, rounds, "
    "max_visits, gates, on_reject, on_fail, on_conflict, fan_out, context, budget, network, nested, box, open, skip, "
    "overridable_by, uses, with, next",
    "a gate": "id, command, timeout, junit, unittest, coverage, sarif, tests, file, artefact, github, http, "
    "policy, review, human, network, nested, box, open, fails_on_base, attach, exclusive, overridable_by",
    "human": "from, quorum, assurance, remind, escalate, expire, fresh, not_by_amender, grace",
}
DURATION = "write a whole number and a unit, such as 500ms, 90s, 45m, 4h or 3d"
QUOTES = "put it in quotes to make it text"
PATH = "is not a path inside a repository; write it as git does, such as docs/api.md"
NAME = "is not a plain file name; write a name without a folder, such as notes.md"


def problems(text: str) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        load(text.encode(), "flow.yaml")
    return list(caught.value.problems)


def step(lines: str) -> str:
    """A workflow whose only step, from line 5 on, also says this."""
    return HEAD + "".join(f"    {line}\n" for line in lines.split("\n"))


def gate(fields: str) -> str:
    """A workflow whose only step has one gate, on line 6, whose fields begin at column 10."""
    return HEAD + f"    gates:\n      - {{{fields}}}\n"


UNKNOWN = {
    "a field of the file": (
        "stpes: []\nworkflow: w\nsteps: [{id: a.b, role: x}]\n",
        f"1:1: unknown field 'stpes' in a workflow; did you mean steps? valid fields: {FIELDS['a workflow']}",
    ),
    "a field of a step": (
        step("timeuot: 3s"),
        f"5:5: unknown field 'timeuot' in a step; did you mean timeout? valid fields: {FIELDS['a step']}",
    ),
    "a field of a gate": (
        gate("id: t, comand: [make]"),
        f"6:17: unknown field 'comand' in a gate; did you mean command? valid fields: {FIELDS['a gate']}",
    ),
    "a field of a human gate": (
        gate("id: t, human: {form: [ana], from: [ana]}"),
        f"6:25: unknown field 'form' in human; did you mean from? valid fields: {FIELDS['human']}",
    ),
    "a field like no other": (
        gate("id: t, command: [make], zzz: 1"),
        f"6:34: unknown field 'zzz' in a gate; valid fields: {FIELDS['a gate']}",
    ),
    "a number as a field": (
        step("3: x"),
        f"5:5: unknown field '3' in a step; valid fields: {FIELDS['a step']}",
    ),
}

MISSING = {
    "the steps": ("workflow: w\n", "1:1: a workflow lacks steps; add steps: …"),
    "a step's id": ("workflow: w\nsteps:\n  - role: x\n", "3:5: a step lacks id; add id: …"),
    "a gate's id": (gate("command: [x]"), "6:9: a gate lacks id; add id: …"),
    "a name": (gate("id: t, artefact: {min_bytes: 3}"), "6:17: artefact lacks name; add name: …"),
    "a limit": (step("context: {soft: 60%}"), "5:5: context lacks hard; add hard: …"),
    "a person": (gate("id: t, human: {quorum: 1}"), "6:17: human lacks from; add from: …"),
    "a value": (step("rounds:"), "5:5: rounds is empty; give it a value, or remove it"),
    "a value within a gate": (
        gate("id: t, command: [x], junit: ~"),
        "6:38: junit is empty; give it a value, or remove it",
    ),
    "an item": (step("not_by: [~]"), "5:14: item 1 of not_by is empty; give it a value, or remove it"),
    "everything": ("---\n", "2:1: the file is empty; give it a value, or remove it"),
}
MISTYPED = {
    "a number for a text": (step("brief: 3"), f"5:12: brief is 3 (a number); {QUOTES}"),
    "a version for a text": (
        gate("id: t, file: {path: V, contains: 2.0}"),
        f"6:43: contains is 2.0 (a number); {QUOTES}",
    ),
    "a boolean in a command": (
        gate("id: t, command: [x, true]"),
        f"6:30: item 2 of command is true (a boolean); {QUOTES}",
    ),
    "a fraction for a share": (
        step("context: {soft: 0.6, hard: 85%}"),
        "5:21: soft: that is not a share; write a text such as 60%",
    ),
    "a share of more than everything": (
        step("context: {soft: 60%, hard: 850%}"),
        "5:32: hard: '850%' is not a share; write it as 0.6 or as 60%, at most 100%",
    ),
    "a list for a text": (step("brief: [a]"), "5:12: brief is a list; give a text"),
    "a text for a number": (step("rounds: three"), "5:13: rounds is 'three' (a text); give a whole number"),
    "a fraction for a number": (step("rounds: 1.5"), "5:13: rounds is 1.5 (a number); give a whole number"),
    "a boolean for a number": (step("rounds: true"), "5:13: rounds is true (a boolean); give a whole number"),
    "a shell line for a command": (
        step("run: make all"),
        "5:10: run is 'make all' (a text); give a list, such as [a, b]",
    ),
    "a mapping for a list": (step("gates: {}"), "5:12: gates is a mapping; give a list, such as [a, b]"),
    "a word for a mapping": (step("attempts: no"), "5:15: attempts is 'no' (a text); give a mapping of fields"),
    "a word for a step": (
        "workflow: w\nsteps: [x]\n",
        "2:9: item 1 of steps is 'x' (a text); give a mapping of fields",
    ),
    "a list for the file": ("- a\n", "1:1: the file is a list; give a mapping of fields"),
    "a list for a duration": (
        step("timeout: [3]"),
        "5:14: timeout: that is not a duration; write a text such as 500ms, 90s, 45m, 4h or 3d",
    ),
}

BAD_VALUES = {
    "an isolation that is misspelt": (
        step("isolation: clon"),
        "5:16: isolation cannot be 'clon'; did you mean clone? give one of: none, clone, box, container, vm",
    ),
    "an effect that is none": (
        step("effect: mail"),
        "5:13: effect: 'mail' is no effect by itself; "
        "write merge, push_branch, pull_request, comment, status, check_run or a mapping",
    ),
    "an assurance": (
        gate("id: t, human: {from: [a], assurance: A7}"),
        "6:47: assurance cannot be 'A7'; give one of: A0, A1, A2, A3, A4",
    ),
    "approve as an outcome": (
        gate("id: t, human: {from: [a], expire: {after: 3d, outcome: approve}}"),
        "6:65: approve can never be the outcome of a timeout; give one of: hold, reject",
    ),
    "another base": (
        gate("id: t, command: ['{report}'], junit: {no_fewer_than: main}"),
        "6:63: no_fewer_than cannot be 'main'; give one of: base",
    ),
    "a workflow's name": (
        "workflow: My Flow\nsteps: [{id: a.b, role: x}]\n",
        "1:11: workflow cannot be 'My Flow'; start with a letter, then small letters, digits and -, such as "
        "raise-coverage",
    ),
    "a step's id": (
        "workflow: w\nsteps: [{id: work, role: x}]\n",
        "2:14: id cannot be 'work'; write phase.name in small letters, digits, - and _, such as develop.implement",
    ),
    "a gate's id": (
        gate("id: A B, command: [x]"),
        "6:14: id cannot be 'A B'; use small letters, digits, - and _, such as unit-tests",
    ),
    "a role": (
        "workflow: w\nsteps: [{id: a.b, role: The Boss}]\n",
        "2:25: role cannot be 'The Boss'; start with a letter, then small letters, digits, - and _, "
        "such as implementer",
    ),
    "a person with a prefix": (
        gate("id: t, human: {from: ['human:ana']}"),
        "6:32: item 1 of from cannot be 'human:ana'; write a person's or group's name without human: before it, "
        "such as approvers",
    ),
    "a target": (
        step("on_reject: nowhere"),
        "5:16: on_reject cannot be 'nowhere'; name a step, such as develop.implement, or say end",
    ),
    "no rounds": (step("rounds: 0"), "5:13: rounds is 0; give 1 or more"),
    "many visits": (step("max_visits: 21"), "5:17: max_visits is 21; give 20 or less"),
    "many attempts": (step("attempts: {max: 21}"), "5:21: max is 21; give 20 or less"),
    "a large quorum": (gate("id: t, human: {from: [a], quorum: 11}"), "6:44: quorum is 11; give 10 or less"),
    "no steps": ("workflow: w\nsteps: []\n", "2:8: steps is an empty list; give at least 1"),
    "no command": (gate("id: t, command: []"), "6:26: command is an empty list; give at least 1"),
    "nobody": (gate("id: t, human: {from: []}"), "6:31: from is an empty list; give at least 1"),
    "nothing contained": (
        gate("id: t, file: {path: V, contains: ''}"),
        "6:43: contains is an empty text; give at least 1 character",
    ),
    "a long description": (
        f"workflow: w\ndescription: {'x' * 2001}\nsteps: [{{id: a.b, role: x}}]\n",
        "2:14: description has 2001 characters; give at most 2000",
    ),
    "a duration without a unit": (step("timeout: 90"), f"5:14: timeout: '90' is not a duration; {DURATION}"),
    "a duration in words": (step("timeout: an hour"), f"5:14: timeout: 'an hour' is not a duration; {DURATION}"),
    "a short timeout": (step("timeout: 500ms"), "5:14: timeout: '500ms' is out of bounds; give 1s to 7d"),
    "a long timeout": (step("timeout: 8d"), "5:14: timeout: '8d' is out of bounds; give 1s to 7d"),
    "a path from the root": (gate("id: t, file: {path: /etc/x}"), f"6:30: path: '/etc/x' {PATH}"),
    "a path that climbs": (gate("id: t, file: {path: a/../b}"), f"6:30: path: 'a/../b' {PATH}"),
    "a path like an option": (gate("id: t, file: {path: -rf}"), f"6:30: path: '-rf' {PATH}"),
    "a path of Windows": (gate("id: t, file: {path: 'C:\\a'}"), f"6:30: path: 'C:\\\\a' {PATH}"),
    "a cache key outside": (
        "workflow: w\nenvironment: {cache_key: [../uv.lock]}\nsteps: [{id: a.b, role: x}]\n",
        f"2:27: item 1 of cache_key: '../uv.lock' {PATH}",
    ),
    "an artefact in a folder": (gate("id: t, artefact: {name: a/b}"), f"6:34: name: 'a/b' {NAME}"),
    "an artefact that climbs": (gate("id: t, artefact: {name: ..}"), f"6:34: name: '..' {NAME}"),
}


@pytest.mark.parametrize(("text", "said"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_field_is_named_at_its_key_with_the_nearest_and_all_valid_ones(text: str, said: str) -> None:
    assert problems(text) == [f"flow.yaml:{said}"]


@pytest.mark.parametrize(("text", "said"), MISSING.values(), ids=MISSING)
def test_a_missing_field_is_named_at_the_mapping_that_lacks_it(text: str, said: str) -> None:
    assert problems(text) == [f"flow.yaml:{said}"]


@pytest.mark.parametrize(("text", "said"), MISTYPED.values(), ids=MISTYPED)
def test_nothing_is_converted_and_a_value_of_another_type_is_named_where_it_stands(text: str, said: str) -> None:
    assert problems(text) == [f"flow.yaml:{said}"]


@pytest.mark.parametrize(("text", "said"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_value_that_cannot_be_is_named_where_it_stands_with_what_could(text: str, said: str) -> None:
    assert problems(text) == [f"flow.yaml:{said}"]


def test_every_problem_is_found_at_once_in_the_order_of_the_file() -> None:
    text = HEAD + (
        "    timeuot: 3s\n    rounds: 0\n"
        "  - id: a.b\n"
        "  - id: ship.ok\n    on_reject: nowhere.x\n    gates: [{id: h, human: {from: [a]}}]\n    gates: []\n"
    )
    assert problems(text) == [
        f"flow.yaml:5:5: unknown field 'timeuot' in a step; did you mean timeout? valid fields: {FIELDS['a step']}",
        "flow.yaml:6:13: rounds is 0; give 1 or more",
        "flow.yaml:7:5: a.b has nothing to do; give it a role, run, effect, wait or a gate",
        "flow.yaml:9:16: there is no step nowhere.x; steps: develop.work, a.b, ship.ok",
        "flow.yaml:11:5: 'gates' is here twice, first at 10:5; keep one",
    ]


def test_two_fields_missing_in_one_place_are_two_problems() -> None:
    assert problems(gate("id: t, human: {from: [a], escalate: {}}")) == [
        "flow.yaml:6:36: escalate lacks after; add after: …",
        "flow.yaml:6:36: escalate lacks to; add to: …",
    ]


def test_after_a_hundred_problems_the_hint_says_that_there_are_more() -> None:
    with pytest.raises(WorkflowError) as caught:
        load((HEAD + "".join(f"    x{n}: 1\n" for n in range(500))).encode(), "flow.yaml")
    assert len(caught.value.problems) == 100
    assert caught.value.hint.startswith("there are more problems than these; onloop workflow schema prints")


def test_with_a_hundred_problems_there_are_no_more() -> None:
    with pytest.raises(WorkflowError) as caught:
        load((HEAD + "".join(f"    x{n}: 1\n" for n in range(100))).encode(), "flow.yaml")
    assert len(caught.value.problems) == 100
    assert caught.value.hint.startswith("onloop workflow schema prints")


def test_people_may_have_names_beyond_ascii() -> None:
    (gate_,) = load(gate("id: t, human: {from: [zoë, 李雷]}").encode(), "flow.yaml").steps[0].human_gates
    assert gate_.approvers == ("zoë", "李雷")


def test_a_file_name_from_elsewhere_cannot_write_to_the_terminal() -> None:
    with pytest.raises(WorkflowError) as caught:
        load(b"- a\n", "a\x1b[2J\nb.yaml")
    assert caught.value.problems == ("a␛[2J⏎b.yaml:1:1: the file is a list; give a mapping of fields",)


def test_a_value_with_control_characters_is_shown_escaped_and_short() -> None:
    (said,) = problems(step('role: "\\tx' + "y" * 200 + '"').replace("    role: implementer\n", ""))
    assert said == (
        "flow.yaml:4:11: role cannot be '\\tx" + "y" * 57 + "…'; "
        "start with a letter, then small letters, digits, - and _, such as implementer"
    )
