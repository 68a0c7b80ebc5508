"""PURE: what merged changes took of tokens and money, as agents told it: medians by size, each with its samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onloop.insight.measures.followed_task import FollowedTask
from onloop.insight.measures.loop_figures import ChangeCost
from onloop.insight.measures.samples import Samples, SizeClass, size_of
from onloop.machine.events import Claimed, UsageTold
from onloop.machine.people import is_person
from onloop.machine.usage import StepSpending, Usage, grown, total
from onloop.records import replace, values_of
from onloop.store.codec import Logged


class CostTally:
    """Of merged changes of one size."""

    def __init__(self) -> None:
        self._merged = self._partly = 0
        self._cost, self._tokens = Samples(), Samples()

    def add(self, spent: StepSpending) -> None:
        """One more merged change. What agents told of some of its claims alone is the least that it took."""
        self._merged += 1
        used = spent.usage
        if used.micro_usd is not None:
            self._cost.add(used.micro_usd)
        if used.tokens is not None:
            self._tokens.add(used.tokens)
        least = min(spent.telling if used.tokens is not None else spent.claims, spent.claims)
        priced = spent.priced if used.micro_usd is not None else spent.claims
        self._partly += used.is_told and min(least, priced) < spent.claims

    def told(self, size: SizeClass | None) -> ChangeCost:
        """The figures so far."""
        return ChangeCost(size, self._merged, self._partly, self._cost.spread(), self._tokens.spread())


class CostTallies:
    """Of all merged changes, and by size."""

    def __init__(self) -> None:
        self._all = CostTally()
        self._sizes = {size: CostTally() for size in SizeClass}

    def add(self, task: FollowedTask) -> None:
        """A task was merged. One whose size is not known is in *all* alone."""
        self._all.add(task.spent)
        if task.lines is not None:
            self._sizes[size_of(task.lines)].add(task.spent)

    def told(self) -> tuple[ChangeCost, ...]:
        """The figures of all, and of each size."""
        return (self._all.told(None), *(tally.told(size) for size, tally in self._sizes.items()))


def note_spending(tasks: Mapping[str, FollowedTask], task: FollowedTask, event: Logged) -> None:
    """What an event says of claims and of what was told counts for the task, and for whatever its work goes into."""
    if isinstance(event, Claimed) and not is_person(event.agent):
        more = StepSpending(claims=1)
        task.told = {}
    elif isinstance(event, UsageTold):
        more = _more(task, event)
    else:
        return
    for each in _with_parents(tasks, task):
        each.spent = _added(each.spent, more)


def _more(task: FollowedTask, event: UsageTold) -> StepSpending:
    """What is new in what an agent told of its lease."""
    before = total(task.told.values())
    task.told[event.source] = grown(task.told.get(event.source, Usage()), event.usage)
    after = total(task.told.values())
    pairs = zip(values_of(after), values_of(before), strict=True)
    return StepSpending(
        usage=Usage(*(None if now is None else now - (then or 0) for now, then in pairs)),
        telling=int(after.tokens is not None) - int(before.tokens is not None),
        priced=int(after.micro_usd is not None) - int(before.micro_usd is not None),
    )


def _added(spent: StepSpending, more: StepSpending) -> StepSpending:
    return replace(
        spent,
        claims=spent.claims + more.claims,
        usage=total((spent.usage, more.usage)),
        telling=spent.telling + more.telling,
        priced=spent.priced + more.priced,
    )


def _with_parents(tasks: Mapping[str, FollowedTask], task: FollowedTask) -> Iterator[FollowedTask]:
    """The task, and those above it whose change its work becomes a part of; a fleet has no change of its own."""
    above: FollowedTask | None = task
    while above is not None and above.is_work:
        yield above
        above = tasks.get(above.parent)
