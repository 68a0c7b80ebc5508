"""Starts Python's test runners so that the checkout cannot take their place, and tells whether they came to their end.

What runs in the runner's process can still lie: it may change the runner itself. That is a deliberate act against us
then, and no accident, no copied file and no early exit; the sheet says which tests and plugins were changed.
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

from onloop.gates.counts import LARGEST_REPORT
from onloop.machine.definition import Counter
from onloop.machine.task import TestCounts
from onloop.records import Record

MISSING = 127
"""The exit code of our start where the module that it is to run is not there."""

_BROUGHT = frozenset({"pytest", "coverage", "nose2", "ruff", "mypy", "tox", "nox"})
"""What no commit of an agent's brings: where it is missing, somebody else must install it."""

WATCHED = frozenset({"pytest", "unittest"})
"""The modules that must come to their end by themselves: a pass without is none."""

_PYTHON = re.compile(r"(?:.*/)?python[0-9.]*")
_PYTEST = re.compile(r"(?:.*/)?(?:pytest|py\.test)")
_SHEBANG = re.compile(rb"#!(/\S*python[0-9.]*)\r?$", re.MULTILINE)
_PLAIN_OPTION = re.compile(r"-[bBdEIOPqsSuvx]+")
_OPTIONS_WITH_WORDS = frozenset({"-W", "-X"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_START = "<onloop start>"


class RunnerStart(Record):
    """How a command is started: `argv` is what is run, `shown` the same for people, with the program text left out.

    `token` marks what our start says at the end; None where the command is none of Python's. `module` is what it runs.
    """

    argv: tuple[str, ...]
    shown: tuple[str, ...]
    token: str | None = None
    module: str = ""

    @property
    def is_watched(self) -> bool:
        """Whether it must say how it ended."""
        return self.token is not None and self.module in WATCHED


class RunnerEnd(Record):
    """What our start said when the module had come to its end."""

    exit_code: int
    report: str | None
    tests: TestCounts | None


def isolated(argv: Sequence[str], interpreter: str | None, report: Path, token: str) -> RunnerStart:
    """The command, started by us if it is `python -m …` or pytest's own program, with its words kept as they are.

    `interpreter` runs that program (see `interpreter_of`).
    """
    before, rest = _after_env(tuple(argv))
    found = _module_run(rest) or _program_run(rest, interpreter)
    if found is None:
        return RunnerStart(tuple(argv), tuple(argv))
    python, place, module, words = found
    text = ("-c", _text(), token, str(report), place)
    shown = tuple(word.replace(str(report), "{report}") for word in (*before, *python, _START, "-m", module, *words))
    return RunnerStart((*before, *python, *text, module, *words), shown, token, module)


def interpreter_of(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str | None:
    """The interpreter that pytest's own program names in its first line; None for any other program."""
    _, rest = _after_env(tuple(argv))
    if not rest or not _PYTEST.fullmatch(rest[0]):
        return None
    place = folder / rest[0] if "/" in rest[0] else shutil.which(rest[0], path=environment.get("PATH", ""))
    found = _SHEBANG.match(_first_bytes(Path(place))) if place is not None else None
    return found[1].decode("utf-8", "surrogateescape") if found else None


def heard(output: bytes, token: str | None) -> tuple[bytes, RunnerEnd | None]:
    """The output as it was before the end was told, and what was told; all of it and None where nothing was."""
    said = () if token is None else tuple(_told(token).finditer(output))
    if not said:
        return output, None
    last = said[-1]
    tests = None if last[3] == b"none" else TestCounts(*(int(number) for number in last[3].split(b",")))
    return output[: last.start()] + output[last.end() :], RunnerEnd(int(last[1]), _unless_none(last[2]), tests)


def before_the_end(output: bytes, token: str | None) -> bytes:
    """What was written before the end was told: what is written after it is not the runner's."""
    said = () if token is None else tuple(_told(token).finditer(output))
    return output[: said[-1].start()] if said else output


def missing(start: RunnerStart, end: RunnerEnd | None, exit_code: int | None) -> str:
    """The runner that was to be started and is not there; empty where it is, or is the work's own."""
    is_missing = end is not None and end.exit_code == MISSING == exit_code
    return start.module if is_missing and start.module in _BROUGHT else ""


def doubt(
    start: RunnerStart,
    end: RunnerEnd | None,
    exit_code: int | None,
    report: Path,
    counter: Counter | None,
    counts: object,
) -> str:
    """Why a run that ended well cannot be believed; empty where nothing speaks against it."""
    if not start.is_watched or exit_code != 0:
        return ""
    if end is None:
        return f"{start.module} did not come to its end: the code under test ended its process"
    if end.exit_code != 0:
        return f"{start.module} ended with exit code {end.exit_code}, and its process with 0"
    if counter is Counter.JUNIT and end.report != _digest(report):
        return f"the test report was changed after {start.module} had ended"
    if counter is Counter.UNITTEST and end.tests is not None and end.tests != counts:
        return f"the summary is not {start.module}'s: it counted {end.tests.ran} tests, {end.tests.failed} failed"
    return ""


def _after_env(argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command apart from `env A=B` before it."""
    if not argv or argv[0].rpartition("/")[2] != "env":
        return (), argv
    first = next((n for n, word in enumerate(argv) if n > 0 and not _ASSIGNMENT.fullmatch(word)), len(argv))
    return argv[:first], argv[first:]


_Run = tuple[tuple[str, ...], str, str, tuple[str, ...]]


def _module_run(argv: tuple[str, ...]) -> _Run | None:
    """`python -options -m module words` in its parts."""
    if not argv or not _PYTHON.fullmatch(argv[0]):
        return None
    at = 1
    while at < len(argv) and argv[at] != "-m":
        if argv[at] in _OPTIONS_WITH_WORDS:
            at += 2
        elif _PLAIN_OPTION.fullmatch(argv[at]) or argv[at][:2] in _OPTIONS_WITH_WORDS:
            at += 1
        else:
            return None
    return (argv[:at], "cwd", argv[at + 1], argv[at + 2 :]) if at + 1 < len(argv) else None


def _program_run(argv: tuple[str, ...], interpreter: str | None) -> _Run | None:
    """`pytest words` as its interpreter would be told: without the checkout on the path."""
    return None if interpreter is None else ((interpreter,), "none", "pytest", argv[1:])


@cache
def _text() -> str:
    return Path(__file__).with_name("runner_start.py").read_text(encoding="utf-8")


@cache
def _told(token: str) -> re.Pattern[bytes]:
    what = rb" exit=(\d{1,3}) report=([0-9a-f]{64}|none) tests=(\d{1,9},\d{1,9},\d{1,9}|none)\]\n"
    return re.compile(rb"\n\[onloop " + re.escape(token.encode()) + what)


def _unless_none(word: bytes) -> str | None:
    return None if word == b"none" else word.decode()


def _digest(report: Path) -> str | None:
    content = _first_bytes(report, LARGEST_REPORT)
    return sha256(content).hexdigest() if content else None


def _first_bytes(path: Path, most: int = 512) -> bytes:
    """The beginning of a regular file; nothing of anything else, which could keep us waiting."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
