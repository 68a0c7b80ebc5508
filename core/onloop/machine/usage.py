"""What agents tell of tokens and cost, and what the gateway itself counts of their work: claims and time.

What an agent tells is its word alone: it may spend a budget, and it never shows that something is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from onloop.machine.limits import Id, Millis, Number, Range, Text
from onloop.records import Record, field, replace, values_of

MOST_TOKENS = 10**12
MOST_MICRO_USD = 10**13
MOST_SOURCES = 8
"""From how many sources figures of one lease may come."""

Tokens = Annotated[int, Range(0, MOST_TOKENS)]
MicroUsd = Annotated[int, Range(0, MOST_MICRO_USD)]
"""Millionths of a US dollar."""
SourceName = Annotated[str, Text(60, foreign=True)]
ModelName = Annotated[str, Text(100, foreign=True)]


class Usage(Record):
    """Tokens and what they cost; a figure that nobody told is None, never 0.

    `input` counts every token that went in, `cached` those of them that were read from a cache, and `output` all that
    came out, thoughts included.
    """

    input: Tokens | None = None
    cached: Tokens | None = None
    output: Tokens | None = None
    micro_usd: MicroUsd | None = None

    @property
    def tokens(self) -> int | None:
        """What went in and what came out; None where neither was told."""
        return None if self.input is None and self.output is None else (self.input or 0) + (self.output or 0)

    @property
    def is_told(self) -> bool:
        """Whether anything was told."""
        return any(figure is not None for figure in values_of(self))


class SourcedUsage(Record):
    """What one source told of a lease so far, and the model that it named last."""

    usage: Usage
    model: str = ""


class LeaseUsage(Record):
    """What was told of the last lease, by source; each figure only grows."""

    epoch: int = 0
    step: str = ""
    agent: str = ""
    told: Mapping[str, SourcedUsage] = field(default_factory=dict)

    @property
    def usage(self) -> Usage:
        """What all sources told together."""
        return total(each.usage for each in self.told.values())


class StepSpending(Record):
    """What a step took: how often agents were given it, how long they held it, and what those before the last told.

    `telling` counts the claims of which tokens were told, `priced` those of which a cost was.
    """

    claims: Number = 0
    held_ms: Millis = 0
    usage: Usage = Usage()
    telling: Number = 0
    priced: Number = 0


class Spending(Record):
    """What a task took, by step, and of it apart what was told of the lease that began last."""

    steps: Mapping[str, StepSpending] = field(default_factory=dict)
    lease: LeaseUsage = LeaseUsage()

    def of(self, step: str) -> StepSpending:
        """What that step took, the last lease included."""
        known = self.steps.get(step, StepSpending())
        return _with_lease(known, self.lease.usage) if self.lease.step == step else known

    @property
    def whole(self) -> StepSpending:
        """What all steps took together."""
        return summed(self.of(step) for step in {**self.steps, **({self.lease.step: None} if self.lease.told else {})})


class ReportUsage(Record):
    """Whoever held the task under `epoch`, or its worker, says what `source` used in all of that lease so far.

    Telling it again changes nothing, and neither does telling less: of each figure the largest counts.
    """

    agent: Id
    epoch: Number
    source: SourceName
    usage: Usage
    model: ModelName = ""


class UsageTold(Record):
    """An agent told, of its lease at `step`, what `source` has used so far, as far as was ever told."""

    epoch: int
    step: str
    agent: str
    source: str
    usage: Usage
    model: str = ""


def total(parts: Iterable[Usage]) -> Usage:
    """The sum of what was told; a figure that no part tells stays untold."""
    found = Usage()
    for part in parts:
        found = Usage(*(_sum(a, b) for a, b in zip(values_of(found), values_of(part), strict=True)))
    return found


def grown(before: Usage, said: Usage) -> Usage:
    """What is known after a source said this: of each figure the larger one."""
    return Usage(*(_larger(a, b) for a, b in zip(values_of(before), values_of(said), strict=True)))


def summed(parts: Iterable[StepSpending]) -> StepSpending:
    """What several steps or tasks took together."""
    found = StepSpending()
    for part in parts:
        found = StepSpending(
            claims=found.claims + part.claims,
            held_ms=found.held_ms + part.held_ms,
            usage=total((found.usage, part.usage)),
            telling=found.telling + part.telling,
            priced=found.priced + part.priced,
        )
    return found


def beyond(after: StepSpending, before: StepSpending) -> StepSpending:
    """What was spent between two looks at the same task."""
    pairs = zip(values_of(after.usage), values_of(before.usage), strict=True)
    return StepSpending(
        claims=after.claims - before.claims,
        held_ms=after.held_ms - before.held_ms,
        usage=Usage(*(None if more is None else more - (less or 0) for more, less in pairs)),
        telling=after.telling - before.telling,
        priced=after.priced - before.priced,
    )


def claimed(spending: Spending, step: str, agent: str, epoch: int) -> Spending:
    """After an agent was given the step: what was told of the lease before belongs to its step from now on."""
    closed = spending.lease
    steps = {**spending.steps, closed.step: spending.of(closed.step)} if closed.told else dict(spending.steps)
    steps[step] = replace(steps.get(step, StepSpending()), claims=steps.get(step, StepSpending()).claims + 1)
    return Spending(steps, LeaseUsage(epoch, step, agent))


def lease_ended(spending: Spending, step: str, held_ms: int) -> Spending:
    """After an agent's lease of the step ended that it had held for so long."""
    known = spending.steps.get(step, StepSpending())
    return replace(spending, steps={**spending.steps, step: replace(known, held_ms=known.held_ms + held_ms)})


def told(spending: Spending, event: UsageTold) -> Spending:
    """After an agent told what it used."""
    lease = spending.lease
    if lease.epoch != event.epoch:  # it was claimed when the log did not say of which step
        spending = claimed(spending, event.step, event.agent, event.epoch)
        lease = spending.lease
    said = SourcedUsage(event.usage, event.model)
    return replace(spending, lease=replace(lease, told={**lease.told, event.source: said}))


def _with_lease(step: StepSpending, usage: Usage) -> StepSpending:
    return replace(
        step,
        usage=total((step.usage, usage)),
        telling=step.telling + (usage.tokens is not None),
        priced=step.priced + (usage.micro_usd is not None),
    )


def _sum(a: int | None, b: int | None) -> int | None:
    return (a or 0) + (b or 0) if a is not None or b is not None else None


def _larger(a: int | None, b: int | None) -> int | None:
    return max(a or 0, b or 0) if a is not None or b is not None else None
