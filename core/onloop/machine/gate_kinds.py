"""The kinds of gates: what each asks before a step is left."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.report_expectations import CoverageExpectation as CoverageExpectation
from onloop.machine.report_expectations import FindingLevel as FindingLevel
from onloop.machine.report_expectations import FindingsExpectation as FindingsExpectation
from onloop.records import Record


class Assurance(StrEnum):
    """What was proved about the person who decides, weakest first (guide `approvals`)."""

    A0 = "A0"
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    A4 = "A4"

    def reaches(self, demanded: Assurance) -> bool:
        """Whether this level is at least the demanded one."""
        return self.value >= demanded.value


class Counter(StrEnum):
    """Where the number of tests that ran is read from."""

    JUNIT = "junit"
    UNITTEST = "unittest"


class Hole(StrEnum):
    """Something of this machine that no box can hold; a gate that opens it by name runs in none."""

    CONTAINER = "container"
    SUDO = "sudo"
    GPU = "gpu"


class BoxSpec(Record):
    """What a command asks of the box that it runs in.

    `at_least` is the weakest kind of box that will do, "" where any will; with `open` there is no box at all.
    """

    network: bool = False
    nested: bool = False
    at_least: str = ""
    open: tuple[Hole, ...] = ()


class ExpireOutcome(StrEnum):
    """What an expired human gate does. Approve is not in this list, on purpose."""

    HOLD = "hold"
    REJECT = "reject"


class TestExpectation(Record):
    """What a test run must show beyond exit code 0; `no_fewer_than_base` compares with the same run at the base."""

    __test__ = False

    counter: Counter
    min_tests: int = 1
    max_skipped: int | None = None
    no_fewer_than_base: bool = False


class BaseTests(Record):
    """The base's tests run over the head's code: `paths` are patterns of what is the base's; empty means convention."""

    paths: tuple[str, ...] = ()


class OverrideRule(Record):
    """Who may let work on past a gate that does not pass: `quorum` different people out of `by` (groups or names)."""

    by: tuple[str, ...]
    quorum: int = 1
    assurance: Assurance = Assurance.A1


class CommandGate(Record, tag=True, tag_field="kind"):
    """Passes when `argv` exits 0 in a clean checkout of the submitted commit and `tests`, if given, is met.

    One that `scores` must print a number as its last line, too. With `base_tests`, the tests in the checkout, and what
    configures them, are the base's.
    """

    id: str
    argv: tuple[str, ...]
    timeout_ms: int
    tests: TestExpectation | None = None
    scores: bool = False
    box: BoxSpec = BoxSpec()
    base_tests: BaseTests | None = None
    attach: tuple[str, ...] = ()
    """Patterns of files that it writes and that are kept as evidence, by digest."""
    fails_on_base: bool = False
    """It is known to fail before the work is done, so that a failure on the base is no trouble."""
    exclusive: str = ""
    """Gates that name the same word never run at the same time on one machine."""
    override: OverrideRule | None = None
    coverage: CoverageExpectation | None = None
    """What the coverage report that it writes must show."""
    findings: FindingsExpectation | None = None
    """What the SARIF report that it writes must show."""


class FileGate(Record, tag=True, tag_field="kind"):
    """Passes when `path` is a file in the submitted commit, of at least `min_bytes`, with `contains` in it."""

    id: str
    path: str
    contains: str | None = None
    min_bytes: int = 1
    fails_on_base: bool = False
    override: OverrideRule | None = None


class ArtefactGate(Record, tag=True, tag_field="kind"):
    """Passes when the submission handed over an artefact called `name` of at least `min_bytes`."""

    id: str
    name: str
    min_bytes: int = 1
    override: OverrideRule | None = None


class Escalation(Record):
    """After `after_ms` without a decision, `to` may decide too."""

    after_ms: int
    to: tuple[str, ...]


class Expiry(Record):
    """After `after_ms` without a decision, `outcome` happens."""

    after_ms: int
    outcome: ExpireOutcome


class HumanGate(Record, tag=True, tag_field="kind"):
    """Passes when `quorum` different people out of `approvers` (groups or names) approve what they were shown.

    `fresh_ms` is how long ago their passphrase may have been typed; 0 asks for one that is typed for this alone.
    With `not_by_amender`, nobody counts who gave the live run another workflow.
    """

    id: str
    approvers: tuple[str, ...]
    quorum: int = 1
    assurance: Assurance = Assurance.A0
    remind_ms: int | None = None
    escalate: Escalation | None = None
    expire: Expiry | None = None
    fresh_ms: int | None = None
    not_by_amender: bool = False
    grace_ms: int | None = None
    """For how long nothing follows from a decision, so that it may be taken back."""
    override: OverrideRule | None = None


class ReviewGate(Record, tag=True, tag_field="kind"):
    """Passes when `quorum` different agents who had no part in the work say so; never a merge's only gate."""

    id: str
    quorum: int = 1
    override: OverrideRule | None = None
