"""PURE: the one line of an output that says why a command failed. Equal causes give equal lines."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Iterator, Sequence

from onloop.text import safe

LONGEST = 200

_LONGEST_LINE = 2000
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = re.compile(r"\w+(?:\.\w+)*(?:: .*)?")
_NAMED = re.compile(r"(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Exit|Timeout|Expired)(?:: .*)?")
_SHOWN = re.compile(r"E(?: {1,40}(.*))?")
_PLACE = r"[^\s:]+:(?:\d+:){0,2} "
_ERRORS = (
    re.compile(rf"(?:{_PLACE})?(?:\w{{1,20}} )?(?:error|fatal|panic)(?:\[\w+\]| [A-Z]+\d+)?: \S.*", re.IGNORECASE),
    re.compile(r"[A-Z]{1,4}\d{3,5}:? \S.*"),
    re.compile(r"[^\s:]+:\d+(?::\d+)?: (?!note\b|warning\b|\w*Warning\b)\S.*"),
)
_VERDICT = re.compile(
    r"(?:FAILED|FAIL|ERROR|OK|NO TESTS RAN|no tests ran|Found \d+ errors?|Ran \d+ tests?|\d+ (?:failed|passed))\b"
    r"|make(?:\[\d+\])?: \*\*\*|[.FEsxXu]+(?: *\[ *\d+%\])?$|\W*$|(\W)\1{2}"
)


def cause_line(output: str, exit_code: int | None) -> str:
    """Why a command failed, as one line that is safe to show.

    The line is the last exception, else the first error, else the last line that says more than "failed".
    """
    if exit_code is not None and exit_code < 0:
        return f"ended by {_signal(-exit_code)}"
    lines = [line[:_LONGEST_LINE].rstrip() for line in _ESCAPES.sub("", output).splitlines()]
    spoken = [line.strip() for line in lines if line.strip()]
    if not spoken:
        return "no output" if exit_code is None else f"exit code {exit_code}, and no output"
    cause = _last(_exceptions(lines)) or _first_error(spoken) or _last_words(spoken)
    return safe(cause, LONGEST)


def _exceptions(lines: Sequence[str]) -> Iterator[str]:
    """The lines that name an exception: the end of a Python traceback, or a line that pytest marks with E."""
    in_traceback = was_shown = False
    for line in lines:
        shown = _SHOWN.fullmatch(line)
        text = (shown[1] or "") if shown else line
        is_end = in_traceback and line[:1].strip() != "" and _RAISED.fullmatch(line) is not None
        if text and (is_end or _NAMED.fullmatch(text) or (shown and not was_shown)):
            yield text
        was_shown = shown is not None
        in_traceback = line == _TRACEBACK or (in_traceback and not line[:1].strip())


def _first_error(spoken: Sequence[str]) -> str | None:
    return next((line for line in spoken if any(error.fullmatch(line) for error in _ERRORS)), None)


def _last_words(spoken: Sequence[str]) -> str:
    return _last(line for line in spoken if not _VERDICT.match(line)) or spoken[-1]


def _last(lines: Iterator[str]) -> str | None:
    return next(iter(deque(lines, maxlen=1)), None)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
