"""PURE: how fast a run goes, and how long the rest may take: from the tasks that were completed, and nothing else.

Time in which the run stood still does not count, nor does time in which a task waited for a person. What comes out is
the same for the same seed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from random import Random

from onloop.attention.groups import age
from onloop.machine.limits import Millis
from onloop.records import Record
from onloop.views.reporting.run_times import Clockwork, RunTimes, latest_first, worked_ms

LEAST_FINISHED = 5
"""How many tasks must be completed before anything is estimated from them."""
LATEST = 20
"""How many of the tasks completed last give the rate, and the number at work at once."""
KEPT = 500
"""How many durations are kept, of the tasks completed last."""
TRIALS = 200
SEED = 1
"""The one that is taken where nobody asks for another, so that an estimate does not change by itself."""
EXACT = 300
"""How many tasks of a trial are placed one by one; of more, the first ones are taken as a sum."""


class RunPace(Record):
    """What was seen of a run's speed: `lately` were completed in the last `lately_ms`, `at_once` at work at a time.

    `durations` are those of completed tasks (ms of work), `under_way` how long others have been at work so far.
    """

    finished: int = 0
    lately: int = 0
    lately_ms: int = 0
    at_once: int = 0
    durations: tuple[Millis, ...] = ()
    under_way: tuple[Millis, ...] = ()
    held: str = ""
    """Why the run stands still; empty where it does not."""

    @property
    def rate(self) -> float | None:
        """The completed tasks per ms; None where too few were to say."""
        return self.lately / self.lately_ms if self.lately > 1 and self.lately_ms > 0 else None


class Estimate(Record):
    """How long (ms) the tasks that `left` counts take: half of the trials took no longer than `p50_ms`, and so on.

    Without enough to say, `why_not` says what is missing, and the times are zero.
    """

    left: int
    p50_ms: int = 0
    p90_ms: int = 0
    at_once: int = 0
    finished: int = 0
    why_not: str = ""

    @property
    def words(self) -> str:
        """The estimate with its spread, or why there is none; empty where nothing is left."""
        if not self.left:
            return ""
        if self.why_not:
            return f"no estimate: {self.why_not}"
        return f"about {age(self.p50_ms)} left (9 in 10: under {age(self.p90_ms)}), {self.at_once} at a time"


def pace_of(times: RunTimes, now: int) -> RunPace:
    """What these times say about speed."""
    clock = Clockwork(times.holds, now)
    done = latest_first(times.spans)
    lately = [span.ended for span in done[:LATEST] if span.ended is not None]
    since = max(times.began, min(lately, default=now))
    long = clock.moving_ms(since, now)
    under_way = [worked_ms(span, clock, now) for span in times.spans if span.is_at_work]
    worked = sum(
        clock.moving_ms(max(begun, since), max(now if until is None else until, since))
        for span in times.spans
        for begun, until in span.worked
        if until is None or until > since
    )
    mean = round(worked / long) if long > 0 else 0
    hold = times.held_now
    return RunPace(
        finished=len(done),
        lately=max(0, len(lately) - 1),  # the first of them began the time
        lately_ms=long,
        at_once=max(len(under_way), mean) if under_way else 0,
        durations=tuple(worked_ms(span, clock, now) for span in done[:KEPT]),
        under_way=tuple(sorted(under_way)[-KEPT:]),
        held=hold.why if hold is not None else "",
    )


def rate_words(rate: float | None) -> str:
    """A rate for people, in the largest unit that says something: `12.0 a minute`; empty where there is none."""
    if rate is None:
        return ""
    unit, word = next((each for each in _UNITS if rate * each[0] >= 1), _UNITS[-1])
    return f"{rate * unit:.1f} {word}"


_UNITS = ((60_000, "a minute"), (3_600_000, "an hour"), (86_400_000, "a day"))


def estimate(pace: RunPace, waves: Sequence[int], seed: int) -> Estimate:
    """How long the rest takes: so many tasks in each wave that is left, one after the other, those at work included.

    Durations are drawn from those seen, with the doubt that few of them leave.
    """
    left = sum(waves)
    told = Estimate(left=left, at_once=pace.at_once, finished=pace.finished)
    if left and (why := _why_not(pace)):
        return Estimate(left=left, finished=pace.finished, why_not=why)
    if not left:
        return told
    chance = Random(seed)  # noqa: S311 - it must be the same again, not hard to guess
    trials = sorted(_trial(pace, waves, chance) for _ in range(TRIALS))
    return Estimate(left, trials[TRIALS // 2], trials[TRIALS * 9 // 10], pace.at_once, pace.finished)


def _why_not(pace: RunPace) -> str:
    if pace.held:
        return f"it stands still ({pace.held})"
    if pace.finished < LEAST_FINISHED:
        return f"not enough finished to say ({pace.finished} of {LEAST_FINISHED})"
    return "" if pace.at_once else "nobody is at work"


def _trial(pace: RunPace, waves: Sequence[int], chance: Random) -> int:
    """One course of the rest, with durations drawn from a drawing of those that were seen."""
    seen = sorted(chance.choices(pace.durations, k=len(pace.durations)))
    under_way = list(pace.under_way)
    total = 0
    for count in waves:
        begun = under_way[:count]
        del under_way[:count]
        slots = [_rest_of(spent, seen, chance) for spent in begun]
        total += _wave_ms(slots, count - len(begun), pace.at_once, seen, chance)
    return total


def _rest_of(spent: int, seen: Sequence[int], chance: Random) -> int:
    """How long somebody who is at work goes on: as those did that took longer, or from the start if none did."""
    longer = bisect_right(seen, spent)
    return chance.choice(seen[longer:]) - spent if longer < len(seen) else chance.choice(seen)


def _wave_ms(slots: list[int], waiting: int, at_once: int, seen: Sequence[int], chance: Random) -> int:
    """How long a wave takes, of which `slots` are at work and `waiting` follow, each where one is free first."""
    free = [*slots, *[0] * max(0, min(at_once - len(slots), waiting))]
    if waiting > EXACT and free:
        each = _sum_of(waiting - EXACT, seen, chance) // len(free)
        free, waiting = [end + each for end in free], EXACT
    heapify(free)
    last = max(free, default=0)
    for _ in range(waiting):
        end = heappop(free) + chance.choice(seen)
        heappush(free, end)
        last = max(last, end)
    return last


def _sum_of(count: int, seen: Sequence[int], chance: Random) -> int:
    """The sum of so many draws, drawn at once: of many, it is normal."""
    mean = sum(seen) / len(seen)
    spread = (sum((each - mean) ** 2 for each in seen) / len(seen)) ** 0.5
    return max(0, round(chance.gauss(mean * count, spread * count**0.5)))
