"""Agents that are silent are seen as of now: lost contact first, then no progress; only where somebody is at work."""

from __future__ import annotations

import pytest

from attention.needs import needing
from onloop.attention.groups import groups_of
from onloop.attention.idle import STALL_MS, idle_item_of, idle_reason
from onloop.attention.items import Tier
from onloop.machine.state import Reason, State
from onloop.records import replace
from onloop.store.rows import Lease
from support.scenario import ALFA, BRAVO, NOON
from support.steps import MINUTE, SECOND

AT_WORK = replace(
    needing(Reason.QUESTION), state=State.WORKING, reason=None, requests=(), holder=ALFA, epoch=3, detail="alfa works"
)
LEASE = Lease("r1.1", 3, ALFA, NOON + MINUTE, NOON, NOON)


@pytest.mark.parametrize(
    ("after", "beat", "progress", "reason"),
    [
        (30 * SECOND, 0, 0, None),
        (30 * SECOND + 1, 0, 0, Reason.DISCONNECTED),
        (10 * MINUTE, 0, 0, Reason.DISCONNECTED),
        (STALL_MS, STALL_MS, 0, None),
        (STALL_MS + 1, STALL_MS, 0, Reason.STALLED),
        (STALL_MS + 1, STALL_MS, 1, None),
    ],
)
def test_an_agent_is_disconnected_after_half_its_lease_and_stalled_after_a_while_without_progress(
    after: int, beat: int, progress: int, reason: Reason | None
) -> None:
    lease = replace(LEASE, expires=NOON + beat + MINUTE, beat_at=NOON + beat, progress_at=NOON + progress)

    found = idle_reason(AT_WORK, lease, NOON + after)

    assert (found and found[0]) == reason


@pytest.mark.parametrize(
    "task",
    [
        replace(AT_WORK, reason=Reason.GATES_RUNNING),
        replace(AT_WORK, state=State.PAUSED, reason=Reason.PAUSED, holder=None),
        replace(AT_WORK, state=State.INPUT_REQUIRED, reason=Reason.QUESTION, holder=None),
        replace(AT_WORK, epoch=4, holder=BRAVO),
    ],
    ids=["gates", "paused", "asks", "another holder"],
)
def test_whoever_is_not_expected_to_work_is_not_idle(task: object) -> None:
    assert idle_reason(task, LEASE, NOON + 10 * MINUTE) is None  # type: ignore[arg-type]


def test_agents_that_fall_silent_at_the_same_step_are_one_cause_since_the_last_sign() -> None:
    tasks = [replace(AT_WORK, id=f"r1.{n}", detail=f"{n} works") for n in range(3)]
    leases = [replace(LEASE, task=task.id, beat_at=NOON - n) for n, task in enumerate(tasks)]

    items = [idle_item_of(task, lease, NOON + 10 * MINUTE) for task, lease in zip(tasks, leases, strict=True)]
    (group,) = groups_of(item for item in items if item is not None)

    assert (group.reason, group.tier, group.since, group.detail) == (
        Reason.DISCONNECTED,
        Tier.STALLED,
        NOON - 2,
        "",
    )
    assert group.headline == "no heartbeat from agents at develop.implement"
