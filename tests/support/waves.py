"""Fleets in waves, as scenarios: a root with a plan, and tasks of one, with what the store would say of them."""

from __future__ import annotations

from typing import Any

from onloop.machine import commands as c
from onloop.machine.events import WaveStarted
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind
from onloop.machine.wave_plan import HaltRule, WavePlan, WaveReport, Waves
from onloop.records import replace
from support.scenario import Scenario, create
from support.steps import defined, develop

NO_RULE = HaltRule()


def planned(*sizes: int, halt: HaltRule = NO_RULE, **plan: Any) -> Scenario:
    """A fleet with waves of these sizes, the first of which has begun."""
    begin = replace(create(Kind.FLEET), plan=WavePlan(sizes, halt=halt, **plan))
    return counted(Scenario(defined(develop())).given(begin, c.BeginWaves()), ready=sizes[0])


def counted(at: Scenario, following: int = 7, **counts: Any) -> Scenario:
    """The fleet while its current wave stands so."""
    wave = at.task.waves.current if at.task.waves is not None else 0
    return at.knowing(report=WaveReport(wave, **counts), following=following)


def halted(*sizes: int, **plan: Any) -> Scenario:
    """A fleet whose first wave has halted it: one of its tasks failed."""
    at = planned(*sizes, halt=HaltRule(percent=1), **plan)
    return counted(at, stopped=1, begun=sizes[0] - 1).given(c.Settle())


def in_wave(wave: int, current: int = 1, total: int = 3, halted: str = "", *, passed: bool = False) -> Scenario:
    """A task of a fleet, in that wave, while the fleet is in wave `current` of `total`."""
    begin = replace(create(parent="r1"), wave=wave)
    before = Scenario(defined(develop())).knowing(waves=Waves(total))
    return before.given(begin).knowing(waves=Waves(total, current, passed, halted))


def begun(current: int = 1) -> Scenario:
    """A task of a wave that has begun."""
    return in_wave(current, current).given(c.Admit())


HELD = (State.SUBMITTED, Reason.WAVE_HELD)
STARTED = WaveStarted
