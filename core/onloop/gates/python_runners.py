"""Starts Python's test runners so that no file of the checkout replaces them, and detects runs that ended early.

Code in the runner's process can still lie, because it can change the runner itself. But then it does so on purpose:
an accident, a copied file or an early exit is detected. The sheet shows which tests and plugins were changed.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from onloop.gates.reports.report_file import LARGEST_REPORT
from onloop.machine.definition import Counter
from onloop.machine.task import TestCounts
from onloop.records import Record

MISSING = 127
"""The exit code of runner_start.py if the module to run is not installed."""

_BROUGHT = frozenset({"pytest", "coverage", "nose2", "ruff", "mypy", "tox", "nox"})
"""Tools that an agent's commit cannot bring along: if one is missing, somebody else must install it."""

WATCHED = frozenset({"pytest", "unittest"})
"""The modules that must report their own end: without that report, a run is not a pass."""

_PYTHON = re.compile(r"(?:.*/)?python[0-9.]*")
_PYTEST = re.compile(r"(?:.*/)?(?:pytest|py\.test)")
_SHEBANG = re.compile(rb"#!(/\S*python[0-9.]*)\r?$", re.MULTILINE)
_PLAIN_OPTION = re.compile(r"-[bBdEIOPqsSuvx]+")
_OPTIONS_WITH_WORDS = frozenset({"-W", "-X"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_START = "<onloop start>"


class RunnerStart(Record):
    """How a command is started: `argv` is run, `shown` is the same for people, without the program text.

    `token` marks the report of runner_start.py; None where it is not used. `module` is the module that it runs.
    """

    argv: tuple[str, ...]
    shown: tuple[str, ...]
    token: str | None = None
    module: str = ""

    @property
    def is_watched(self) -> bool:
        """Whether the module must report how it ended."""
        return self.token is not None and self.module in WATCHED


class RunnerEnd(Record):
    """What runner_start.py reported when the module had ended."""

    exit_code: int
    report: str | None
    tests: TestCounts | None


def isolated(argv: Sequence[str], interpreter: str | None, report: Path, token: str) -> RunnerStart:
    """How to start a command: through runner_start.py if it is `python -m …` or the `pytest` program, else as it is.

    `interpreter` runs the `pytest` program (see `interpreter_of`). The command's own arguments do not change.
    """
    before, rest = _after_env(tuple(argv))
    parts = _module_run(rest) or _program_run(rest, interpreter)
    if parts is None:
        return RunnerStart(tuple(argv), tuple(argv))
    python, place, module, words = parts
    text = ("-c", _text(), token, str(report), place)
    shown = tuple(word.replace(str(report), "{report}") for word in (*before, *python, _START, "-m", module, *words))
    return RunnerStart((*before, *python, *text, module, *words), shown, token, module)


def names_pytest(word: str) -> bool:
    """Whether a word of a command is a path to the `pytest` program."""
    return "/" in word and _PYTEST.fullmatch(word) is not None


def interpreter_of(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str | None:
    """The interpreter in the first line of the `pytest` program; None for any other program."""
    _, rest = _after_env(tuple(argv))
    if not rest or not _PYTEST.fullmatch(rest[0]):
        return None
    place = folder / rest[0] if "/" in rest[0] else shutil.which(rest[0], path=environment.get("PATH", ""))
    shebang = _SHEBANG.match(_first_bytes(Path(place))) if place is not None else None
    return shebang[1].decode("utf-8", "surrogateescape") if shebang else None


def split_report(output: bytes, token: str | None) -> tuple[bytes, RunnerEnd | None]:
    """The output without the report of runner_start.py, and that report; all of it and None if there is no report."""
    reports = () if token is None else tuple(_report(token).finditer(output))
    if not reports:
        return output, None
    last = reports[-1]
    tests = None if last[3] == b"none" else TestCounts(*(int(number) for number in last[3].split(b",")))
    return output[: last.start()] + output[last.end() :], RunnerEnd(int(last[1]), _unless_none(last[2]), tests)


def before_report(output: bytes, token: str | None) -> bytes:
    """The output before the report of runner_start.py: the runner wrote nothing after it."""
    reports = () if token is None else tuple(_report(token).finditer(output))
    return output[: reports[-1].start()] if reports else output


def missing(start: RunnerStart, end: RunnerEnd | None, exit_code: int | None) -> str:
    """The runner that is not installed; empty if it is there, or if it belongs to the work under test."""
    is_missing = end is not None and end.exit_code == MISSING == exit_code
    return start.module if is_missing and start.module in _BROUGHT else ""


def doubt(
    start: RunnerStart,
    end: RunnerEnd | None,
    exit_code: int | None,
    report: Path,
    counter: Counter | None,
    counts: object,
    *,
    is_read: bool = False,
) -> str:
    """Why a run with exit code 0 cannot be believed; empty if nothing speaks against it.

    `is_read` says that the report is of coverage or findings.
    """
    if not start.is_watched or exit_code != 0:
        return ""
    if end is None:
        return f"{start.module} did not finish: the code under test ended its process"
    if end.exit_code != 0:
        return f"{start.module} ended with exit code {end.exit_code}, but its process with 0"
    if (counter is Counter.JUNIT or is_read) and end.report != _digest(report):
        return f"somebody changed the report after {start.module} had ended"
    if counter is Counter.UNITTEST and end.tests is not None and end.tests != counts:
        return f"{start.module} did not write the summary: it counted {end.tests.ran} tests, {end.tests.failed} failed"
    return ""


def _after_env(argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The leading `env A=B` words of a command, and the rest of it."""
    if not argv or argv[0].rpartition("/")[2] != "env":
        return (), argv
    first = next((n for n, word in enumerate(argv) if n > 0 and not _ASSIGNMENT.fullmatch(word)), len(argv))
    return argv[:first], argv[first:]


_Run = tuple[tuple[str, ...], str, str, tuple[str, ...]]


def _module_run(argv: tuple[str, ...]) -> _Run | None:
    """The parts of `python -options -m module words`; None for another command."""
    if not argv or not _PYTHON.fullmatch(argv[0]):
        return None
    index = 1
    while index < len(argv) and argv[index] != "-m":
        if argv[index] in _OPTIONS_WITH_WORDS:
            index += 2
        elif _PLAIN_OPTION.fullmatch(argv[index]) or argv[index][:2] in _OPTIONS_WITH_WORDS:
            index += 1
        else:
            return None
    return (argv[:index], "cwd", argv[index + 1], argv[index + 2 :]) if index + 1 < len(argv) else None


def _program_run(argv: tuple[str, ...], interpreter: str | None) -> _Run | None:
    """The parts of `pytest words`, to run without the checkout on the path; None without an interpreter."""
    return None if interpreter is None else ((interpreter,), "none", "pytest", argv[1:])


@cache
def _text() -> str:
    return Path(__file__).with_name("runner_start.py").read_text(encoding="utf-8")


@cache
def _report(token: str) -> re.Pattern[bytes]:
    what = rb" exit=(\d{1,3}) report=([0-9a-f]{64}|none) tests=(\d{1,9},\d{1,9},\d{1,9}|none)\]\n"
    return re.compile(rb"\n\[onloop " + re.escape(token.encode()) + what)


def _unless_none(word: bytes) -> str | None:
    return None if word == b"none" else word.decode()


def _digest(report: Path) -> str | None:
    content = _first_bytes(report, LARGEST_REPORT)
    return sha256(content).hexdigest() if content else None


def _first_bytes(path: Path, most: int = 512) -> bytes:
    """The first bytes of a regular file; empty for anything else, because reading a pipe could block."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
