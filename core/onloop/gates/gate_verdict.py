"""PURE: the verdict on a command run, with the reason in one sentence for a person."""

from __future__ import annotations

import re
import shlex
from typing import assert_never

from onloop.gates.cause import cause_line
from onloop.gates.command_process import Ending
from onloop.gates.contents.services import ServicesRun
from onloop.gates.counts import NO_REPORT, NO_SUMMARY
from onloop.gates.environments.boxed_command import CommandRun
from onloop.machine.definition import TestExpectation
from onloop.machine.task import TestCounts, Verdict
from onloop.text import safe

Judged = tuple[Verdict, str]
_LONGEST_QUOTE = 120
_ERROR = re.compile(r"FATAL|PANIC|[Ee]rror|ERROR|Exception")


def judge(command_run: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    """The verdict on a command run and its reason. A pass needs exit code 0 and `tests` met.

    `output` is the output as it will be stored.
    """
    verdict, why = _ended(command_run, tests, output)
    if command_run.of_base:  # whoever submitted cannot put that right
        verdict = Verdict.ERROR
    return verdict, f"{command_run.part} `{shlex.join(command_run.argv)}`: {why}" if command_run.part else why


def counted_at_base(command_run: CommandRun, output: str) -> int | str:
    """How many tests ran at the base, or why that is not known.

    A base whose command exits without a count has no tests yet, so the answer is 0: a first test may be added.
    """
    if command_run.services.problem:
        return command_run.services.problem
    if command_run.is_setup or command_run.ran.ending is not Ending.EXITED or (command_run.ran.exit_code or 0) < 0:
        return judge(command_run, None, output)[1]
    if isinstance(command_run.counts, TestCounts):
        return command_run.counts.ran
    return 0 if command_run.counts in {NO_REPORT, NO_SUMMARY} else str(command_run.counts)


def count(number: int, noun: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ended(command_run: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    ran = command_run.ran
    if command_run.services.problem:
        return Verdict.ERROR, _service_words(command_run.services)
    match ran.ending:
        case Ending.EXITED:
            return _exited(command_run, tests, output)
        case Ending.TIMED_OUT:
            return Verdict.TIMED_OUT, f"timed out after {_seconds(ran.duration_ms)}"
        case Ending.FLOODED:
            return Verdict.FAIL, f"ended because it printed more than allowed: {ran.output_bytes} bytes"
        case Ending.OUTGREW:
            return Verdict.FAIL, f"ended because {ran.problem}"
        case Ending.NOT_STARTED:
            return Verdict.ERROR, f"cannot start {command_run.argv[0]!r}: {ran.problem}"
        case Ending.LOST | Ending.STOPPED:
            return Verdict.ERROR, "something other than the verifier ended the command, so its result is not known"
        case _:
            assert_never(ran.ending)


def _service_words(services: ServicesRun) -> str:
    """What is wrong with a service, with the last error that the services wrote, or else their last line."""
    lines = [line.strip() for line in services.output.splitlines() if line.strip() and not line.startswith("[onloop: ")]
    errors = [line for line in lines if _ERROR.search(line)]
    return f"{services.problem}: {safe((errors or lines)[-1], _LONGEST_QUOTE)}" if lines else services.problem


def _exited(command_run: CommandRun, tests: TestExpectation | None, output: str) -> Judged:
    ran, counts = command_run.ran, command_run.counts
    if command_run.missing:
        return (
            Verdict.ERROR,
            f"{command_run.missing} is not installed for the gate: install it for {command_run.program.path}",
        )
    if ran.exit_code != 0 and not command_run.says_findings:
        if isinstance(counts, TestCounts) and counts.ran == counts.failed == 0:
            return Verdict.FAIL, _too_few(counts)
        return Verdict.FAIL, cause_line(output, ran.exit_code)
    if command_run.doubt:
        return Verdict.FAIL, command_run.doubt
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
        return f"{count(counts.skipped, 'test')} skipped, at most {tests.max_skipped} may be"
    return None


def _too_few(counts: TestCounts, least: int = 1) -> str:
    needed = f", the gate needs at least {least}" if least > 1 else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return f"{count(counts.ran, 'test')} ran{skipped}{needed}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"
