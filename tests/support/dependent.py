"""A child that waits for its siblings, for tests of the machine."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.definition import Step
from onloop.machine.rules.decision_builder import Facts
from onloop.machine.rules.join import Child
from onloop.machine.state import State
from onloop.machine.task import Offspring
from onloop.records import replace
from support.scenario import PEOPLE, Scenario, create
from support.steps import defined, develop

NAMES = ("r1.2", "r1.3", "r1.4")


def siblings(*states: State) -> Mapping[str, Child]:
    """The siblings that are waited for, in these states."""
    return {name: Child(Offspring(name, f"part {name[-1]}"), state) for name, state in zip(NAMES, states, strict=False)}


def waiting_for(*states: State, steps: tuple[Step, ...] = (), origin: str | None = "/srv/billing.git") -> Scenario:
    """A child that waits for siblings in these states."""
    names = NAMES[: len(states)]
    begun = replace(create(parent="r1"), after=names, merges=names, origin=origin)
    facts = Facts(people=PEOPLE, before=siblings(*states))
    return Scenario(defined(*(steps or (develop(),))), facts).given(begun)
