"""Reads a file with a policy of the organization, and tries it on the cases that it brings along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onloop.errors import WorkflowError
from onloop.machine.definition import Policy
from onloop.machine.fact_vocabulary import BY_PATH, DECLARED
from onloop.policies.cel_rules import CelRules, absorbed
from onloop.records import Record
from onloop.text import safe
from onloop.workflow import model as m
from onloop.workflow.document import read
from onloop.workflow.hints import nearest
from onloop.workflow.loader import MOST_PROBLEMS, problem_lines
from onloop.workflow.policy_builder import policy_of
from onloop.workflow.positioned_tree import Fault, Node, Path, Position, locate, plain
from onloop.workflow.rule_checks import rule_faults
from onloop.workflow.schema_checks import FileShape, misfits

FOLDER = ".onloop/policies"
"""Where policies are in a repository."""

LARGEST_POLICY = 262_144
"""How many bytes a policy file may have."""

_SHAPE = FileShape(
    m.PolicyFile,
    {(): "a policy", ("cases",): "a case"},
    {
        m.WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as size-of-change",
        m.POLICY_PLACE: "write effect:merge, phase:develop, step:develop.implement or every",
        m.PERSON: "write a person's or group's name without human: before it, such as security",
    },
    {},
    {},
)


class PolicyCase(Record):
    """Facts, what the policy must say of them, and where in the file that stands."""

    name: str
    facts: Mapping[str, Any]
    allows: bool
    because: str
    at: Position


class LoadedPolicy(Record):
    """A policy, and the cases that show what it means."""

    policy: Policy
    cases: tuple[PolicyCase, ...]


class CaseResult(Record):
    """What came of a case: whether it was as expected, what was said, and what failed without anybody being told."""

    case: PolicyCase
    is_met: bool
    words: str
    absorbed: tuple[str, ...] = ()


def load_policy(source: bytes, name: str) -> LoadedPolicy:
    """The policy in the bytes of a file called `name`; WorkflowError with every problem as `file:line:col: …`."""
    document = read(source)
    root = document.root
    data = plain(root) if root is not None else None
    lines = problem_lines(document, _faults(root, data) if root is not None else (), name)
    if len(source) > LARGEST_POLICY:
        lines = (f"{safe(name, 200)}:1:1: the file has {len(source)} bytes; keep it under {LARGEST_POLICY}",)
    if lines or root is None:
        hint = "onloop policy schema prints what a file may hold, onloop policy print size-of-change an example"
        raise WorkflowError(lines[:MOST_PROBLEMS], hint=hint)
    part = m.PolicyFile.model_validate(data)
    cases = tuple(
        PolicyCase(
            case.name, case.facts, case.expect == "allow", case.because or "", locate(root, ("cases", number, "name"))
        )
        for number, case in enumerate(part.cases)
    )
    return LoadedPolicy(policy_of(part), cases)


def _faults(root: Node, data: object) -> Iterator[Fault]:
    yield from misfits(root, data, _SHAPE)
    if not isinstance(data, dict):
        return
    rule, cases = data.get("rule"), data.get("cases")
    if isinstance(rule, str):
        yield from rule_faults(("rule",), rule)
    names = list[str]()
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        if isinstance(case, dict):
            yield from _case_faults(("cases", number), case, names)


def _case_faults(at: Path, case: Mapping[str, Any], names: list[str]) -> Iterator[Fault]:
    name = case.get("name")
    if isinstance(name, str):
        if name in names:
            yield Fault((*at, "name"), f"case {safe(name, 60)!r} is here twice", "give each case a name of its own")
        names.append(name)
    if isinstance(case.get("facts"), dict):
        yield from _unknown_facts((*at, "facts"), case["facts"], "")


def _unknown_facts(at: Path, facts: Mapping[str, Any], above: str) -> Iterator[Fault]:
    """Each fact of a case that no rule could read."""
    for name, value in facts.items():
        path = f"{above}{name}"
        if path in BY_PATH:
            continue
        inner = [fact.path for fact in DECLARED if fact.path.startswith(f"{path}.")]
        if inner and isinstance(value, dict):
            yield from _unknown_facts((*at, name), value, f"{path}.")
        else:
            near = nearest(path, [fact.path for fact in DECLARED])
            yield Fault((*at, name), f"there is no fact {safe(path, 100)}", f"{near}onloop policy facts lists them")


def tried(loaded: LoadedPolicy) -> tuple[CaseResult, ...]:
    """What the policy says of each of its cases."""
    return tuple(_tried(loaded.policy, case) for case in loaded.cases)


def _tried(policy: Policy, case: PolicyCase) -> CaseResult:
    outcome = CelRules().evaluate(policy.rule, case.facts)
    hidden = absorbed(policy.rule, case.facts)
    is_met = outcome.allows is case.allows and case.because in outcome.words
    read_words = f" ({', '.join(outcome.values)})" if outcome.values else ""
    return CaseResult(case, is_met, f"{outcome.words}{read_words}", hidden)
