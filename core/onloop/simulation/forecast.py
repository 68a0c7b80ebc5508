"""What several simulations of one plan say together: the middle of each figure, and what nine of ten do not exceed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from onloop.records import Record, replace
from onloop.simulation.outcome import Outcome, outcome_of
from onloop.simulation.simulated_run import simulation
from onloop.simulation.simulation_plan import Plan

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class Quantiles(Record):
    """Half of the simulations gave at most `p50`, nine of ten at most `p90`."""

    p50: int
    p90: int


class Forecast(Record):
    """What so many seeds gave. `unfinished` of them were not over when the plan's time was."""

    outcomes: tuple[Outcome, ...]
    took_ms: Quantiles
    decisions: Quantiles
    most_waiting: Quantiles
    waited_ms: Quantiles
    people_ms: Quantiles
    busy: Quantiles
    brought: Quantiles
    lost: Quantiles
    rounds: Quantiles
    tasks: Mapping[str, Quantiles]
    blocked: Mapping[str, Quantiles]
    unfinished: int


def simulated(plan: Plan, keep: Path | None = None) -> Outcome:
    """Simulate one seed; its store is kept in the folder `keep`, or in memory and removed."""
    if keep is not None:
        return _simulated(plan, keep)
    with tempfile.TemporaryDirectory(prefix="onloop-sim-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        return _simulated(plan, Path(folder) / "store")


def _simulated(plan: Plan, folder: Path) -> Outcome:
    run = simulation(plan, folder)
    try:
        run.run()
        return outcome_of(run)
    finally:
        run.world.store.close()


def simulated_seeds(plan: Plan, count: int, keep: Path | None, told: Callable[[Outcome], None]) -> Forecast:
    """Simulate `count` seeds, from the plan's own on; only the first one's store is kept."""
    found = list[Outcome]()
    for number in range(count):
        found.append(simulated(replace(plan, seed=plan.seed + number), keep if number == 0 else None))
        told(found[-1])
    return forecast_of(found)


def forecast_of(outcomes: Sequence[Outcome]) -> Forecast:
    """What these outcomes say together; there is at least one."""

    def of(value: Callable[[Outcome], int]) -> Quantiles:
        return quantiles([value(each) for each in outcomes])

    return Forecast(
        tuple(outcomes),
        of(lambda each: each.took_ms),
        of(lambda each: sum(each.decisions.values())),
        of(lambda each: each.most_waiting),
        quantiles([wait for each in outcomes for wait in each.waits] or [0]),
        of(lambda each: each.people_ms),
        of(lambda each: each.busy),
        of(lambda each: each.brought),
        of(lambda each: sum(each.lost.values())),
        of(lambda each: each.rounds),
        {name: of(lambda each, name=name: each.tasks.get(name, 0)) for name in _names(outcomes, "tasks")},  # type: ignore[misc]
        {name: of(lambda each, name=name: each.blocked.get(name, 0)) for name in _names(outcomes, "blocked")},  # type: ignore[misc]
        sum(not each.ended for each in outcomes),
    )


def _names(outcomes: Sequence[Outcome], field: str) -> Iterator[str]:
    """The names in a field of all outcomes, the most counted first."""
    total = dict[str, int]()
    for each in outcomes:
        counted: Mapping[str, int] = getattr(each, field)
        for name, count in counted.items():
            total[name] = total.get(name, 0) + count
    yield from sorted(total, key=lambda name: (-total[name], name))


def quantiles(values: Sequence[int]) -> Quantiles:
    """The nearest ranks: a value that occurred, at or above half and nine tenths of them."""
    ordered, count = sorted(values), len(values)
    return Quantiles(ordered[(count * 50 + 99) // 100 - 1], ordered[(count * 90 + 99) // 100 - 1])
