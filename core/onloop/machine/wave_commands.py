"""Requests about the waves of a fleet, which only the gateway makes: each follows from what is recorded."""

from __future__ import annotations

from onloop.machine.limits import Number, Words
from onloop.records import Record


class BeginWaves(Record):
    """All tasks of the fleet are there: its first wave begins."""


class AddWave(Record):
    """The fleet has `wave`, too."""

    wave: Number


class Admit(Record):
    """The wave of the task has begun, or its fleet goes on."""


class HoldBack(Record):
    """The fleet was halted before anybody worked on the task; `why` says so."""

    why: Words
