"""`tests: base`: the base's tests, and what configures them, over the head's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk
from onloop.gates.base_tests import BaseTestsOverlay
from onloop.gates.checkout import clean_checkout
from onloop.gates.globs import matches
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import BaseTests, CommandGate, Counter, TestExpectation
from onloop.machine.task import Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin

BASE = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "tests/__init__.py": "",
    "tests/test_calc.py": (
        "import unittest\nfrom calc import add\n\nclass A(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(1, 1), 2)\n"
    ),
    "pyproject.toml": "[project]\nname = 'calc'\n",
    "requirements.txt": "a\n",
}
UNITTEST = ("{python}", "-m", "unittest", "discover", "-s", "tests", "-t", ".")


def gate(*paths: str) -> CommandGate:
    tests = TestExpectation(Counter.UNITTEST, no_fewer_than_base=True)
    return CommandGate("tests", UNITTEST, 30_000, tests, base_tests=BaseTests(paths))


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    desk = Desk(origin, mirror)
    desk.base(BASE)
    return desk


def checked_out(desk: Desk, head: str, base: str, *paths: str) -> dict[str, str]:
    with clean_checkout(desk.mirror, head, BaseTestsOverlay(base, BaseTests(paths))) as checkout:
        files = [path for path in checkout.path.rglob("*") if path.is_file() or path.is_symlink()]
        return {str(path.relative_to(checkout.path)): path.read_text() for path in files}


def test_a_checkout_has_the_heads_code_and_the_bases_tests(desk: Desk) -> None:
    head = {"calc.py": "1", "tests/test_calc.py": "weak", "tests/test_new.py": "x", "conftest.py": "x", "json.py": "x"}
    subject = desk.submit(
        {**head, "requirements.txt": "b\n", "pyproject.toml": "other"}, "README.md", "tests/__init__.py"
    )
    found = checked_out(desk, subject.head, subject.base)
    assert found == {**BASE, "calc.py": "1", "requirements.txt": "b\n"}


def test_a_file_in_the_place_of_the_tests_folder_gives_way(desk: Desk) -> None:
    desk.submit({}, "tests/__init__.py", "tests/test_calc.py", "README.md")
    (desk.origin.clone / "tests").rmdir()
    subject = desk.submit({"tests": "no folder"})
    assert checked_out(desk, subject.head, subject.base) == BASE
    (desk.origin.clone / "tests").unlink()
    (desk.origin.clone / "tests").symlink_to("calc.py")
    linked = desk.submit({})
    assert checked_out(desk, linked.head, linked.base) == BASE


def test_what_is_the_bases_can_be_said_by_patterns(desk: Desk) -> None:
    subject = desk.submit({"tests/test_calc.py": "weak", "checks/a/b_check.py": "new", "conftest.py": "x"}, "README.md")
    found = checked_out(desk, subject.head, subject.base, "checks", "**/*_check.py")
    assert found == {**BASE, "tests/test_calc.py": "weak", "conftest.py": "x"}


def test_weakened_tests_decide_nothing_and_are_no_flag(desk: Desk) -> None:
    broken = {"calc.py": "def add(a, b):\n    return 0\n"}
    weak = {
        "tests/test_calc.py": "import unittest\n\nclass A(unittest.TestCase):\n    def test_add(self):\n        pass\n"
    }
    evidence = desk.ask(gate(), desk.submit({**broken, **weak}))
    assert (evidence.verdict, evidence.summary) == (Verdict.FAIL, "test_add: AssertionError: 0 != 2")
    subject = desk.submit({"calc.py": "def add(*terms):\n    return sum(terms)\n", "requirements.txt": "b\n"})
    passed = desk.ask(gate(), subject)
    assert passed.verdict is Verdict.PASS
    assert passed.tests is not None
    assert (passed.tests.ran, passed.tests.base_ran) == (1, 1)
    assert passed.tests_from == subject.base
    assert [flag.path for flag in passed.flags] == [], "nothing of this gate installs what requirements.txt pins"


def test_a_base_without_tests_vouches_for_nothing(desk: Desk) -> None:
    desk.origin.commit({"README.md": "x"})
    for name in ("tests/test_calc.py",):
        (desk.origin.clone / name).unlink()
    desk.base({"README.md": "y"})
    evidence = desk.ask(gate(), desk.submit({"tests/test_new.py": BASE["tests/test_calc.py"]}))
    assert evidence.verdict is Verdict.FAIL
    assert evidence.summary.startswith("0 tests ran")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("tests", "tests/a/b.py"), ("tests/**", "tests/a.py"), ("**/*_test.go", "a_test.go"), ("**/x/*.py", "a/b/x/c.py")],
)
def test_a_pattern_means_files_and_all_in_a_folder(pattern: str, path: str) -> None:
    assert matches([pattern], path)
    assert not matches([pattern], f"other/{path}.txt") or pattern.startswith("**")


def test_a_star_stays_in_its_folder_and_other_signs_mean_themselves() -> None:
    assert not matches(["*.py"], "a/b.py") and matches(["*.py"], "b.py")
    assert not matches(["a.c"], "abc") and matches(["a[1]?"], "a[1]x")
