"""Which changed files matter to a gate: its own language's and those that it names; any where that is not known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from onloop.gates.configuration import flags_for
from onloop.gates.read_files import reads
from onloop.gates.repository.file_changes import ChangedPath, FileKind, Status
from onloop.machine.definition import CommandGate
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.loader import load

PYTEST = (".venv/bin/python", "-m", "pytest", "-q", "--junitxml={report}")
FILES = (
    *("conftest.py", "pytest.ini", "pyproject.toml", "requirements.txt", "Makefile", "package.json", "jest.config.js"),
    *("Cargo.toml", "go.mod", "scripts/test.sh", ".gitattributes", "json.py"),
)


def flagged(
    argv: Sequence[str], *setup: Sequence[str], files: Sequence[str] = FILES, has_git: bool = False
) -> set[str]:
    changed = [ChangedPath(path, Status.MODIFIED, FileKind.FILE) for path in files]
    gate = CommandGate("tests", tuple(argv), 1000)
    return {flag.path for flag in flags_for(gate, changed, setup=setup, has_git=has_git)}


PYTHON = {"conftest.py", "pytest.ini", "pyproject.toml", "json.py"}
READ: dict[str, tuple[Sequence[str], set[str]]] = {
    "pytest": (PYTEST, PYTHON),
    "unittest": (("{python}", "-m", "unittest", "discover"), PYTHON),
    "uv run": (("uv", "run", "pytest"), {*PYTHON, "requirements.txt", "Makefile", "Cargo.toml"}),
    "jest": (("node_modules/.bin/jest", "--ci"), {"package.json", "jest.config.js"}),
    "cargo": (("cargo", "test"), {"Cargo.toml", "Makefile"}),
    "a named file": ((*PYTEST, "scripts/test.sh"), {*PYTHON, "scripts/test.sh"}),
    "make": (("make", "check"), set(FILES)),
    "a script of the repository": (("sh", "scripts/test.sh"), set(FILES)),
    "a program of the repository": (("./judge",), set(FILES)),
    "a module of the repository": (("{python}", "-m", "app.judge"), set(FILES)),
    "tox": (("tox", "-q"), set(FILES)),
    "an unknown program": (("judge",), set(FILES)),
    "a shell line": (("sh", "-ec", "cd app && .venv/bin/python -m pytest"), PYTHON),
    "a shell line that runs make": (("sh", "-ec", "cd app && make"), set(FILES)),
    "a shell line that runs what is not known": (("sh", "-ec", "judge; .venv/bin/python -m pytest"), set(FILES)),
}


@pytest.mark.parametrize(("argv", "read"), READ.values(), ids=READ)
def test_a_gate_is_warned_of_what_it_reads_and_of_nothing_else(argv: Sequence[str], read: set[str]) -> None:
    assert flagged(argv) == read


def test_what_setup_runs_is_read_as_well() -> None:
    assert "Makefile" not in flagged(PYTEST)
    assert "Makefile" in flagged(PYTEST, (".venv/bin/python", "-m", "pip", "install", "-e", "."))
    assert flagged(PYTEST, ("make", "deps")) == set(FILES)


UNREAD = ("shop.lock", "uv.lock", "requirements.txt", ".envrc", ".gitattributes", "package-lock.json")


def test_what_no_command_installs_from_or_opens_decides_nothing() -> None:
    unittest, pip = ("{python}", "-m", "unittest", "discover"), (".venv/bin/pip", "install", "-e", ".")

    assert flagged(unittest, files=UNREAD) == set()
    assert flagged(unittest, pip, files=UNREAD) == {"uv.lock", "requirements.txt"}
    assert flagged(("make",), files=UNREAD) == set(UNREAD) - {"shop.lock", ".envrc"}
    assert flagged(unittest, has_git=True, files=UNREAD) == {".gitattributes"}


def test_tests_of_another_language_are_no_tests_of_this_gate() -> None:
    files = ("tests/test_a.py", "web/app.test.ts", "pkg/app_test.go")

    assert flagged(PYTEST, files=files) == {"tests/test_a.py"}
    assert flagged(("make",), files=files) == set(files)


@pytest.mark.parametrize("name", builtins())
def test_what_the_workflows_that_come_with_onloop_read_is_known(name: str) -> None:
    definition = load(builtin(name), name)
    setup = (*definition.environment.setup, *definition.environment.build)
    commands = [gate.argv for step in definition.steps for gate in step.gates if isinstance(gate, CommandGate)]

    assert reads((*commands, *setup)) is not None
