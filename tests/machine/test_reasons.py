"""The list of reasons is closed at both ends: each is given by some code, or is reserved and given by none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.state import REASONS, RESERVED, Reason
from support.world import ROOT

SOURCES = sorted((ROOT / "core" / "onloop").rglob("*.py"))
TOLD = {Reason.FAILED, Reason.DENIED, Reason.ANOMALY}
"""Carried by no task, but told to people."""


def _looked_at(node: ast.AST) -> Iterator[ast.AST | None]:
    """Those parts of a node that compare with a value or look it up: they need it, and do not give it."""
    match node:
        case ast.Compare():
            yield from (node.left, *node.comparators)
        case ast.Dict():
            yield from node.keys
        case ast.Set():
            yield node
        case ast.MatchValue():
            yield node.value


def _given(path: Path) -> set[str]:
    """The reasons that a module hands on: as an argument, an answer or a value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = [part for node in ast.walk(tree) for part in _looked_at(node) if part is not None]
    looked_at = {id(inner) for part in parts for inner in ast.walk(part)}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and id(node) not in looked_at
        if isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }


def test_every_reason_is_given_by_some_code_unless_it_is_reserved() -> None:
    given = set[str]().union(*(_given(path) for path in SOURCES))

    assert {reason.name for reason in Reason} - given == {reason.name for reason in RESERVED}


def test_every_reason_belongs_to_one_state_or_is_only_told_to_people() -> None:
    found = [reason for reasons in REASONS.values() for reason in reasons]

    assert sorted(found) == sorted(set(Reason) - TOLD)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("hold(Reason.HALTED)", {"HALTED"}),
        ("why = {'a': Reason.HALTED}", {"HALTED"}),
        ("words = {Reason.HALTED: 'stopped'}", set()),
        ("task.reason in {Reason.HALTED}", set()),
        ("task.reason is Reason.HALTED", set()),
        ("match reason:\n    case Reason.HALTED: pass", set()),
    ],
)
def test_who_only_compares_a_reason_does_not_give_it(text: str, given: set[str], tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(text, encoding="utf-8")

    assert _given(tmp_path / "some.py") == given
