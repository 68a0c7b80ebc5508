"""What a scripted agent works with: a clone, its tests, its brief, and its log."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from onloop.demo.brief_reader import ReadBrief, RemarkKind
from onloop.demo.demo_git import git
from onloop.demo.programs import LIBRARY
from onloop.errors import Exit, OnloopError
from onloop.records import Record

TARGET = "origin/main"
TESTS = ("-m", "unittest", "discover", "-s", "tests", "-t", ".")
_TEST_SECONDS = 60
_RAN = re.compile(r"^Ran (\d+) tests?", re.MULTILINE)
_FAILED = re.compile(r"^(?:ERROR|FAIL): (\w+) \(", re.MULTILINE)
_MODULE = re.compile(r"^(?:ERROR|FAIL): \w+ \((?:\w+\.)*?(test_\w+)\.", re.MULTILINE)
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)\b.*$", re.MULTILINE)


class TestRun(Record):
    """The result of the program's own tests."""

    __test__ = False

    passed: bool
    ran: int
    failing: tuple[str, ...]
    cause: str
    modules: frozenset[str] = frozenset()
    """The modules of the tests that failed, by their last name."""


def run_suite(folder: Path, **variables: str) -> TestRun:
    """The result of the tests in `folder`, run as the gate will run them."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, *TESTS],
        cwd=folder,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TEST_SECONDS,
    )
    return outcome_of(done)


def outcome_of(done: subprocess.CompletedProcess[str]) -> TestRun:
    """What a run of unittest printed, as a result."""
    ran = _RAN.search(done.stderr)
    causes = _EXCEPTION.findall(done.stderr)
    failing = tuple(_FAILED.findall(done.stderr))
    modules = frozenset(_MODULE.findall(done.stderr))
    return TestRun(done.returncode == 0, int(ran[1]) if ran else 0, failing, causes[-1] if causes else "", modules)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write `files`, given by their paths relative to `folder`."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _program() -> list[str]:
    """The command that runs onloop: the one on the PATH, as an agent would use it, else this package."""
    installed = shutil.which("onloop")
    start = "import sys; from onloop.cli.entry import main; sys.exit(main())"
    return [installed] if installed else [sys.executable, "-P", "-c", start]


class Desk(Record):
    """One attempt of one agent at one repository. It knows only the brief, the environment and the work tree."""

    tree: Path
    repo: str
    step: str
    attempt: int
    round: int
    out: Path
    brief: ReadBrief
    pace: float
    worker: int

    def say(self, line: str) -> None:
        """Wait for `pace` seconds, then write a line to the agent's log."""
        time.sleep(self.pace)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def base(self) -> str:
        """The merge-base of this branch and the target."""
        return git(self.tree, "merge-base", "HEAD", TARGET).strip()

    def start_over(self, commit: str = "") -> None:
        """Reset the work tree to the base, or to `commit`.

        Commits stay; uncommitted changes of an earlier attempt are discarded.
        """
        for lock in (*self.tree.glob(".git/*.lock"), *self.tree.glob(".git/refs/**/*.lock")):
            lock.unlink()  # only this agent uses the clone, so the process that held the lock is dead
        leftovers = len(git(self.tree, "status", "--porcelain").splitlines())
        git(self.tree, "read-tree", "--reset", "-u", commit or self.base())
        git(self.tree, "clean", "-ffdq")
        if leftovers:
            self.say(
                f"an earlier attempt left {leftovers} uncommitted changes; starting again from {commit or 'the base'}"
            )

    def write(self, files: Mapping[str, str]) -> None:
        """Write `files`, given by their paths relative to the root of the clone."""
        write_files(self.tree, files)

    def sources(self) -> dict[str, str]:
        """The program's own modules, without its tests and vendored libraries."""
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.tree.glob("*.py"))}

    def vendored(self) -> str:
        """The version of the library in the work tree."""
        return (self.tree / LIBRARY / "VERSION").read_text(encoding="utf-8").strip()

    def test(self) -> TestRun:
        """Run the program's tests as the gate will."""
        return run_suite(self.tree)

    def onloop(self, *words: str) -> None:
        """Run an onloop command; OnloopError unless it succeeded or the task now waits for a person."""
        done = subprocess.run([*_program(), *words], stdin=subprocess.DEVNULL, check=False)
        if done.returncode not in (Exit.OK, Exit.HELD):
            raise OnloopError(f"onloop {words[0]} gave exit code {done.returncode}", hint="read its output above")

    def commit(self, message: str) -> None:
        """Commit all changes. If nothing changed, make an empty commit only to answer something that came back."""
        git(self.tree, "add", "--all")
        if git(self.tree, "status", "--porcelain"):
            git(self.tree, "commit", "--quiet", "--message", message)
        elif self.brief.has(RemarkKind.GATE, RemarkKind.REJECT, RemarkKind.NOTE, RemarkKind.ANSWER):
            git(self.tree, "commit", "--quiet", "--allow-empty", "--message", f"{message}: looked at again, unchanged")

    def hand_over(self, name: str, text: str) -> None:
        """Write an artefact that the submission will include."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / name).write_text(text, encoding="utf-8")
