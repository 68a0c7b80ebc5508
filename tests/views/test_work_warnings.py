"""Every warning is there when it is true and gone when it is not; and nothing warns of work but the registry."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from onloop.machine.base_facts import Amendment
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.state import Reason
from onloop.machine.task import Evidence, Task, Verdict
from onloop.records import replace
from onloop.views.base_words import BaseState
from onloop.views.dossier import BaseSeen, Dossier, gate_lines
from onloop.views.gate_standing import GateLine, GateStatus
from onloop.views.work_warnings import WARNINGS, WorkWarning, warned
from support.scenario import HEAD, OTHER_HEAD, Scenario, approve, claim, report, submit, work, workflow
from support.steps import develop, human, merge, ship
from support.world import ROOT

SHOP = workflow(develop(), ship(human(quorum=2)), merge()).given(claim(), submit(), report())
APPROVED = SHOP.given(approve())


def line(mark: GateStatus, **of_evidence: Any) -> GateLine:
    evidence = Evidence("tests", Verdict.FAIL, "1 failed", HEAD, HEAD, HEAD, "d", "verifier:v", 0, **of_evidence)
    return GateLine("develop.implement", "tests", mark, "", evidence, "e", "")


def found(**more: Any) -> Evidence:
    evidence = line(GateStatus.PASSED, **more).evidence
    assert evidence is not None
    return evidence


def flagged(kind: FlagKind) -> Task:
    return replace(SHOP.task, flagged=(Flag("conftest.py", kind),))


def release_of(at: Scenario, **task: Any) -> GateLine:
    return next(one for one in gate_lines(at.definition, replace(at.task, **task)) if one.gate == "tests")


def dossier(trouble: str = "", head: str = HEAD, files: tuple[Any, ...] = ()) -> Dossier:
    task = replace(SHOP.task, submission=work(head))
    return Dossier(task, None, (), (), files, "", trouble, ())


def base(state: BaseState, accepted_by: str = "") -> BaseSeen:
    return BaseSeen(state, HEAD, (), accepted_by)


Subject = tuple[object, ...]
CASES: Mapping[WorkWarning, tuple[Subject, Subject]] = {
    WorkWarning.STALE: ((release_of(SHOP, submission=work(OTHER_HEAD)),), (release_of(SHOP),)),
    WorkWarning.MISSING: ((release_of(SHOP, evidence={}),), (release_of(workflow(develop(), ship())),)),
    WorkWarning.NO_OUTPUT: ((line(GateStatus.FAILED, output_bytes=9),), (line(GateStatus.FAILED),)),
    WorkWarning.REACHABLE: (
        (found(box="bwrap", isolation="box", network=True),),
        (found(box="bwrap", isolation="box"),),
    ),
    WorkWarning.JUDGE_CHANGED: (
        (found(flags=(Flag("conftest.py", FlagKind.PLUGIN),)),),
        (found(flags=(Flag("tests/test_new.py", FlagKind.TEST_ADDED), Flag(".github/CODEOWNERS", FlagKind.CI))),),
    ),
    WorkWarning.FLAGGED: ((flagged(FlagKind.PLUGIN),), (flagged(FlagKind.LEADS_OUT),)),
    WorkWarning.CI_CHANGED: ((flagged(FlagKind.CI),), (flagged(FlagKind.PLUGIN),)),
    WorkWarning.LEADS_OUT: ((flagged(FlagKind.LEADS_OUT),), (flagged(FlagKind.OPENED),)),
    WorkWarning.OPENED: ((flagged(FlagKind.OPENED),), (flagged(FlagKind.LEADS_OUT),)),
    WorkWarning.AMENDED: (
        (replace(SHOP.task, amendments=(Amendment("human:ana", 0, "a" * 64, "b" * 64, "slow"),)),),
        (SHOP.task,),
    ),
    WorkWarning.BASE_RED: ((base(BaseState.RED),), (base(BaseState.RED, "human:ana"),)),
    WorkWarning.BASE_ACCEPTED: ((base(BaseState.RED, "human:ana"),), (base(BaseState.RED),)),
    WorkWarning.DIFF_UNREAD: ((dossier("the mirror is away"),), (dossier(),)),
    WorkWarning.DIFF_ABSENT: ((dossier(head=OTHER_HEAD),), (dossier(head=work().base),)),
    WorkWarning.LOOK_FIRST: (("a test is removed",), (None,)),
    WorkWarning.NOT_SHOWN: (("60,000 lines of a.lock",), ("",)),
    WorkWarning.NEWS: ((SHOP.task, APPROVED.task, SHOP.now), (SHOP.task, SHOP.task, SHOP.now)),
    WorkWarning.CHANGED: (("shown", ("the commit was a and is b",)), ("shown", ())),
    WorkWarning.STALLED: ((Reason.STALLED,), (Reason.GATES_RUNNING,)),
    WorkWarning.DISCONNECTED: ((Reason.DISCONNECTED,), (Reason.STALLED,)),
    WorkWarning.FROZEN: (({"all": 1, "run r1": 2},), ({},)),
    WorkWarning.RETRY_UNPROVED: (("develop.implement", 0), ("develop.implement", 1)),
    WorkWarning.RETRIED: (("r1", "1m ago", "failed again"), ("r1", "1m ago", "")),
}
"""Of each warning a subject of which it is true, and one like it of which it is not. A new warning needs both."""


@pytest.mark.parametrize("kind", WorkWarning)
def test_a_warning_is_there_when_it_is_true(kind: WorkWarning) -> None:
    present, _ = CASES[kind]

    words = warned(kind, *present)
    assert words and all(words)
    assert WARNINGS[kind].when


@pytest.mark.parametrize("kind", WorkWarning)
def test_a_warning_is_gone_when_it_is_not_true(kind: WorkWarning) -> None:
    _, absent = CASES[kind]

    assert warned(kind, *absent) == ()


def test_what_somebody_else_decided_is_told_with_who_and_when() -> None:
    told = warned(WorkWarning.NEWS, SHOP.task, APPROVED.task, SHOP.now + 3_000)
    assert told == ("human:ana approved release 3 s ago",)


ABOUT_WORK = ("model/sheet", "model/decide", "model/inbox/preview_lines.py", "panels", "model/tree")
NOT_WARNINGS = {"bulk_lines.py": "the sign of an outcome", "decision_flow.py": "notices of the form, not of work"}
"""Where the colour stands for something else."""
TABLES = {"Sign", "EventText"}
"""What is a table of states as a shape and a word: a state is no warning."""


def _in(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    place = ROOT / "tui/onloop_tui" / folder
    for path in sorted([place] if place.suffix else place.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _texts(tree: ast.AST) -> Iterator[str]:
    yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _coloured(node: ast.AST, *, in_table: bool = False) -> Iterator[int]:
    """The lines in which the colour of a warning is named, tables of states and settings by key left out."""
    if isinstance(node, ast.Attribute) and node.attr == "WARN" and not in_table:
        yield node.lineno
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    for child in ast.iter_child_nodes(node):
        yield from _coloured(child, in_table=in_table or called in TABLES or isinstance(node, ast.Dict))


@pytest.mark.parametrize("folder", ABOUT_WORK)
def test_nothing_about_work_is_drawn_as_a_warning_but_what_the_registry_gives(folder: str) -> None:
    found = [
        f"{path.name}:{row}" for path, tree in _in(folder) if path.name not in NOT_WARNINGS for row in _coloured(tree)
    ]

    assert found == [], "take it from onloop.views.work_warnings, by drawing/warning_lines.py"


def test_the_shape_and_the_words_of_warnings_are_written_in_the_registry_alone() -> None:
    sources = [*(ROOT / "core/onloop").rglob("*.py"), *(ROOT / "tui/onloop_tui").rglob("*.py")]
    loud = {
        path.name
        for path in sources
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if "⚠" in text or text.startswith(("STALE", "MISSING"))
    }

    assert loud == {"work_warnings.py"}
