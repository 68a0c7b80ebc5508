"""How a task stands towards the wave of its fleet: computed from the task alone."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.requests import DecisionKind
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.machine.wave_plan import FAILURES, WaveStanding

_ENDED: Mapping[State, WaveStanding] = {
    State.COMPLETED: WaveStanding.COMPLETED,
    State.FAILED: WaveStanding.LOST,
    State.REJECTED: WaveStanding.LOST,
}

OUT = frozenset(
    {WaveStanding.STOPPED, WaveStanding.COMPLETED, WaveStanding.LOST, WaveStanding.EXCLUDED, WaveStanding.GIVEN_UP}
)
"""The standings that a fleet looks at: a task that comes to one of them, or leaves it, may end a wave or halt it."""


def standing_of(task: Task) -> WaveStanding:
    """How the task stands. Red gates on its base, before any agent, are no failure of its own."""
    if task.state in _ENDED:
        return _ENDED[task.state]
    if task.state is State.CANCELED or task.reason is Reason.EXCLUDED:
        return WaveStanding.GIVEN_UP if task.stop is not None else WaveStanding.EXCLUDED
    if has_failed(task) or task.stop is not None:
        return WaveStanding.STOPPED
    if task.reason is Reason.WAVE_HELD:
        return WaveStanding.HELD
    return WaveStanding.READY if is_untouched(task) else WaveStanding.BEGUN


def has_failed(task: Task) -> bool:
    """Whether it failed, and a person is asked what now."""
    return task.state is State.INPUT_REQUIRED and task.reason in FAILURES and not _is_red_base(task)


def is_untouched(task: Task) -> bool:
    """Whether nobody has worked on it: no agent claimed it, nothing of it runs, and nothing was handed in."""
    waits = task.state in {State.SUBMITTED, State.PAUSED} or _is_red_base(task)
    return waits and task.epoch == 0 and task.submission is None


def _is_red_base(task: Task) -> bool:
    is_red = task.reason is Reason.GATE_FAILED and bool(task.base_evidence)
    return is_red and task.epoch == 0 and task.submission is None


def retries_of(task: Task) -> int:
    """How often a person had it tried again."""
    return sum(decision.answer is DecisionKind.RETRY for decision in task.decisions)
