"""PURE: what the trials of a bench say: of each configuration, of each gate, and of each two compared at each task.

There is no single score: what is verified, how long it takes and how large the change is stay apart. Every figure says
of how many trials it is, and how sure it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from onloop.bench.bench_plan import BenchPlan
from onloop.bench.trial_row import GateOutcome, TrialEnd, TrialRow
from onloop.insight.medians import Median, MedianDifference, difference_of, median_of
from onloop.insight.proportions import Share, ShareDifference, averaged, newcombe, wanted_counts, wilson
from onloop.records import Record

EVERY_TASK = ""
"""Stands where a comparison is over all tasks, each with the same weight."""

LEAST = 3
"""From how many trials on each side two shares may be told apart. Of two, the interval would err in one of eight."""


class ConfigurationFigures(Record):
    """A configuration over all tasks: of `counted` trials, and `broken` ones that count for nothing.

    `verified` are those that reached the end, past gates that the work itself did not change; `changed` are those that
    some gate let on although it did.
    """

    name: str
    verified: Share
    changed: int
    out_of_time: int
    broken: int
    rounds: Median
    wall_ms: Median
    lines: Median
    tokens: Median
    micro_usd: Median


class GateFigures(Record):
    """A gate of a task with a configuration: in how many trials it passed, and how many changed it."""

    task: str
    step: str
    gate: str
    configuration: str
    passed: Share
    changed: int


class Compared(Record):
    """Two configurations at a task, or over `EVERY_TASK`: the first less the second.

    `more` is about how many repetitions more on each side would tell the shares apart if they stay as they are; None
    where they are apart or equal, or where nothing was seen.
    """

    task: str
    first: str
    second: str
    verified: ShareDifference
    counted: tuple[int, int]
    more: int | None
    rounds: MedianDifference = MedianDifference()
    wall_ms: MedianDifference = MedianDifference()
    lines: MedianDifference = MedianDifference()
    tokens: MedianDifference = MedianDifference()
    micro_usd: MedianDifference = MedianDifference()

    @property
    def is_told_apart(self) -> bool:
        """Whether the shares differ by more than chance would explain."""
        return min(self.counted) >= LEAST and self.verified.is_told_apart


class BenchFigures(Record):
    """All that a bench says so far: `done` of `wanted` trials have a result."""

    tasks: tuple[str, ...]
    done: int
    wanted: int
    configurations: tuple[ConfigurationFigures, ...]
    gates: tuple[GateFigures, ...]
    compared: tuple[Compared, ...]


def figures_of(plan: BenchPlan, rows: Sequence[TrialRow]) -> BenchFigures:
    """The figures of a plan's trials; rows of repetitions that are not in it are left out."""
    wanted = frozenset(plan.trials)
    known = [row for row in rows if row.trial in wanted]
    tasks = tuple(task.id for task in plan.tasks)
    names = tuple(configuration.name for configuration in plan.configurations)
    return BenchFigures(
        tasks=tasks,
        done=sum(row.counts for row in known),
        wanted=len(wanted),
        configurations=tuple(_configuration(name, _of(known, name)) for name in names),
        gates=tuple(_gates(plan, known)),
        compared=tuple(_pairs(tasks, names, known)),
    )


def _of(rows: Sequence[TrialRow], name: str, task: str = EVERY_TASK) -> list[TrialRow]:
    return [row for row in rows if row.configuration == name and task in {EVERY_TASK, row.task}]


def _configuration(name: str, rows: Sequence[TrialRow]) -> ConfigurationFigures:
    counted = [row for row in rows if row.counts]
    return ConfigurationFigures(
        name=name,
        verified=_verified(counted),
        changed=sum(row.is_changed for row in counted),
        out_of_time=sum(row.end is TrialEnd.OUT_OF_TIME for row in counted),
        broken=len(rows) - len(counted),
        rounds=median_of([row.rounds for row in counted]),
        wall_ms=median_of([row.wall_ms for row in counted]),
        lines=median_of(_known(row.lines for row in counted)),
        tokens=median_of(_known(row.tokens for row in counted)),
        micro_usd=median_of(_known(row.micro_usd for row in counted)),
    )


def _verified(counted: Sequence[TrialRow]) -> Share:
    return wilson(sum(row.is_verified for row in counted), len(counted))


def _known(figures: Iterable[int | None]) -> list[int]:
    return [figure for figure in figures if figure is not None]


def _gates(plan: BenchPlan, rows: Sequence[TrialRow]) -> Iterator[GateFigures]:
    for task in plan.tasks:
        for step, gate in task.gates:
            for configuration in plan.configurations:
                found = [
                    each.outcome
                    for row in _of(rows, configuration.name, task.id)
                    if row.counts
                    for each in row.gates
                    if (each.step, each.gate) == (step, gate)
                ]
                passed = wilson(found.count(GateOutcome.PASSED), len(found))
                yield GateFigures(task.id, step, gate, configuration.name, passed, found.count(GateOutcome.CHANGED))


def _pairs(tasks: Sequence[str], names: Sequence[str], rows: Sequence[TrialRow]) -> Iterator[Compared]:
    counted = [row for row in rows if row.counts]
    for first, second in combinations(names, 2):
        each = [_compared(task, first, second, counted) for task in tasks]
        yield from each
        if len(tasks) > 1:
            seen = tuple(len(_of(counted, name)) for name in (first, second))
            verified = averaged([compared.verified for compared in each])
            yield Compared(EVERY_TASK, first, second, verified, (seen[0], seen[1]), None)


def _compared(task: str, first: str, second: str, counted: Sequence[TrialRow]) -> Compared:
    ours, theirs = _of(counted, first, task), _of(counted, second, task)
    one, two = _verified(ours), _verified(theirs)
    verified = newcombe(one, two)
    wanted = wanted_counts(one, two)
    more = 0 if wanted is None else max(wanted, LEAST) - min(one.of, two.of)

    def differ(figure: Callable[[TrialRow], int | None]) -> MedianDifference:
        return difference_of(_known(map(figure, ours)), _known(map(figure, theirs)))

    return Compared(
        task=task,
        first=first,
        second=second,
        verified=verified,
        counted=(one.of, two.of),
        more=more if more > 0 else None,
        rounds=differ(lambda row: row.rounds),
        wall_ms=differ(lambda row: row.wall_ms),
        lines=differ(lambda row: row.lines),
        tokens=differ(lambda row: row.tokens),
        micro_usd=differ(lambda row: row.micro_usd),
    )
