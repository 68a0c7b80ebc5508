"""PURE: the one line of an output that says why a command failed. Equal causes give equal lines."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence

from onloop.gates.cause_names import named
from onloop.text import safe

LONGEST = 600

_LONGEST_LINE = 2000
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_TAG = re.compile(r"\s*\[(?:ERROR|FATAL)\] ?(?:\[ERROR\] )?")
_LESSER = re.compile(r"\s*\[(?:INFO|WARNING|DEBUG)\]")
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = re.compile(r"\w+(?:\.\w+)*(?:: .*)?")
_NAMED = re.compile(r"(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Exit|Timeout|Expired)(?:: .*)?")
_SHOWN = re.compile(r"E(?: {1,40}(.*))?")
_PLACE = r"(?:[^\s:]+:(?:\d+:){0,2} )"
_OF_HOOK = re.compile(r"remote: (?!error: )(?P<words>\S.*)")
_KINDS = (
    re.compile(r"\W*(?P<words>no tests ran)\b.*"),
    re.compile(r"\W*\[?API Error: .*"),
    re.compile(r"thread '[^']+'.* panicked at .*"),
    re.compile(r"CONFLICT \(.*"),
    re.compile(r"! \[rejected\] .*"),
    re.compile(r"\S+: undefined reference to .*"),
    re.compile(r"\d+:\d+\s+error\s+(?P<words>\S.*)"),
    re.compile(r"npm (?:error|ERR!) (?P<words>(?!code |errno |syscall |path |dest |A complete log"
               r"|To see a list|Did you mean|Could not read|Note that|notarget |404  )\S+ ?.*)"),
    re.compile(r"\S+:\[\d+,\d+\] .*"),
)  # fmt: skip
"""What some programs say that is more telling than their first error."""

_ERRORS = (
    re.compile(rf"{_PLACE}?(?:[\w.]{{1,40}} )?\[?(?:error|fatal|panic)\]?(?:\[\w+\]| [A-Z]+\d+)?: \S.*", re.IGNORECASE),
    re.compile(r"[A-Z]{1,4}\d{3,5}:? \S.*"),
    re.compile(r"[^\s:]+:\d+(?::\d+)?: (?!note\b|warning\b|\w*Warning\b)\S.*"),
    re.compile(r"(?:FAILED|ERROR) \S+::\S+ - (?P<words>\S.*)"),
)
_SAYS_NOTHING = re.compile(
    r"error: (?:test failed, to rerun|could not compile|aborting due to|failed to push some refs|usage: "
    r"|subprocess-exited-with-error)"
    r"|error: process completed with exit code|error: \d+ targets? failed|(?:error: )?compilation error ?:?$"
    r"|.*compilation failure:? ?(?:compilation failure:?)?$|some problems were encountered|.*the build could not read"
    r"|make(?:\[\d+\])?: (?:leaving|entering) directory"
    r"|npm (?:error|err!) (?:code|errno|syscall|path) |(?:npm )?warn(?:ing)?\b",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r".*\b(?:cannot|can't|couldn't|could not|unable to|failed to|not found|no such|denied|does not exist|is not"
    r"|invalid|refused|unknown|unrecognized|exceeded|exhausted|disconnected|no tests ran|would be reformatted)\b.*",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"(?:FAILED|FAIL|ERROR|OK|NO TESTS RAN|Found \d+ errors?|Ran \d+ tests?|\d+ (?:failed|passed))\b"
    r"|make(?:\[\d+\])?: \*\*\*|[.FEsxXu]+(?: *\[ *\d+%\])?$|\W*$|(\W)\1{2}"
)


def cause_line(output: str, exit_code: int | None) -> str:
    """Why a command failed, as one line that is safe to show.

    The line is the last exception, else the first error, else a line that says more than "failed". Where that names
    nothing of its own, the test in which it happened is put before it.
    """
    if exit_code is not None and exit_code < 0:
        return f"ended by {_signal(-exit_code)}"
    lines = _lines(output)
    spoken = [line.strip() for line in lines if line.strip()]
    if not spoken:
        return "no output" if exit_code is None else f"exit code {exit_code}, and no output"
    return safe(named(*_found(lines, spoken)), LONGEST)


def tells_of_failure(line: str) -> bool:
    """Whether a line, taken alone, says what went wrong."""
    if _SAYS_NOTHING.match(line) or _VERDICT.match(line):
        return False
    return any(form.fullmatch(line) for form in (_NAMED, *_KINDS, *_ERRORS)) or _SPEAKS.match(line) is not None


def _lines(output: str) -> list[str]:
    """The lines without escapes; without those that a log marks as lesser, and without the mark, where it marks any."""
    lines = [line[:_LONGEST_LINE].rstrip() for line in _ESCAPES.sub("", output).splitlines()]
    if not any(_TAG.match(line) for line in lines):
        return lines
    return [_TAG.sub("", line, count=1) for line in lines if not _LESSER.match(line)]


def _found(lines: Sequence[str], spoken: Sequence[str]) -> tuple[str, Sequence[str], Sequence[str]]:
    """The line, and what was said before and after it."""
    raised = list(_exceptions(lines))
    if raised:
        number, words = raised[-1]
        return words, [line.strip() for line in lines[:number]], [line.strip() for line in lines[number + 1 :]]
    number, words = _kind(spoken) or _first_error(spoken) or _last_words(spoken)
    return words, spoken[:number], spoken[number + 1 :]


def _exceptions(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that name an exception: the end of a Python traceback, or a line that pytest marks with E."""
    in_traceback = was_shown = False
    for number, line in enumerate(lines):
        shown = _SHOWN.fullmatch(line)
        text = (shown[1] or "") if shown else line
        is_end = in_traceback and line[:1].strip() != "" and _RAISED.fullmatch(line) is not None
        if text and (is_end or _NAMED.fullmatch(text) or (shown and not was_shown)):
            yield number, text
        was_shown = shown is not None
        in_traceback = line == _TRACEBACK or (in_traceback and not line[:1].strip())


