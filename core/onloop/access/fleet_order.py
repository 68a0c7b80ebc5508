"""What a fleet is begun with, besides its workflow and its targets."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.access.run_inputs import NOTHING_ATTACHED, Attached
from onloop.access.targets import RunTarget
from onloop.errors import BadInput
from onloop.machine.definition import Assurance
from onloop.machine.wave_plan import HaltRule, SlotLimits, WavePlan
from onloop.patterns.wave_sizes import divided
from onloop.records import Record


class WavesAsked(Record):
    """How a person wants the fleet divided: `words` as they wrote them, empty for one wave of everything."""

    words: tuple[str, ...] = ()
    asks: bool = False
    halt: HaltRule = HaltRule()
    approvers: tuple[str, ...] = ()
    assurance: Assurance = Assurance.A0


class FleetOrder(Record):
    """How a fleet is begun; the same `key` begins one fleet only."""

    title: str
    max_parallel: int | None = None
    limits: SlotLimits = SlotLimits()
    waves: WavesAsked = WavesAsked()
    check_base: bool = False
    key: str = ""
    given: Attached = NOTHING_ATTACHED


def plan_of(asked: WavesAsked, targets: Sequence[RunTarget]) -> tuple[WavePlan | None, str]:
    """The plan of a fleet over these targets, with what to mind about it; none where nothing asks for one.

    Priorities need one, too: the order of claims follows its rows.
    """
    is_ranked = any(target.priority for target in targets)
    if not asked.words and asked.halt == HaltRule() and not is_ranked:
        if asked.asks:
            raise BadInput("a fleet of one wave has nothing between waves", hint="divide it: --waves 1,5,25,rest")
        return None, ""
    division = divided(asked.words or ("rest",), len(targets))
    if asked.asks and len(division.sizes) == 1:
        raise BadInput("a fleet of one wave has nothing between waves", hint="divide it: --waves 1,5,25,rest")
    plan = WavePlan(division.sizes, asked.asks, asked.halt, asked.approvers, asked.assurance)
    return plan, division.mind
