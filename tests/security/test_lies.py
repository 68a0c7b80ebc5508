"""Tests that lie: each trick is refused, or its evidence says which changed path decided what it says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gates.conftest import bare_origin_at, git
from gates.desk import Desk
from onloop.gates.evaluation import GateSubject
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import BaseTests, CommandGate, Counter, TestExpectation
from onloop.machine.task import Verdict
from security.lying_commits import AGAINST_BASE, ASKED, BASE, BROKEN, PROGRAM, PYTEST, REFUSED, UNITTEST, Lie


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A verifier of a repository whose tests pass; what it counted at the base is remembered."""
    place = tmp_path_factory.mktemp("lies")
    origin = bare_origin_at(place)
    desk = Desk(origin, Mirror(place / "mirrors" / "origin.git", str(origin.path)))
    origin.commit(BASE)
    desk.mirror.create()
    return desk


def submitted(desk: Desk, files: Mapping[str, str], removed: tuple[str, ...] = ()) -> GateSubject:
    """The commit on top of main, whatever was committed before."""
    git(desk.origin.path, "update-ref", "-d", "refs/heads/work")
    git(desk.origin.clone, "checkout", "--quiet", "--detach", "main")
    return desk.submit(files, *removed)


def told(lie: Lie) -> Mapping[str, str]:
    return {"app.py": BROKEN, **lie.files}


def gate_of(lie: Lie, base_tests: BaseTests | None = None) -> CommandGate:
    counter = Counter.JUNIT if lie.argv == PYTEST else Counter.UNITTEST
    tests = TestExpectation(counter, 1, max_skipped=0, no_fewer_than_base=True)
    return CommandGate("tests", lie.argv, 60_000, tests, base_tests=base_tests)


@pytest.mark.parametrize("argv", [PYTEST, UNITTEST], ids=["pytest", "unittest"])
def test_an_honest_commit_passes_unflagged(desk: Desk, argv: tuple[str, ...]) -> None:
    evidence = desk.ask(gate_of(Lie("honest", argv=argv)), submitted(desk, {"app.py": f"# better\n{PROGRAM}"}))
    assert (evidence.verdict, evidence.flags) == (Verdict.PASS, ()), evidence.summary
    assert evidence.tests is not None
    assert (evidence.tests.ran, evidence.tests.base_ran) == (3, 3)


@pytest.mark.parametrize("lie", REFUSED, ids=lambda lie: lie.name)
def test_a_lie_is_refused(desk: Desk, lie: Lie) -> None:
    evidence = desk.ask(gate_of(lie), submitted(desk, told(lie), lie.removed))
    assert evidence.verdict is Verdict.FAIL, evidence.summary


@pytest.mark.parametrize(("lie", "flags"), ASKED, ids=lambda given: getattr(given, "name", ""))
def test_a_lie_that_passes_is_flagged(desk: Desk, lie: Lie, flags: Mapping[str, str]) -> None:
    evidence = desk.ask(gate_of(lie), submitted(desk, told(lie), lie.removed))
    assert evidence.verdict is Verdict.PASS, evidence.summary
    assert {flag.path: flag.kind.value for flag in evidence.flags} == flags


@pytest.mark.parametrize("lie", AGAINST_BASE, ids=lambda lie: lie.name)
def test_no_lie_helps_against_the_tests_of_the_base(desk: Desk, lie: Lie) -> None:
    evidence = desk.ask(gate_of(lie, BaseTests()), submitted(desk, told(lie), lie.removed))
    assert evidence.verdict is Verdict.FAIL, evidence.summary
