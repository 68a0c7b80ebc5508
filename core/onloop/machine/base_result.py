"""What a gate gave on a commit that a target has: worked out once, and kept."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from onloop.machine.definition import CommandGate, EnvironmentSpec
from onloop.machine.limits import Digest, Items, Number, Odd
from onloop.machine.task import Evidence
from onloop.records import Record

MOST_FAILING = 2_000
"""How many failing tests a result names; more are only counted in its evidence."""

MOST_FINDINGS = 20_000
"""How many different findings a result may hold; a report with more is refused."""


class FindingCount(Record):
    """How often a base has one finding; `key` is the digest of what tells it from others, without its line."""

    key: Digest
    times: Number


class BaseResult(Record):
    """A gate's answer on a base: verdict, summary, counts and output's digest are those of its `evidence`.

    `failing` names the tests that failed there, as the test report or unittest's output names them, sorted.
    `ran` is how many tests ran: 0 where the command ended without a count, because there are none yet, and None where
    it is not known or nobody asked; `covered` is the same for lines, in hundredths of a per cent, and `findings` are
    those of a SARIF report. Only pass and fail are kept, and only where the gate's own command came to its end
    by itself: never an `error`, a time-out, or a failure of setup.
    """

    evidence: Evidence
    failing: Annotated[tuple[Odd, ...], Items(MOST_FAILING)] = ()
    ran: Number | None = None
    covered: Number | None = None
    findings: Annotated[tuple[FindingCount, ...], Items(MOST_FINDINGS)] | None = None


def base_result_key(origin: str, base: str, gate: CommandGate, environment: EnvironmentSpec) -> str:
    """The key under which a result is kept: the same repository, commit, gate and environment give the same answer."""
    return sha256(repr((origin, base, gate, environment)).encode("utf-8", "surrogateescape")).hexdigest()
