"""PURE: reads a log once, in order, in as many parts as one likes, and says where agents get lost and what helped.

It remembers live tasks, and of what ended only numbers of so many patterns: its size does not follow the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from onloop.insight.harness.failure_tallies import (
    LONGEST_EXAMPLE,
    MOST_PATTERNS,
    FailureTallies,
    LessonTallies,
    LookPlace,
    place_of,
)
from onloop.insight.harness.harness_figures import FailureExample, HarnessFigures
from onloop.insight.harness.work_looks import READ, Turn, WorkLook, denied_look, looks_of
from onloop.machine.denials import Denied
from onloop.machine.events import Created, LessonsTold, Moved, StepEntered
from onloop.machine.lessons import FailurePattern, KnownLesson, LessonAdopted, LessonDropped, pattern_of
from onloop.machine.principal import PrincipalKind
from onloop.machine.state import TERMINAL
from onloop.records import MutableRecord, Record, field
from onloop.store.codec import Logged, event_from_text
from onloop.store.port import Recorded

_READ = READ | {"Created", "StepEntered", "Moved", "LessonsTold", "LessonAdopted", "LessonDropped", "Denied"}
_AGENT = f"{PrincipalKind.AGENT.value}:"
_MOST_MET = 100
"""How many different patterns are told apart in one task; those after them count as met before."""


class HarnessScope(Record):
    """What is told: failures from `since` (ms) on, of one run, of one workflow, of one step.

    How lessons do is told of the whole log: what was before one is what it is compared with.
    """

    since: int | None = None
    run: str | None = None
    workflow: str | None = None
    step: str | None = None

    def covers(self, created: Created) -> bool:
        """Whether the failures of such a task count."""
        return self.run in {None, created.run} and self.workflow in {None, created.workflow}


class OpenStrike(MutableRecord):
    """A failure that nothing has looked at since: of which pattern, since when, and which lessons its refusal told."""

    pattern: FailurePattern
    at: int
    is_first: bool
    """Whether it is the first of its pattern in the task: of each task, one next look counts."""
    told: tuple[str, ...] = ()


class StruckTask(MutableRecord):
    """What is remembered of a live task; `is_counted` where it is in the scope."""

    workflow: str
    is_counted: bool
    turn: Turn = field(default_factory=Turn)
    open: dict[LookPlace, OpenStrike] = field(default_factory=dict)
    met: set[FailurePattern] = field(default_factory=set)

    def meets(self, pattern: FailurePattern) -> bool:
        """Remember that the pattern struck; whether it is the first time."""
        if pattern in self.met or len(self.met) >= _MOST_MET:
            return False
        self.met.add(pattern)
        return True


class HarnessFold:
    """The fold: `take` events in their order, each once; `figures` at any time. `lessons` are those to be followed."""

    def __init__(self, scope: HarnessScope = HarnessScope(), lessons: Iterable[KnownLesson] = ()) -> None:  # noqa: B008 - a record never changes
        self.scope = scope
        self.last = 0
        """The place of the last event that was read."""
        self._events = 0
        self._since = scope.since if scope.since is not None else 0
        self._tasks: dict[str, StruckTask] = {}
        self._failures = FailureTallies()
        self._lessons = LessonTallies(lessons)
        self._looked = Counter[LookPlace]()

    def take(self, events: Iterable[Recorded]) -> None:
        """What these events say; one that was read before is passed over."""
        for recorded in events:
            if recorded.seq <= self.last:
                continue
            self.last = recorded.seq
            self._events += 1
            if recorded.name in _READ:
                self._take(recorded, event_from_text(recorded.name, recorded.data))

    def figures(self, now: int) -> HarnessFigures:
        """Where agents get lost, and how lessons do, at `now` (ms), by what was read."""
        found = (
            tally.figures(pattern, self._looked[place_of(pattern)], self._lessons.against(pattern))
            for pattern, tally in self._failures.told()
        )
        ranked = sorted(found, key=lambda each: (-each.lost_ms, -each.strikes, each.id))
        return HarnessFigures(
            since=self.scope.since,
            until=now,
            failures=tuple(ranked[:MOST_PATTERNS]),
            lessons=tuple(self._lessons.figures()),
            looked=self._looked.total(),
            strikes=self._failures.strikes,
            rare=self._failures.rare + sum(each.strikes for each in ranked[MOST_PATTERNS:]),
            events=self._events,
            last=self.last,
        )

    @property
    def remembered(self) -> int:
        """How many tasks it remembers more of than numbers: those that live."""
        return len(self._tasks)

    def _take(self, recorded: Recorded, event: Logged) -> None:
        match event:
            case Created():
                self._tasks[recorded.task] = StruckTask(event.workflow, self.scope.covers(event))
            case LessonAdopted(id):
                self._lessons.put_in_force(id, is_in_force=True)
            case LessonDropped(id):
                self._lessons.put_in_force(id, is_in_force=False)
            case Denied(principal, subject=subject):
                task = self._tasks.get(subject) if principal.startswith(_AGENT) else None
                if task is not None:
                    self._looked_at(task, denied_look(task.turn, event), recorded, subject)
            case _:
                task = self._tasks.get(recorded.task)
                if task is not None:
                    self._of_task(task, event, recorded)

    def _of_task(self, task: StruckTask, event: Logged, recorded: Recorded) -> None:
        match event:
            case StepEntered(step, visit):
                task.turn.step = step
                if visit == 1:  # on its way for the first time: what had struck is behind it
                    self._close_all(task, recorded.at)
            case Moved(state) if state in TERMINAL:
                self._close_all(task, recorded.at)
                del self._tasks[recorded.task]
            case LessonsTold(lessons):
                for place, strike in task.open.items():
                    told = (each.id for each in lessons if (each.step, each.gate) == (place.step, place.gate))
                    strike.told = tuple(told) or strike.told
            case _:
                for look in looks_of(task.turn, event):
                    self._looked_at(task, look, recorded, recorded.task)

    def _looked_at(self, task: StruckTask, look: WorkLook, recorded: Recorded, name: str) -> None:
        place = LookPlace(task.workflow, look.step, look.kind, look.gate)
        pattern = None if look.words is None else pattern_of(task.workflow, look.step, look.kind, look.gate, look.words)
        self._lessons.looked(place, pattern)
        is_told = self._is_told(task, look.step, recorded.at)
        if is_told:
            self._looked[place] += 1
        before = task.open.pop(place, None)
        if before is not None:
            self._close(task, before, recorded.at)
            if before.is_first:
                self._seen_again(before, is_told=is_told, strikes=before.pattern == pattern)
        if pattern is not None:
            is_first = task.meets(pattern)
            task.open[place] = OpenStrike(pattern, recorded.at, is_first)
            if is_told:
                words = (look.words or "")[:LONGEST_EXAMPLE]
                example = FailureExample(name, recorded.seq, recorded.at, words)
                self._failures.struck(pattern, example, is_first=is_first)

    def _is_told(self, task: StruckTask, step: str, at: int) -> bool:
        return task.is_counted and at >= self._since and self.scope.step in {None, step}

    def _seen_again(self, before: OpenStrike, *, is_told: bool, strikes: bool) -> None:
        self._lessons.seen_again(before.pattern, before.told, strikes=strikes)
        if is_told:
            self._failures.seen_again(before.pattern, strikes=strikes)

    def _close(self, task: StruckTask, strike: OpenStrike, at: int) -> None:
        if self._is_told(task, strike.pattern.step, strike.at):
            self._failures.lost(strike.pattern, at - strike.at)

    def _close_all(self, task: StruckTask, at: int) -> None:
        for strike in task.open.values():
            self._close(task, strike, at)
        task.open.clear()
