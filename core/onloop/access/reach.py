"""Which level of assurance a store can reach, and which gates nobody could pass in it."""

from __future__ import annotations

import pwd
from collections.abc import Iterator

from onloop.home import Home
from onloop.machine.definition import Assurance, Definition
from onloop.machine.store_state import StoreState
from onloop.views.assurance import Grounds, assurance_reached

HIGHEST = Assurance.A3
"""The highest level that can be proved today: with a security key; other devices are not supported yet."""


def reachable(home: Home, house: StoreState, now: int) -> Assurance:
    """The highest level that a decision in this store can have: A3 if somebody has a security key.

    Without one it is A2 where the store is isolated and its box is strong.
    """
    if house.keys and not house.scripted:
        return HIGHEST
    grounds = Grounds(house.scripted, apart=_is_apart(home), shut_out=True, proof=house.proof, now=now)
    return assurance_reached(grounds).level


def _is_apart(home: Home) -> bool:
    """Whether the store is isolated: it belongs to another user, or its socket is open to another group."""
    if not home.is_known:  # then only a gateway of our own user is believed
        return False
    if not home.is_ours:
        return True
    try:
        status = home.socket.parent.stat()
        return status.st_gid != pwd.getpwuid(status.st_uid).pw_gid
    except (OSError, KeyError):
        return False


def closed_gates(definition: Definition, level: Assurance) -> Iterator[str]:
    """In words, each gate of a workflow that nobody can pass if no more than `level` is proved."""
    for step in definition.steps:
        for gate in step.human_gates:
            if not level.reaches(gate.assurance):
                yield f"{step.id}: {gate.id} demands {gate.assurance.value}, but no more than {level.value} is proved"
