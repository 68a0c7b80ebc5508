"""What `onloop bench` prints with `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.insight.proportion_models import ShareDifferenceJson, ShareJson
from onloop.records import Record

NoLow = Annotated[float | None, Meta(description="The lower end of the interval; none where too few were seen.")]
NoHigh = Annotated[float | None, Meta(description="The upper end of the interval; none where too few were seen.")]


class MedianJson(Record):
    """The median of what was seen, between two of the figures; `sure` is the chance that the true one lies there."""

    median: float | None
    low: NoLow
    high: NoHigh
    sure: float
    count: int


class BenchedConfigurationJson(Record):
    """A configuration over all tasks."""

    name: Annotated[str, Meta(description="As the caller or the suite named it.")]
    runs: Annotated[str, Meta(description="What runs: the agent with its model, or a command.")]
    verified: Annotated[ShareJson, Meta(description="Trials that reached the end past gates that they did not change.")]
    changed: Annotated[int, Meta(description="Trials that some gate let on although the work changes what judged it.")]
    out_of_time: int
    broken: Annotated[int, Meta(description="Trials that failed through no fault of an agent; they count for nothing.")]
    rounds: MedianJson
    wall_ms: Annotated[MedianJson, Meta(description="From the first claim to the end, in ms.")]
    lines: Annotated[MedianJson, Meta(description="Lines added and removed, where something was handed in.")]
    tokens: Annotated[MedianJson, Meta(description="In and out, as agents told of themselves.")]
    micro_usd: Annotated[MedianJson, Meta(description="Millionths of a US dollar, as agents told of themselves.")]


class BenchedGateJson(Record):
    """A gate of a task with a configuration."""

    task: str
    step: str
    gate: str
    configuration: str
    passed: ShareJson
    changed: Annotated[int, Meta(description="Passes of work that changes what judged it: they are not in `passed`.")]


class MedianDifferenceJson(Record):
    """By how much the first figures exceed the second."""

    difference: float | None
    low: NoLow
    high: NoHigh
    told_apart: Annotated[bool, Meta(description="Whether the interval leaves out that both are equal.")]


class ComparedJson(Record):
    """Two configurations, the first less the second."""

    task: Annotated[str | None, Meta(description="None: over all tasks, each with the same weight.")]
    first: str
    second: str
    counted: Annotated[Sequence[int], Meta(description="How many trials of the first and of the second.")]
    verified: ShareDifferenceJson
    more: Annotated[int | None, Meta(description="About how many more repetitions would tell the shares apart.")]
    rounds: MedianDifferenceJson
    wall_ms: MedianDifferenceJson
    lines: MedianDifferenceJson
    tokens: MedianDifferenceJson
    micro_usd: MedianDifferenceJson


class BenchJson(Record):
    """What a bench says so far; there is no single score."""

    tasks: Sequence[str]
    isolation: Annotated[str, Meta(description="In what agents worked; `none` is in clones, as the caller's user.")]
    repeat: int
    done: Annotated[int, Meta(description="Trials that have a result.")]
    wanted: int
    results: Annotated[str, Meta(description="The file with a line for each trial.")]
    configurations: Sequence[BenchedConfigurationJson]
    gates: Sequence[BenchedGateJson]
    compared: Sequence[ComparedJson]


class AddedToSuiteJson(Record):
    """A task that was put into a suite."""

    suite: str
    task: str
    base: str
    added: Annotated[bool, Meta(description="False where it was in it already.")]
