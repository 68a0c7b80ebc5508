"""Apply facts of waves to a fleet's root, and to a task that is in one."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import wave_events as w
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.machine.wave_plan import Accepted, Stop, WaveReport, Waves
from onloop.machine.wave_standing import has_failed
from onloop.records import replace

OfFleet = w.WaveStarted | w.WavePassed | w.FleetHalted | w.HaltLifted | w.WaveCounted | w.WaveAdded
OfWaves = OfFleet | w.JoinedWave
_KEEPS = frozenset({State.PAUSED, State.CANCELED})
"""The states in which it is remembered that a task had failed."""


def in_waves(task: Task, event: OfWaves) -> Task:
    """The task after a fact of waves."""
    if isinstance(event, w.JoinedWave):
        return replace(task, wave=event.wave)
    waves = task.waves
    return task if waves is None else replace(task, waves=_moved_on(waves, event))


def _moved_on(waves: Waves, event: OfFleet) -> Waves:
    match event:
        case w.WaveStarted(wave):
            return replace(waves, current=wave, passed=False, halted="", report=None, accepted=Accepted())
        case w.WavePassed(report):
            return replace(waves, passed=True, halted="", report=report, done=(*waves.done, report))
        case w.FleetHalted(report, why):
            return replace(waves, halted=why, report=report)
        case w.HaltLifted():
            return replace(waves, halted="", lifted=waves.lifted + 1, accepted=accepted_of(waves.report))
        case w.WaveCounted(report):
            return replace(waves, report=report, accepted=lowered(waves.accepted, report))
        case w.WaveAdded(wave):
            return replace(waves, total=wave)
        case _:
            assert_never(event)


def accepted_of(report: WaveReport | None) -> Accepted:
    """What a person who was shown that report accepts when they lift a halt."""
    if report is None:
        return Accepted(True)
    return Accepted(True, report.failed, {alike.cause: alike.count for alike in report.causes})


def lowered(accepted: Accepted, report: WaveReport) -> Accepted:
    """What is still accepted: what was retried and did not fail again is not accepted a second time."""
    now = {alike.cause: alike.count for alike in report.causes}
    causes = {cause: min(count, now.get(cause, 0)) for cause, count in accepted.causes.items() if now.get(cause, 0)}
    return Accepted(accepted.looked, min(accepted.failed, report.failed), causes)


def stop_of(task: Task, state: State) -> Stop | None:
    """Why the task of a wave had failed, where it moves to `state` with that: a pause or a way out changes it not."""
    if task.wave == 0 or state not in _KEEPS:
        return None
    if has_failed(task) and task.reason is not None:
        return Stop(task.reason, task.detail)
    return task.stop
