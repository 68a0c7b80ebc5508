"""PURE: what a trial means for its gate, with the reason in one sentence for a person."""

from __future__ import annotations

import shlex
from typing import assert_never

from onloop.gates.cause import cause_line
from onloop.gates.command_process import Ending
from onloop.gates.command_runner import CommandRun
from onloop.gates.counts import NO_REPORT, NO_SUMMARY
from onloop.machine.definition import TestExpectation
from onloop.machine.task import TestCounts, Verdict

Judged = tuple[Verdict, str]


def judge(trial: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    """The verdict on a trial, whose output is given as it will be stored: pass needs exit code 0 and `tests` met."""
    verdict, why = _ended(trial, tests, output)
    return verdict, f"setup `{shlex.join(trial.argv)}`: {why}" if trial.is_setup else why


def counted_at_base(trial: CommandRun, output: str) -> int | str:
    """How many tests ran in a trial of the base, or why that is not known.

    A base whose command ends by itself without having counted anything has no tests yet: a first test may be added.
    """
    if trial.is_setup or trial.ran.ending is not Ending.EXITED or (trial.ran.exit_code or 0) < 0:
        return judge(trial, None, output)[1]
    if isinstance(trial.counts, TestCounts):
        return trial.counts.ran
    return 0 if trial.counts in {NO_REPORT, NO_SUMMARY} else str(trial.counts)


def count(number: int, noun: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ended(trial: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    ran = trial.ran
    match ran.ending:
        case Ending.EXITED:
            return _exited(trial, tests, output)
        case Ending.TIMED_OUT:
            return Verdict.TIMED_OUT, f"timed out after {_seconds(ran.duration_ms)}"
        case Ending.FLOODED:
            return Verdict.FAIL, f"ended because it printed {ran.output_bytes} bytes"
        case Ending.OUTGREW:
            return Verdict.FAIL, f"ended because {ran.problem}"
        case Ending.NOT_STARTED:
            return Verdict.ERROR, f"{trial.argv[0]!r} cannot be started: {ran.problem}"
        case Ending.LOST | Ending.STOPPED:
            return Verdict.ERROR, "ended by something else than the verifier, which cannot say how it went"
        case _:
            assert_never(ran.ending)


def _exited(trial: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    ran, counts = trial.ran, trial.counts
    if trial.missing:
        return Verdict.ERROR, f"{trial.missing} is not where the gate runs: install it beside {trial.program.path}"
    if ran.exit_code != 0:
        if isinstance(counts, TestCounts) and counts.ran == counts.failed == 0:
            return Verdict.FAIL, _too_few(counts)
        return Verdict.FAIL, cause_line(output, ran.exit_code)
    if trial.doubt:
        return Verdict.FAIL, trial.doubt
    if tests is None or counts is None:
        return Verdict.PASS, f"passed in {_seconds(ran.duration_ms)}"
    if isinstance(counts, str):
        return Verdict.FAIL, counts
    if problem := _unmet(counts, tests):
        return Verdict.FAIL, problem
    skipped = f", {counts.skipped} skipped," if counts.skipped else ""
    return Verdict.PASS, f"{count(counts.ran, 'test')} passed{skipped} in {_seconds(ran.duration_ms)}"


def _unmet(counts: TestCounts, tests: TestExpectation) -> str | None:
    if counts.failed:
        return f"{count(counts.failed, 'test')} failed, though the exit code is 0"
    if counts.ran < max(1, tests.min_tests):
        return _too_few(counts, tests.min_tests)
    if tests.max_skipped is not None and counts.skipped > tests.max_skipped:
        return f"{count(counts.skipped, 'test')} skipped, of at most {tests.max_skipped}"
    return None


def _too_few(counts: TestCounts, least: int = 1) -> str:
    asked = f", at least {least} are asked for" if least > 1 else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return f"{count(counts.ran, 'test')} ran{skipped}{asked}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"
