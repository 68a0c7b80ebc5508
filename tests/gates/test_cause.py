"""Which line of an output is its cause."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.gates.cause import LONGEST, cause_line
from onloop.text import safe
from support.effort import at_most


def cause_of(folder: Path, content: str, *argv: str) -> str:
    """The cause when `argv` is run as a module of Python beside test_it.py with `content`."""
    (folder / "test_it.py").write_text(textwrap.dedent(content))
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    argv = (sys.executable, "-B", "-m", *argv)
    ran = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode != 0
    return cause_line(ran.stdout + ran.stderr, ran.returncode)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("self.fail('too bad')", "AssertionError: too bad"),
        ("{}['k']", "KeyError: 'k'"),
        ("raise type('Odd', (Exception,), {})('strange')", "test_it.Odd: strange"),
        ("compile('def (', 'x', 'exec')", "SyntaxError: invalid syntax"),
    ],
)
def test_an_exception_in_a_test_is_the_cause(tmp_path: Path, body: str, cause: str) -> None:
    content = f"import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        {body}\n"
    assert cause_of(tmp_path, content, "unittest") == cause


def test_an_exception_under_pytest_is_the_cause(tmp_path: Path) -> None:
    assert cause_of(tmp_path, "def test_a():\n    int('x')\n", "pytest", "-q", "-p", "no:cacheprovider") == (
        "ValueError: invalid literal for int() with base 10: 'x'"
    )


def test_a_plain_assertion_names_nothing_so_its_test_does(tmp_path: Path) -> None:
    cause = cause_of(tmp_path, "def test_a():\n    x = 3\n    assert x == 4\n", "pytest", "-p", "no:cacheprovider")
    assert cause == "test_a: assert 3 == 4"


def test_a_module_that_cannot_be_imported_is_the_cause_under_both_runners(tmp_path: Path) -> None:
    for runner in (["unittest"], ["pytest", "-p", "no:cacheprovider"]):
        assert cause_of(tmp_path, "import kvlite", *runner) == "ModuleNotFoundError: No module named 'kvlite'"


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        (
            "a.c:1:2: warning: odd\na.c:3:5: error: expected ';'\nb.c:1:1: error: x\nmake: *** [Makefile:2: a] Error 1",
            "a.c:3:5: error: expected ';'",
        ),
        (
            "   Compiling x\nerror[E0308]: mismatched types\nerror: could not compile `x`",
            "error[E0308]: mismatched types",
        ),
        ("a.ts(3,5): error TS2304: Cannot find 'x'.\nFound 1 error.", "a.ts(3,5): error TS2304: Cannot find 'x'."),
        ("F401 [*] `os` imported but unused\n --> a.py:1:8\n\nFound 1 error.\n", "F401 [*] `os` imported but unused"),
        ("a.py:3: error: Incompatible types\nFound 1 error in 1 file", "a.py:3: error: Incompatible types"),
        ("fatal: not a git repository", "fatal: not a git repository"),
        ("building\nsh: 1: foo: not found\nmake: *** [all] Error 127\n", "sh: 1: foo: not found"),
        ("one thing\nanother thing\n\n", "another thing"),
        ("..F.\n======\nFAILED (failures=1)\n", "FAILED (failures=1)"),
        ("the lamp went out\n\n-----\nRan 2 tests in 0.1s\n\nFAILED (failures=1)\n", "the lamp went out"),
        ("Traceback (most recent call last):\n  File x\nqueue.Empty\n", "queue.Empty"),
        ("ValueError: early\nValueError: late\nFAILED (errors=2)", "ValueError: late"),
        (
            "A.java:2: error: cannot find symbol\n  x\n  symbol:   class Cart\n1 error",
            "A.java:2: error: cannot find symbol: class Cart",
        ),
        ("--- FAIL: TestSum (0.00s)\n    a_test.go:6: got 3, want 4\nFAIL", "TestSum: a_test.go:6: got 3, want 4"),
        (
            "CONFLICT (content): Merge conflict in a.py\nAutomatic merge failed; fix conflicts",
            "CONFLICT (content): Merge conflict in a.py",
        ),
        (
            "remote: no ticket\n ! [remote rejected] a -> a (pre-receive hook declined)\nerror: failed to push",
            "no ticket",
        ),
        (
            'npm error code E1\nnpm error Missing script: "lint"\nnpm error A complete log of this run',
            'Missing script: "lint"',
        ),
        ("[INFO] x\n[ERROR] Failed to do it -> [Help 1]\n[ERROR] \n[ERROR] Re-run", "Failed to do it -> [Help 1]"),
    ],
)
def test_the_most_telling_line_is_the_cause(output: str, cause: str) -> None:
    assert cause_line(output, 1) == cause


def test_without_output_the_way_it_ended_is_the_cause() -> None:
    assert cause_line("  \n\n", 3) == "exit code 3, and no output"
    assert cause_line("", None) == "no output"


def test_a_signal_is_the_cause_whatever_was_printed_before() -> None:
    assert cause_line("ValueError: handled\n", -9) == "ended by SIGKILL"
    assert cause_line("", -99) == "ended by signal 99"


def test_colours_are_dropped_and_what_a_terminal_would_obey_is_shown() -> None:
    assert cause_line("\x1b[1;31mValueError: no\x1b[0m \x1b]0;owned\x07\x9b2J\x07", 1) == "ValueError: no ‹U+009B›2J␇"


@given(st.text() | st.text(alphabet=":.\nE \x1b[]Aaerrorfatal-=1()", max_size=400), st.integers(-70, 255))
def test_a_cause_is_one_short_line_that_is_safe_to_show(output: str, exit_code: int) -> None:
    cause = cause_line(output, exit_code)
    assert 0 < len(cause) <= LONGEST
    assert safe(cause) == cause


@pytest.mark.parametrize("piece", ["A", "a.", "E ", "\x1b]", ":1: ", "error ", ".", "x: ", "\x1b["])
def test_no_output_makes_the_search_slow(piece: str) -> None:
    with at_most(1):
        cause_line(f"{piece * (100_000 // len(piece))}\n" * 3, 1)
