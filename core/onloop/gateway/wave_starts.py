"""What follows from facts of waves: tasks begin, are held back, or join another wave, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.errors import BadInput
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.task import Task
from onloop.machine.wave_plan import WavePlan, WaveStanding
from onloop.machine.wave_standing import OUT
from onloop.records import replace
from onloop.store.port import Reading, Transaction
from onloop.store.rows import FleetMember
from onloop.views.fleet_members import member_of


def following(tx: Transaction, root: Task, events: Sequence[e.Event]) -> Iterator[tuple[str, c.Command]]:
    """The commands that follow for tasks of the fleet, or for its root, from what was recorded of waves."""
    for event in events:
        match event:
            case e.WaveStarted(wave) | e.HaltLifted(wave):
                yield from ((row.task, c.Admit()) for row in _of_wave(tx, root.id, wave, WaveStanding.HELD))
            case e.FleetHalted(report, why):
                held = c.HoldBack(f"its fleet is halted: {why}")
                yield from ((row.task, held) for row in _of_wave(tx, root.id, report.wave, WaveStanding.READY))
            case e.JoinedWave(wave):
                fleet = tx.task(root.run)
                if fleet is not None and fleet.waves is not None and wave > fleet.waves.total:
                    yield fleet.id, c.AddWave(wave)
            case _:
                pass


def still_held(tx: Transaction, root: Task) -> Sequence[str]:
    """The tasks that a freeze kept from beginning with their wave."""
    waves = root.waves
    if waves is None or waves.halted:
        return ()
    return [row.task for row in _of_wave(tx, root.id, waves.current, WaveStanding.HELD)]


def _of_wave(reading: Reading, fleet: str, wave: int, standing: WaveStanding) -> Sequence[FleetMember]:
    return reading.select(FleetMember, fleet=fleet, wave=wave, standing=standing.value)


def is_turn_of_fleet(before: Task, after: Task) -> bool:
    """Whether the fleet has to look at its wave: the task failed, was done, taken out, or came back from that."""
    was, now = member_of(before), member_of(after)
    if was is None or now is None:
        return False
    changed = (was.wave, was.standing, was.cause) != (now.wave, now.standing, now.cause)
    return changed and bool({was.standing, now.standing} & OUT)


def in_plan(creations: Sequence[tuple[str, c.Create]]) -> tuple[tuple[str, c.Create], ...]:
    """The creations of a run with each task in its wave, which is the gateway's to say; BadInput where they do not fit.

    The root comes first.
    """
    (root_id, root), *below = creations
    if root.plan is None:
        return tuple((task, replace(each, wave=0)) for task, each in creations)
    check_plan(root.plan, len(below))
    waves = [number for number, size in enumerate(root.plan.sizes, 1) for _ in range(size)]
    placed = ((task, replace(each, wave=wave, plan=None)) for (task, each), wave in zip(below, waves, strict=True))
    return ((root_id, replace(root, wave=0)), *placed)


def check_plan(plan: WavePlan, count: int) -> None:
    """Refuse a plan that is not for so many tasks, has a wave of none, or could never begin or pass one."""
    if not plan.sizes or min(plan.sizes) < 1:
        raise BadInput("a wave of none would pass before anything was tried", hint="give each wave at least one task")
    if sum(plan.sizes) != count:
        raise BadInput(f"the waves hold {sum(plan.sizes)} tasks, and the fleet has {count}", hint="end them with rest")
