"""Which level of assurance a store can reach, and which gates would stay closed in it."""

from __future__ import annotations

import pwd
from collections.abc import Iterator

from onloop.home import Home, is_own
from onloop.machine.definition import Assurance, Definition
from onloop.machine.store_state import StoreState
from onloop.views.assurance import Grounds, assurance_reached

HIGHEST = Assurance.A2
"""What can be proved at all today: nobody checks a hardware key or another device yet."""


def reachable(home: Home, house: StoreState, now: int) -> Assurance:
    """The highest level that anybody's decision in this store can have: A2 where it is apart, behind a strong box."""
    grounds = Grounds(house.scripted, apart=_is_apart(home), shut_out=True, proof=house.proof, now=now)
    return assurance_reached(grounds).level


def _is_apart(home: Home) -> bool:
    """Whether the store was given to a user of its own: it is another's, or lets another group to its socket."""
    if not is_own(home.store):
        return True
    try:
        found = home.socket.parent.stat()
        return found.st_gid != pwd.getpwuid(found.st_uid).pw_gid
    except (OSError, KeyError):
        return False


def closed_gates(definition: Definition, level: Assurance) -> Iterator[str]:
    """In words, each gate of a workflow that nobody can pass where no more than `level` is proved."""
    for step in definition.steps:
        for gate in step.human_gates:
            if not level.reaches(gate.assurance):
                yield f"{step.id}: {gate.id} demands {gate.assurance.value}, and no more than {level.value} is proved"
