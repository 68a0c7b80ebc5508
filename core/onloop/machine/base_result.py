"""What a gate gave on a commit that a target has: worked out once, and kept."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from onloop.machine.definition import CommandGate, EnvironmentSpec
from onloop.machine.limits import Items, Number, Odd
from onloop.machine.task import Evidence
from onloop.records import Record

MOST_FAILING = 2_000
"""How many failing tests a result names; more are only counted in its evidence."""


class BaseResult(Record):
    """A gate's answer on a base: verdict, summary, counts and output's digest are those of its `evidence`.

    `failing` names the tests that failed there, as the test report or unittest's output names them, sorted.
    `ran` is how many tests ran: 0 where the command ended without a count, because there are none yet, and None where
    it is not known or nobody asked. Only pass and fail are kept, and only where the gate's own command came to its end
    by itself: never an `error`, a time-out, or a failure of setup.
    """

    evidence: Evidence
    failing: Annotated[tuple[Odd, ...], Items(MOST_FAILING)] = ()
    ran: Number | None = None


def base_result_key(origin: str, base: str, gate: CommandGate, environment: EnvironmentSpec) -> str:
    """The key under which a result is kept: the same repository, commit, gate and environment give the same answer."""
    return sha256(repr((origin, base, gate, environment)).encode("utf-8", "surrogateescape")).hexdigest()