def _kind(spoken: Sequence[str]) -> tuple[int, str] | None:
    """The first line of a kind that says more than errors do. What a hook said counts where it declined."""
    declined = any("hook declined" in line for line in spoken)
    for kind in (_OF_HOOK, *_KINDS) if declined else _KINDS:
        for number, line in enumerate(spoken):
            found = kind.fullmatch(line)
            if found:
                return number, found.groupdict().get("words") or line
    return _of_jest(spoken)


_JEST = re.compile(r"● .+")


def _of_jest(spoken: Sequence[str]) -> tuple[int, str] | None:
    """What jest prints beneath the name of the first test that failed; of a long explanation, the error in it."""
    heads = [number for number, line in enumerate(spoken[:-1]) if _JEST.fullmatch(line)]
    if not heads:
        return None
    number = heads[0] + 1
    if spoken[number].startswith("Jest encountered"):
        later = range(number, len(spoken))
        number = next((each for each in later if _NAMED.fullmatch(spoken[each])), number)
    return number, spoken[number]


def _first_error(spoken: Sequence[str]) -> tuple[int, str] | None:
    for number, line in enumerate(spoken):
        found = next((match for error in _ERRORS if (match := error.fullmatch(line))), None)
        if found and not _SAYS_NOTHING.match(line):
            return number, found.groupdict().get("words") or line
    return None


def _last_words(spoken: Sequence[str]) -> tuple[int, str]:
    """The first line that tells of a failure in prose, else the last that says more than how it ended."""
    told = [number for number, line in enumerate(spoken) if not _SAYS_NOTHING.match(line)]
    plain = [number for number in told if _SPEAKS.match(spoken[number]) and not _VERDICT.match(spoken[number])]
    rest = [number for number in told if not _VERDICT.match(spoken[number])]
    number = (plain[:1] or rest[-1:] or told[-1:] or [len(spoken) - 1])[0]
    return number, spoken[number]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
