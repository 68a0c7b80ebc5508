"""Commits that break a program and make its tests look well all the same: what each changes, for one small repository.

They are the tricks that were tried on the product (26 with pytest and unittest), and a few that came after.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

PROGRAM = "def add(a, b):\n    return a + b\n"
BROKEN = "def add(a, b):\n    return a - b\n"
TESTS = """
    import unittest
    from app import add

    class A(unittest.TestCase):
        def test_one(self):
            self.assertEqual(add(1, 1), 2)

        def test_two(self):
            self.assertEqual(add(2, 1), 3)

        def test_three(self):
            self.assertEqual(add(3, 1), 4)
"""
BASE = {"app.py": PROGRAM, "tests/__init__.py": "", "tests/test_app.py": textwrap.dedent(TESTS)}
PYTEST = (
    "env",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
    "{python}",
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "--junitxml={report}",
)
UNITTEST = ("{python}", "-m", "unittest", "discover", "-s", "tests", "-t", ".")

CASES = "".join(f'<testcase classname="tests.test_app.A" name="test_{n}"/>' for n in ("one", "two", "three"))
REPORT = f'<testsuites><testsuite name="pytest" tests="3">{CASES}</testsuite></testsuites>'
WRITE = f"""
import sys
for word in (*sys.argv, *sys.orig_argv):
    if word.startswith("--junitxml=") and "{{" not in word:
        with open(word.partition("=")[2], "w") as report:
            report.write({REPORT!r})
"""
WRITE_AND_EXIT = f"{WRITE}import os\nos._exit(0)\n"
DAEMON = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(0.3)
    {WRITE.replace(chr(10), chr(10) + "    ")}
    os._exit(0)
"""
SUMMARY = "print('Ran 3 tests in 0.001s\\n\\nOK', file=sys.stderr, flush=True)"
GREEN = "import unittest\n\nclass A(unittest.TestCase):\n"
TRIVIAL = GREEN + "".join(f"    def test_{n}(self):\n        pass\n" for n in ("one", "two", "three"))
PASSED_BY_HOOK = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
"""
FORGED_AT_THE_END = f"def pytest_unconfigure(config):\n    {WRITE.replace(chr(10), chr(10) + '    ')}\n"
EXIT_GREEN = "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
PATCHED_RUNNER = """
import sys
if "_pytest" in sys.modules:
    import _pytest.unittest
    _pytest.unittest.TestCaseFunction.runtest = lambda self: None
"""


@dataclass(frozen=True)
class Lie:
    """One commit; the program is broken besides, unless `files` has a program of its own."""

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    argv: tuple[str, ...] = PYTEST


def test_file(head: str, tests: str = TESTS) -> dict[str, str]:
    """The tests with something before them."""
    return {"tests/test_app.py": head + textwrap.dedent(tests)}


test_file.__test__ = False  # type: ignore[attr-defined]
_EXIT_RUNNER = "import sys\nprint('3 passed')\nsys.exit(0)\n"

REFUSED = (
    Lie("collects only", {"pytest.ini": "[pytest]\naddopts = --co\n"}),
    Lie("selects nothing", {"pytest.ini": "[pytest]\naddopts = -k nothing\n"}),
    Lie("sitecustomize", {"sitecustomize.py": WRITE_AND_EXIT}),
    Lie("a .pth in the repository", {"a.pth": "import os; os._exit(0)\n"}),
    Lie("ends the process", test_file("import os\nos._exit(0)\n")),
    Lie("ends the session", test_file("import pytest\npytest.exit('done', 0)\n")),
    Lie("skips all", test_file("import pytest\npytestmark = pytest.mark.skip\n")),
    Lie("expects all to fail", test_file("import pytest\npytestmark = pytest.mark.xfail\n")),
    Lie("deletes two tests", {"tests/test_app.py": TRIVIAL.replace("test_two", "two").replace("test_three", "three")}),
    Lie("a module pytest.py", {"pytest.py": WRITE + _EXIT_RUNNER}),
    Lie("a package pytest", {"pytest/__init__.py": "", "pytest/__main__.py": WRITE + _EXIT_RUNNER}),
    Lie("a module unittest.py", {"unittest.py": f"import sys\n{SUMMARY}\nsys.exit(0)\n"}, argv=UNITTEST),
    Lie("a module json.py", {"json.py": WRITE_AND_EXIT}),
    Lie("a module argparse.py", {"argparse.py": WRITE_AND_EXIT}),
    Lie("a module difflib.py", {"difflib.py": WRITE_AND_EXIT}),
    Lie(
        "a module difflib.py, for unittest", {"difflib.py": f"import os, sys\n{SUMMARY}\nos._exit(0)\n"}, argv=UNITTEST
    ),
    Lie("shadows in what conftest puts first", {"conftest.py": "", "difflib.py": WRITE_AND_EXIT}),
    Lie("a test writes the report and exits", test_file(WRITE_AND_EXIT)),
    Lie("the program writes the report and exits", {"app.py": WRITE_AND_EXIT}),
    Lie("a test prints the summary and exits", test_file(f"import os, sys\n{SUMMARY}\nos._exit(0)\n"), argv=UNITTEST),
    Lie("a test prints the summary", test_file(f"import sys\n{SUMMARY}\n", TESTS), argv=UNITTEST),
    Lie(
        "the summary is printed at exit",
        test_file(f"import atexit, os, sys\natexit.register(lambda: ({SUMMARY}, os._exit(0)))\n"),
        argv=UNITTEST,
    ),
    Lie("a daemon writes the report", test_file(DAEMON)),
    Lie("a child goes on while the runner ends", test_file("import os\nif os.fork():\n    os._exit(0)\n" + WRITE)),
    Lie(
        "the report is written at exit",
        test_file(f"import atexit\natexit.register(lambda: exec({WRITE_AND_EXIT!r}))\n"),
    ),
)
"""What gets no pass, though the exit code may be 0 and a report may say so."""

ASKED = (
    (Lie("hooks in conftest", {"conftest.py": PASSED_BY_HOOK}), {"conftest.py": "plugin"}),
    (Lie("conftest forges the report", {"conftest.py": FORGED_AT_THE_END + EXIT_GREEN}), {"conftest.py": "plugin"}),
    (
        Lie("tox.ini loads a plugin", {"tox.ini": "[pytest]\naddopts = -p green\n", "green.py": PASSED_BY_HOOK}),
        {"tox.ini": "configuration", "green.py": "reaches"},
    ),
    (
        Lie("deletes all tests but a forged one", {"tests/test_new.py": TRIVIAL}, ("tests/test_app.py",)),
        {"tests/test_app.py": "test_deleted", "tests/test_new.py": "test_added"},
    ),
    (
        Lie("swaps failing tests for trivial ones", {"tests/test_app.py": TRIVIAL}),
        {"tests/test_app.py": "test_changed"},
    ),
    (
        Lie("empties the bodies", test_file("", TESTS.replace("self.assertEqual", "print"))),
        {"tests/test_app.py": "test_changed"},
    ),
    (
        Lie("a test changes the runner", test_file(PATCHED_RUNNER)),
        {"tests/test_app.py": "test_changed"},
    ),
    (
        Lie("the program changes the runner", {"app.py": BROKEN + PATCHED_RUNNER}),
        {"app.py": "reaches"},
    ),
)
"""What passes, and is flagged: path and kind."""

AGAINST_BASE = (*REFUSED[::5], *(lie for lie, _ in ASKED[:-1]))
"""Some that are refused, and all that pass where the commit's own tests run but the last, which needs no test."""
