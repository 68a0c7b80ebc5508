"""How Python's test runners are started: ordinary projects work as ever, and the checkout takes nobody's place."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command, says
from onloop.gates.python_runners import RunnerEnd, doubt, interpreter_of, isolated, split_report
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import Counter, TestExpectation
from onloop.machine.task import TestCounts, Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin

PLAIN = ("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1")
PYTEST = (*PLAIN, "{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={report}")
PROGRAM = "def add(a, b):\n    return a + b\n"
TEST = "from {0} import add\n\ndef test_add():\n    assert add(1, 1) == 2\n"
UNIT = """
    import unittest
    from {0} import add

    class A(unittest.TestCase):
        def test_add(self):
            self.assertEqual(add(1, 1), 2)
"""
ORDINARY: Mapping[str, Mapping[str, str]] = {
    "a module beside its tests": {"app.py": PROGRAM, "test_app.py": TEST.format("app")},
    "a flat package, tests in a folder": {
        "app/__init__.py": "",
        "app/sums.py": PROGRAM,
        "tests/test_sums.py": TEST.format("app.sums"),
    },
    "a source folder that pyproject.toml names": {
        "src/app/__init__.py": PROGRAM,
        "tests/test_app.py": TEST.format("app"),
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    },
    "a conftest with fixtures, and something imported from beside it": {
        "app.py": PROGRAM,
        "tests/conftest.py": (
            "import pytest\nfrom places import two\n\n@pytest.fixture\ndef answer():\n    return two\n"
        ),
        "tests/places.py": "two = 2\n",
        "tests/test_app.py": "from app import add\n\ndef test_add(answer):\n    assert add(1, 1) == answer\n",
    },
    "tests in a package called test": {
        "app.py": PROGRAM,
        "test/__init__.py": "",
        "test/test_app.py": TEST.format("app"),
    },
    "a child that is started as a module": {
        "app.py": PROGRAM + "if __name__ == '__main__':\n    print(add(1, 1))\n",
        "test_app.py": (
            "import subprocess, sys\n\ndef test_add():\n"
            "    assert subprocess.check_output([sys.executable, '-m', 'app']) == b'2\\n'\n"
        ),
    },
    "a spawned process": {
        "app.py": PROGRAM,
        "test_app.py": (
            "import multiprocessing\nfrom app import add\n\ndef test_add():\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
            "        assert pool.starmap(add, [(1, 1)]) == [2]\n"
        ),
    },
}


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


@pytest.mark.parametrize("files", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_project_is_tested_by_pytest_as_ever(desk: Desk, files: Mapping[str, str]) -> None:
    evidence = desk.ask(command(*PYTEST, tests=TestExpectation(Counter.JUNIT)), desk.submit(files))
    assert evidence.verdict is Verdict.PASS, desk.output(evidence)
    assert evidence.tests == TestCounts(1, 0, 0)
    assert "[onloop" not in desk.output(evidence)


@pytest.mark.parametrize("folder", ["test", "tests"])
def test_an_ordinary_project_is_tested_by_unittest_as_ever(desk: Desk, folder: str) -> None:
    subject = desk.submit(
        {"app.py": PROGRAM, f"{folder}/__init__.py": "", f"{folder}/test_a.py": textwrap.dedent(UNIT).format("app")}
    )
    gate = command(
        "{python}", "-m", "unittest", "discover", "-s", folder, "-t", ".", tests=TestExpectation(Counter.UNITTEST)
    )
    evidence = desk.ask(gate, subject)
    assert evidence.tests == TestCounts(1, 0, 0), desk.output(evidence)


def test_the_evidence_names_what_was_run(desk: Desk) -> None:
    evidence = desk.ask(command(*PYTEST), desk.submit(ORDINARY["a module beside its tests"]))
    assert evidence.argv == ("/usr/bin/env", *PLAIN[1:], sys.executable, "<onloop start>", *PYTEST[3:])


def test_the_program_of_pytest_is_started_as_carefully(desk: Desk) -> None:
    program = Path(sys.executable).with_name("pytest")
    gate = command(
        str(program), "-q", "--junitxml={report}", "-p", "no:cacheprovider", tests=TestExpectation(Counter.JUNIT)
    )
    files = {**ORDINARY["a module beside its tests"], "conftest.py": "", "difflib.py": "import os\nos._exit(0)\n"}
    honest = desk.ask(gate, desk.submit(files))
    assert honest.verdict is Verdict.PASS, desk.output(honest)
    assert "<onloop start>" in honest.argv
    ended = desk.ask(gate, desk.submit({"app.py": "import os\nos._exit(0)\n"}))
    assert says(ended) == (Verdict.FAIL, "pytest did not finish: the code under test ended its process")


def test_a_module_that_would_take_the_place_of_a_standard_one_is_named(desk: Desk) -> None:
    files = {**ORDINARY["a module beside its tests"], "json.py": "", "platform/__init__.py": "", "site/index.html": ""}
    said = desk.output(desk.ask(command(*PYTEST), desk.submit(files)))
    assert "[onloop: json.py does not replace the interpreter's own json]" in said
    assert "[onloop: platform does not replace the interpreter's own platform]" in said
    assert "site" not in said


def test_a_module_of_the_checkout_runs_as_the_program(desk: Desk) -> None:
    subject = desk.submit({"check.py": "import sys\nprint(sys.argv[1:], sys.path[0], __name__)\nsys.exit('no')\n"})
    evidence = desk.ask(command("{python}", "-X", "dev", "-Wignore", "-m", "check", "-v", "a b"), subject)
    assert (evidence.verdict, evidence.exit_code) == (Verdict.FAIL, 1)
    complaint, said = sorted(desk.output(evidence).splitlines(), reverse=True)
    assert complaint == "no"
    assert said.startswith("['-v', 'a b'] /") and said.endswith("/checkout __main__")


def test_without_the_checkout_on_the_path_it_stays_off(desk: Desk) -> None:
    subject = desk.submit({"check.py": "print('found')\n"})
    evidence = desk.ask(command("{python}", "-I", "-m", "check"), subject)
    assert evidence.verdict is Verdict.FAIL
    assert "No module named check" in evidence.summary


@pytest.mark.parametrize(
    "argv",
    [("make", "test"), ("python3", "run.py"), ("python3", "-c", "1"), ("python3",), ("pytest", "-q"), ("env",), ()],
)
def test_other_commands_are_left_as_they_are(argv: tuple[str, ...]) -> None:
    assert isolated(argv, None, Path("/r"), "t").argv == argv


def test_an_interpreter_is_read_from_a_regular_file_only(tmp_path: Path) -> None:
    (tmp_path / "pytest").symlink_to("/dev/zero")
    assert interpreter_of(("./pytest",), tmp_path, {}) is None
    (tmp_path / "py.test").write_text("#!/opt/env/bin/python3.12\nimport pytest\n")
    assert interpreter_of(("./py.test",), tmp_path, {}) == "/opt/env/bin/python3.12"


def test_only_the_last_word_with_the_token_is_the_end() -> None:
    told = b"a\n\n[onloop t0 exit=0 report=none tests=3,0,0]\nb\n\n[onloop t exit=1 report=none tests=1,0,1]\nafter"
    assert split_report(told, "t") == (
        b"a\n\n[onloop t0 exit=0 report=none tests=3,0,0]\nb\nafter",
        RunnerEnd(1, None, TestCounts(1, 0, 1)),
    )
    assert split_report(told, None) == (told, None)


def test_a_summary_that_the_runner_did_not_write_is_doubted(tmp_path: Path) -> None:
    start = isolated(("python3", "-m", "unittest"), None, tmp_path / "report", "t")
    end = RunnerEnd(0, None, TestCounts(1, 0, 0))
    words = "unittest did not write the summary: it counted 1 tests, 0 failed"
    assert doubt(start, end, 0, tmp_path / "report", Counter.UNITTEST, TestCounts(50, 0, 0)) == words
    assert doubt(start, end, 0, tmp_path / "report", Counter.UNITTEST, TestCounts(1, 0, 0)) == ""


def test_a_runner_that_nobody_installed_is_no_fault_of_the_work(desk: Desk) -> None:
    subject = desk.submit({"check.py": "print('found')\n"})
    evidence = desk.ask(command("{python}", "-m", "nose2"), subject)
    assert evidence.verdict is Verdict.ERROR
    assert evidence.summary.startswith("nose2 is not installed for the gate: install it for /")
    own = desk.ask(command("{python}", "-m", "shop.checks"), subject)
    assert (own.verdict, own.exit_code) == (Verdict.FAIL, 127)
