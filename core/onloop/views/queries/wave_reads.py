"""How the waves of a fleet stand, as one request."""

from __future__ import annotations

from typing import ClassVar

from onloop.errors import UnknownThing
from onloop.machine.limits import Id
from onloop.machine.task import Kind, Task
from onloop.machine.wave_plan import WavePlan, WaveReport, Waves
from onloop.records import Record
from onloop.store.port import Reading
from onloop.views.fleet_members import wave_report
from onloop.views.query import Query


class WavesNow(Record):
    """A fleet's plan, where it stands, and what each wave did; nothing of that for a fleet without waves."""

    root: Task
    plan: WavePlan | None = None
    waves: Waves | None = None
    reports: tuple[WaveReport, ...] = ()


class ReadWaves(Query[WavesNow], frozen=True):
    """How the waves of a fleet stand; it may be named by one of its tasks. UnknownThing if there is no such fleet."""

    name: ClassVar[str] = "waves"
    run: Id

    def carry_out(self, reading: Reading) -> WavesNow:
        """See Query."""
        named = reading.task(self.run)
        root = reading.task(named.run) if named is not None else None
        if root is None or root.kind is not Kind.FLEET:
            raise UnknownThing(f"there is no fleet {self.run!r}", hint="onloop list names the runs")
        waves = root.waves
        numbers = range(1, waves.total + 1) if waves is not None else ()
        return WavesNow(root, root.plan, waves, tuple(wave_report(reading, root.id, wave) for wave in numbers))
