"""The figures of a bench as the records that `--json` prints."""

from __future__ import annotations

from onloop.bench.bench_plan import BenchPlan
from onloop.bench.comparison import EVERY_TASK, BenchFigures, Compared, ConfigurationFigures, GateFigures
from onloop.cli.json_models.insight import bench_models as m
from onloop.cli.json_models.insight.proportion_models import difference_json, share_json
from onloop.insight.medians import Median, MedianDifference


def bench_json(plan: BenchPlan, figures: BenchFigures, results: str) -> m.BenchJson:
    """All of a bench's figures; `results` is the file of its rows."""
    runs = {configuration.name: configuration.words for configuration in plan.configurations}
    return m.BenchJson(
        tasks=figures.tasks,
        isolation=plan.settings.isolation or "none",
        repeat=plan.repeat,
        done=figures.done,
        wanted=figures.wanted,
        results=results,
        configurations=[_configuration(each, runs[each.name]) for each in figures.configurations],
        gates=[_gate(each) for each in figures.gates],
        compared=[_compared(each) for each in figures.compared],
    )


def _median(found: Median) -> m.MedianJson:
    return m.MedianJson(found.median, found.low, found.high, found.sure, found.count)


def _differ(found: MedianDifference) -> m.MedianDifferenceJson:
    return m.MedianDifferenceJson(found.difference, found.low, found.high, found.is_told_apart)


def _configuration(found: ConfigurationFigures, runs: str) -> m.BenchedConfigurationJson:
    return m.BenchedConfigurationJson(
        name=found.name,
        runs=runs,
        verified=share_json(found.verified),
        changed=found.changed,
        out_of_time=found.out_of_time,
        broken=found.broken,
        rounds=_median(found.rounds),
        wall_ms=_median(found.wall_ms),
        lines=_median(found.lines),
        tokens=_median(found.tokens),
        micro_usd=_median(found.micro_usd),
    )


def _gate(found: GateFigures) -> m.BenchedGateJson:
    passed = share_json(found.passed)
    return m.BenchedGateJson(found.task, found.step, found.gate, found.configuration, passed, found.changed)


def _compared(found: Compared) -> m.ComparedJson:
    verified = found.verified
    return m.ComparedJson(
        task=None if found.task == EVERY_TASK else found.task,
        first=found.first,
        second=found.second,
        counted=found.counted,
        verified=difference_json(verified),
        more=found.more,
        rounds=_differ(found.rounds),
        wall_ms=_differ(found.wall_ms),
        lines=_differ(found.lines),
        tokens=_differ(found.tokens),
        micro_usd=_differ(found.micro_usd),
    )
