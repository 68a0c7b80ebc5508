"""All that is counted while the log is read, and the figures that follow from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from onloop.insight.measures.cost_readings import CostTallies
from onloop.insight.measures.followed_task import AskedRequest, FollowedTask
from onloop.insight.measures.gate_tallies import CallTally, IdleTally, JudgingTally, PeopleTally
from onloop.insight.measures.loop_figures import (
    Autonomy,
    CallCount,
    GateName,
    HookRefusal,
    IdleCall,
    JudgingGate,
    NamedSpread,
    PeopleGate,
    Touches,
    Week,
)
from onloop.insight.measures.samples import Samples, Spread
from onloop.machine.state import State
from onloop.machine.task import RequestKind
from onloop.views.time_kinds import TIMES

MOST_COUNTED = 10_000
"""How many different tasks are told apart of what one kind of refusal was about."""

WEEK_MS = 7 * 86_400_000
_FIRST_MONDAY_MS = 4 * 86_400_000
"""1970-01-05, in ms."""


def monday_of(at: int) -> int:
    """When the week of a moment began (UTC, ms)."""
    return at - (at - _FIRST_MONDAY_MS) % WEEK_MS


class WeekTally:
    """Of one week."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.whole = Samples()

    def told(self, begins: int) -> Week:
        """The figures so far."""
        return Week(begins, **self.counts, whole=self.whole.spread())


class LoopTallies:
    """Counts what ended, was decided, judged or merged at times that count."""

    def __init__(self) -> None:
        self._people: dict[GateName, PeopleTally] = {}
        self._machine: dict[GateName, JudgingTally] = {}
        self._calls = {kind: CallTally() for kind in RequestKind}
        self._idle: dict[tuple[GateName, RequestKind, str], IdleTally] = {}
        self._weeks: defaultdict[int, WeekTally] = defaultdict(WeekTally)
        self._phases: defaultdict[str, Samples] = defaultdict(Samples)
        self._times: defaultdict[str, Samples] = defaultdict(Samples)
        self._whole = Samples()
        self._touches = Samples()
        self._touched: Counter[str] = Counter()
        self._merged: Counter[str] = Counter()
        self.costs = CostTallies()
        self._refused: Counter[str] = Counter()
        self._refused_tasks: defaultdict[str, set[str]] = defaultdict(set)

    def people_at(self, gate: GateName) -> PeopleTally:
        """What was counted of this gate of people."""
        return self._people.setdefault(gate, PeopleTally(gate))

    def machine_at(self, gate: GateName) -> JudgingTally:
        """What was counted of this machine gate."""
        return self._machine.setdefault(gate, JudgingTally(gate))

    def call(self, kind: RequestKind) -> CallTally:
        """What was counted of this kind of request."""
        return self._calls[kind]

    def hook_refused(self, tried: str, count: int, task: str) -> None:
        """A hook refused something so often."""
        self._refused[tried] += count
        if len(self._refused_tasks[tried]) < MOST_COUNTED:
            self._refused_tasks[tried].add(task)

    def hook_refusals(self) -> tuple[HookRefusal, ...]:
        """What hooks refused, the most frequent first."""
        return tuple(
            HookRefusal(tried, count, len(self._refused_tasks[tried])) for tried, count in self._refused.most_common()
        )

    def week(self, at: int) -> Counter[str]:
        """The counts of the week of that moment."""
        return self._weeks[monday_of(at)].counts

    def idle(self, asked: AskedRequest, why: str, task: str, at: int) -> None:
        """A call ended without anybody's doing."""
        self._calls[asked.kind].alone += 1
        self.week(at)["idle_calls"] += 1
        self._idle.setdefault((asked.gate, asked.kind, why), IdleTally(task)).ended(asked, at)

    def touched_fleet(self) -> None:
        """A person acted on a fleet as a whole."""
        self._touched["of_fleets"] += 1

    def merged(self, at: int, *, is_seen: bool, is_alone: bool) -> None:
        """A change was merged: whether all its authors are known, and whether no person is among them."""
        found = {"merged": 1, "seen": int(is_seen), "alone": int(is_seen and is_alone)}
        self._merged.update(found)
        self.week(at).update(found)

    def ended(self, task: FollowedTask, state: State, at: int) -> None:
        """A task ended; its times count where it was completed."""
        is_completed = state is State.COMPLETED
        found = {"ended": 1, "completed": int(is_completed), "touches": task.touches}
        self._touched.update({**found, "untouched": int(task.touches == 0)})
        self.week(at).update(found)
        self._touches.add(task.touches)
        if not is_completed:
            return
        self._whole.add(at - task.created)
        self._weeks[monday_of(at)].whole.add(at - task.created)
        for phase, spent in task.phases.items():
            self._phases[phase].add(spent)
        for name, spent in task.times.items():
            if spent:
                self._times[name].add(spent)

    def touches(self) -> Touches:
        """How often people acted on tasks that ended."""
        return Touches(**self._touched, median=self._touches.spread())

    def autonomy(self) -> Autonomy:
        """How many merged changes no person pushed to."""
        return Autonomy(**self._merged)

    def whole(self) -> Spread:
        """From a task's beginning to its end."""
        return self._whole.spread()

    def phases(self) -> tuple[NamedSpread, ...]:
        """How long completed tasks stood at the steps of each phase, in the order in which phases were first seen."""
        return tuple(NamedSpread(name, seen.spread()) for name, seen in self._phases.items())

    def times(self) -> tuple[NamedSpread, ...]:
        """What the time of completed tasks went to."""
        return tuple(NamedSpread(name, self._times[name].spread()) for name in TIMES if name in self._times)

    def weeks(self) -> tuple[Week, ...]:
        """The weeks in which anything was counted, in order."""
        return tuple(self._weeks[begins].told(begins) for begins in sorted(self._weeks))

    def human_gates(self, still_open: Iterable[AskedRequest]) -> tuple[PeopleGate, ...]:
        """Every gate of people at which anything was asked, the most asked first."""
        waiting = Counter(asked.gate for asked in still_open if asked.kind is RequestKind.APPROVAL)
        names = {*self._people, *waiting}
        found = (self.people_at(name).told(waiting[name]) for name in names)
        return tuple(sorted(found, key=lambda each: (-each.asked, each.gate.words)))

    def machine_gates(self) -> tuple[JudgingGate, ...]:
        """Every machine gate that ran, by its name."""
        return tuple(self._machine[name].told() for name in sorted(self._machine, key=lambda name: name.words))

    def calls(self, still_open: Iterable[AskedRequest]) -> tuple[CallCount, ...]:
        """What was asked of people, by kind."""
        waiting: Mapping[RequestKind, int] = Counter(asked.kind for asked in still_open)
        return tuple(tally.told(kind.value, waiting.get(kind, 0)) for kind, tally in self._calls.items())

    def idle_calls(self) -> tuple[IdleCall, ...]:
        """The calls that ended alone, the most frequent first."""
        found = [tally.told(gate, kind.value, why) for (gate, kind, why), tally in self._idle.items()]
        return tuple(sorted(found, key=lambda each: (-each.count, each.gate.words, each.kind, each.why)))
