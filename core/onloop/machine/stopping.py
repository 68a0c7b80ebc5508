"""Which facts about the whole store stop something, once whoever recorded them has an answer: all but a few."""

from __future__ import annotations

import typing

from onloop.machine.box_facts import BoxProved, ProbeAsked
from onloop.machine.denials import Denied
from onloop.machine.held_roles import RoleEvent
from onloop.machine.marks import Mark

STOPS_NOTHING = frozenset[type](
    (Denied, ProbeAsked, BoxProved, *typing.get_args(RoleEvent), *typing.get_args(Mark)),
)
"""Facts that no command under way has to obey; absence means that one must."""


def stops(fact: type) -> bool:
    """Whether nothing that the fact forbids may happen after its answer: so it waits for what is under way."""
    return fact not in STOPS_NOTHING
