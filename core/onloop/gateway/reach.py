"""Which level of assurance a store can reach, and which gates would stay closed in it."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from onloop.gateway.home import Home, is_own
from onloop.gateway.isolation import SHARED
from onloop.machine.definition import Assurance, Definition

HIGHEST = Assurance.A2
"""What can be proved at all today: nobody checks a hardware key or another device yet."""


def reachable(home: Home, *, scripted: bool, box_is_strong: bool) -> Assurance:
    """The highest level that a decision in this store can have: A2 where it is apart, and code under test in a box."""
    if scripted:
        return Assurance.A0
    return Assurance.A2 if box_is_strong and _is_apart(home) else Assurance.A1


def _is_apart(home: Home) -> bool:
    """Whether the store was given to a user of its own: it is another's, or shares out what agents' users need."""
    try:
        found = home.environments.stat()
    except OSError:
        return not is_own(home.store)
    return not is_own(home.store) or stat.S_IMODE(found.st_mode) == SHARED


def closed_gates(definition: Definition, level: Assurance) -> Iterator[str]:
    """In words, each gate of a workflow that nobody can pass where no more than `level` is proved."""
    for step in definition.steps:
        for gate in step.human_gates:
            if not level.reaches(gate.assurance):
                yield f"{step.id}: {gate.id} demands {gate.assurance.value}, and no more than {level.value} is proved"
