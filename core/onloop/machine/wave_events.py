"""Facts of the waves of a fleet."""

from __future__ import annotations

from onloop.machine.wave_plan import WaveReport
from onloop.records import Record


class WaveStarted(Record):
    """A wave of the fleet began; its tasks may be worked on from now on. `by` is who let it begin, if somebody did."""

    wave: int
    by: str = ""


class WavePassed(Record):
    """Every task of the wave was completed or taken out, and too few failed to halt the fleet."""

    report: WaveReport


class FleetHalted(Record):
    """Too many tasks of the wave failed: nothing new begins until a person lifts the halt."""

    report: WaveReport
    why: str


class HaltLifted(Record):
    """A person saw what had failed, and let the fleet go on."""

    wave: int
    by: str


class WaveCounted(Record):
    """How the wave stands now: while a person is asked about it, or where fewer have failed than they had accepted."""

    report: WaveReport


class WaveAdded(Record):
    """The fleet has one wave more, for tasks that came after its last had begun."""

    wave: int


class JoinedWave(Record):
    """The task is in this wave from now on: its own had been passed when a person let it go on."""

    wave: int
