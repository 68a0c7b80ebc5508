"""Where a person accepted a red base, a gate allows what fails there too, and nothing more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command
from onloop.gates.evaluation import GateSubject
from onloop.gates.repository.mirror import Mirror
from onloop.gates.tolerance import NoWorse, no_worse
from onloop.machine.base_result import BaseResult
from onloop.machine.definition import CommandGate, Counter, TestExpectation
from onloop.machine.task import Evidence, TestCounts, Verdict
from onloop.records import replace

if TYPE_CHECKING:
    from gates.conftest import Origin

UNITTEST = command("{python}", "-m", "unittest", "discover", "-s", "tests", tests=TestExpectation(Counter.UNITTEST))
OLD = "import unittest\nclass T(unittest.TestCase):\n    def test_old(self): self.fail('known')\n"
GOOD = "    def test_good(self): pass\n"
BAD = "    def test_new(self): self.fail('mine')\n"


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def red(desk: Desk, gate: CommandGate, files: dict[str, str]) -> Evidence:
    """What the gate finds on a base of these files: a fail."""
    base = desk.base(files)
    found = desk.ask(gate, GateSubject("r7k2m.3", "d" * 64, base, desk.mirror.tree(base), base))
    assert found.verdict is Verdict.FAIL
    return found


def judged(desk: Desk, gate: CommandGate, at_base: Evidence, files: dict[str, str]) -> Evidence:
    return desk.ask(gate, replace(desk.submit(files), tolerates={gate.id: at_base}))


def test_a_test_that_fails_at_the_base_too_is_tolerated_by_its_name(desk: Desk) -> None:
    at_base = red(desk, UNITTEST, {"tests/test_a.py": OLD + GOOD})

    found = judged(desk, UNITTEST, at_base, {"app.py": ""})

    assert found.verdict is Verdict.PASS
    assert [name.partition(" ")[0] for name in found.tolerated] == ["test_old"]
    assert found.summary == f"no worse than the base {at_base.head[:12]}: 1 of 2 failed there too"


def test_a_test_that_passes_at_the_base_and_fails_now_is_not_tolerated(desk: Desk) -> None:
    at_base = red(desk, UNITTEST, {"tests/test_a.py": OLD + GOOD})

    found = judged(desk, UNITTEST, at_base, {"tests/test_a.py": OLD + GOOD + BAD})

    assert (found.verdict, found.tolerated) == (Verdict.FAIL, ())
    assert found.summary.startswith(f"worse than the base {at_base.head[:12]}: test_new ")


def test_a_test_that_passed_at_the_base_may_not_be_gone_but_a_broken_one_may(desk: Desk) -> None:
    at_base = red(desk, UNITTEST, {"tests/test_a.py": OLD + GOOD})

    gone = judged(desk, UNITTEST, at_base, {"tests/test_a.py": OLD})
    mended = judged(desk, UNITTEST, at_base, {"tests/test_a.py": OLD.replace("self.fail('known')", "pass")})

    assert gone.verdict is Verdict.FAIL and "1 tests ran, but 2 ran at the base" in gone.summary
    assert mended.verdict is Verdict.FAIL or not mended.tolerated


def test_a_gate_that_counts_nothing_is_tolerated_by_its_name(desk: Desk) -> None:
    gate = command(sys.executable, "-c", "raise SystemExit(1)")
    at_base = red(desk, gate, {"a.txt": "a"})

    found = judged(desk, gate, at_base, {"b.txt": "b"})

    assert (found.verdict, found.tolerated) == (Verdict.PASS, ("check",))


def test_a_run_without_a_count_is_worse_than_one_that_was_counted() -> None:
    found = Evidence("tests", Verdict.FAIL, "", "a" * 40, "A" * 40, "a" * 40, "d" * 64, "verifier:v", 0)
    at_base = BaseResult(replace(found, tests=TestCounts(3, 0, 1)), ("t",), 3)

    assert no_worse("tests", "no test report was written", (), at_base) == (
        "no tests were counted, but some were at the base aaaaaaaaaaaa"
    )
    assert isinstance(no_worse("tests", TestCounts(3, 0, 1), ("t",), at_base), NoWorse)
    assert isinstance(no_worse("tests", TestCounts(3, 0, 2), ("t",), at_base), str), "one of them has no name"
