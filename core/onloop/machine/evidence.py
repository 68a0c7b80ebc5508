"""What a gate found, as the verifier wrote it down."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from onloop.machine.flags import Flag
from onloop.machine.gate_facts import Attachment, Program, TimeSpent
from onloop.machine.limits import (
    Brief,
    Bytes,
    Digest,
    ExitCode,
    Id,
    Items,
    Millis,
    Number,
    Path,
    Score,
    Words,
)
from onloop.records import Record


class Verdict(StrEnum):
    """What a gate's evaluation gave."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    TIMED_OUT = "timed_out"


class TestCounts(Record):
    """How many tests ran, were skipped, and, where compared, ran at the base."""

    __test__ = False

    ran: Number
    skipped: Number
    failed: Number = 0
    base_ran: Number | None = None


class Evidence(Record):
    """Verdict, what was run, on which digests, by which verifier, with what output. Never written by an agent.

    `score` is in thousandths, from a gate that scores. `isolation` is the kind of box, `none` where a hole was opened
    by name, and `box` is what that machine's box was found to be; `open_cells` is what its probe did not see stopped.
    `program` is the absolute path of what ran, or its path in the checkout; `cache_key` the digest of what setup went
    by. `flags` are the changed paths that decide what it says; `changed_config` is how older evidence named some of
    them. `tests_from` is the commit whose tests ran, if another. `tools` are the programs that {NAME} stood for.
    `attachments` are files that the command left: code under judgement wrote them.
    """

    gate: Id
    verdict: Verdict
    summary: Words
    head: Digest
    tree: Digest
    base: Digest
    definition: Digest
    verifier: Id
    at: Millis
    step: Id = ""
    duration_ms: Millis = 0
    argv: Annotated[tuple[Brief, ...], Items(1_000)] = ()
    exit_code: ExitCode | None = None
    tests: TestCounts | None = None
    output: Digest | None = None
    output_bytes: Bytes = 0
    isolation: Id = "process"
    score: Score | None = None
    changed_config: Annotated[tuple[Path, ...], Items(100_000)] = ()
    box: Brief = ""
    open_cells: Annotated[tuple[Brief, ...], Items(100)] = ()
    network: bool = False
    program: Path = ""
    program_digest: Digest = ""
    cache_key: Digest = ""
    flags: Annotated[tuple[Flag, ...], Items(100_000)] = ()
    tests_from: Digest = ""
    tolerated: Annotated[tuple[Words, ...], Items(1_000)] = ()
    """What fails at the base too, by a test's name or the gate's: a person accepted work that is no worse."""
    spent: TimeSpent | None = None
    tools: Annotated[tuple[Program, ...], Items(100)] = ()
    attachments: Annotated[tuple[Attachment, ...], Items(1_000)] = ()
    coverage: Number | None = None
    """How much of the lines the tests ran, in hundredths of a per cent, where a coverage report was asked for."""
    coverage_base: Number | None = None
    """The same on the base, where it was compared."""
    findings: Number | None = None
    """How many findings of the level that counts the report holds, where a SARIF report was asked for."""
    findings_new: Number | None = None
    """How many of them the base does not have, where it was compared."""


def evidence_key(step: str, gate: str) -> str:
    """Where the evidence of `gate` of `step` is kept: gate ids are unique within a step only."""
    return f"{step}:{gate}"
