"""Two small workflows, each written twice: for the gateway, and for the plain model."""

from __future__ import annotations

from gateway.plain_task import PlainGate, PlainStep
from onloop.machine.definition import Attempts, ExpireOutcome, Expiry
from onloop.records import replace
from support.steps import HOUR, MINUTE, defined, develop, full, gate, human, merge, ship

BACK = "develop.implement"

SHIPPED = (
    (
        PlainStep(BACK, "implementer", gates=("tests", "lint")),
        PlainStep("ship.release", human=PlainGate("release", remind=HOUR, expire=4 * HOUR), on_reject=BACK),
        PlainStep("ship.merge", effect=True),
    ),
    defined(
        develop(gate("tests"), gate("lint")),
        ship(human(remind_ms=HOUR, expire=Expiry(4 * HOUR, ExpireOutcome.HOLD)), on_reject=BACK),
        merge(),
    ),
)
"""Rounds, attempts with pauses, a person with patience, and the merge."""

CHECKED = (
    (
        PlainStep(
            BACK,
            "implementer",
            gates=("tests",),
            human=PlainGate("review", quorum=2),
            rounds=0,
            attempts=1,
            timeout=10 * MINUTE,
            max_visits=2,
        ),
        PlainStep("test.full", gates=("run",), on_fail=BACK),
        PlainStep("ship.release", human=PlainGate("release", expire=HOUR, rejects=True), on_reject="end"),
    ),
    replace(
        defined(
            develop(
                gate("tests"),
                human("review", quorum=2),
                rounds=0,
                attempts=Attempts(max=1),
                timeout_ms=10 * MINUTE,
                max_visits=2,
            ),
            full(on_fail=BACK),
            ship(human(expire=Expiry(HOUR, ExpireOutcome.REJECT)), on_reject="end"),
        ),
        digest="e" * 64,
    ),
)
"""Two people at the agent's own step, a step of the verifier's that sends back, and an end by rejection."""

WORKFLOWS = (SHIPPED, CHECKED)
