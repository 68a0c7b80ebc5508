"""PURE: what a run's tasks are counted as. Every task is in exactly one class, so that the counts add up to the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from onloop.attention.groups import Group
from onloop.attention.items import Tier, needs_person
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.records import Record
from onloop.views.overview import Category, category_of


class FleetClass(StrEnum):
    """What a task is counted as. The members are in the order in which they are named."""

    DONE = "done"
    WORKING = "working"
    BLOCKED = "blocked"
    FOR_PERSON = "waiting_for_person"
    WAVE_HELD = "held_by_wave"
    WAITING = "waiting"
    STALLED = "stalled"
    EXCLUDED = "excluded"
    ENDED_OTHERWISE = "ended_otherwise"


CLASS_WORDS: Mapping[FleetClass, str] = {
    FleetClass.DONE: "done",
    FleetClass.WORKING: "working",
    FleetClass.BLOCKED: "blocked",
    FleetClass.FOR_PERSON: "waiting for a person",
    FleetClass.WAVE_HELD: "held by wave",
    FleetClass.WAITING: "waiting",
    FleetClass.STALLED: "stalled",
    FleetClass.EXCLUDED: "excluded",
    FleetClass.ENDED_OTHERWISE: "ended otherwise",
}
"""Each class in words."""

_BLOCKED = frozenset({Tier.BROKEN, Tier.STALLED})
_BY_CATEGORY: Mapping[Category, FleetClass] = {
    Category.DONE: FleetClass.DONE,
    Category.WORKING: FleetClass.WORKING,
    Category.WAITING: FleetClass.WAITING,
    Category.NEEDS_PERSON: FleetClass.FOR_PERSON,
    Category.EXCLUDED: FleetClass.EXCLUDED,
    Category.ENDED_OTHERWISE: FleetClass.ENDED_OTHERWISE,
}


def class_of(task: Task, group: Group | None) -> FleetClass:
    """What a task is counted as; `group` is the cause for which it needs somebody, None if it needs nobody.

    Blocked is what the machine gave up, waiting for a person is what is theirs to decide. A trouble that ends by
    itself, and an agent that is silent, are stalled.
    """
    if group is None:
        held = task.reason is Reason.WAVE_HELD
        return FleetClass.WAVE_HELD if held else _BY_CATEGORY[category_of(task)]
    if group.tier is Tier.FYI:
        return FleetClass.ENDED_OTHERWISE
    if not needs_person(group.members[0]):
        return FleetClass.STALLED
    return FleetClass.BLOCKED if group.tier in _BLOCKED else FleetClass.FOR_PERSON


class FleetCounts(Record):
    """How many tasks are in each class, and for how many causes some are blocked."""

    counts: Mapping[FleetClass, int]
    causes: int = 0

    def of(self, name: FleetClass) -> int:
        """How many are in that class."""
        return self.counts.get(name, 0)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def moving(self) -> int:
        """How many go on without a person, now or when their wave begins."""
        return sum(self.of(name) for name in MOVING)

    @property
    def open(self) -> int:
        """How many have neither ended nor been excluded."""
        return self.total - sum(self.of(name) for name in (FleetClass.DONE, *_GONE))

    @property
    def pieces(self) -> tuple[tuple[FleetClass, str], ...]:
        """The counts in words, without those that are zero: `done 412`, `blocked 37 in 3 causes`."""
        shown = ((name, self.of(name)) for name in FleetClass)
        return tuple((name, f"{CLASS_WORDS[name]} {count}{self._causes(name)}") for name, count in shown if count)

    def _causes(self, name: FleetClass) -> str:
        if name is not FleetClass.BLOCKED:
            return ""
        return f" in {self.causes} cause{'' if self.causes == 1 else 's'}"


MOVING = (FleetClass.WORKING, FleetClass.WAITING, FleetClass.STALLED, FleetClass.WAVE_HELD)
"""The classes of what goes on by itself."""
_GONE = (FleetClass.EXCLUDED, FleetClass.ENDED_OTHERWISE)


def left_by_wave(counts: Mapping[tuple[int, FleetClass], int], current: int) -> tuple[int, ...]:
    """How many go on without a person in each wave that is left, in their order; stragglers go with the current one."""
    left = Counter[int]()
    for (wave, name), count in counts.items():
        if name in MOVING:
            left[max(wave, current)] += count
    return tuple(left[wave] for wave in sorted(left) if left[wave])


def counts_of_classes(tasks: Iterable[Task], groups: Iterable[Group]) -> FleetCounts:
    """The counts of these tasks; `groups` are all causes, as people put them together or told them apart."""
    causes = {item.task: group for group in groups for item in group.members}
    counts, blocked = Counter[FleetClass](), set[str]()
    for task in tasks:
        group = causes.get(task.id)
        name = class_of(task, group)
        counts[name] += 1
        if group is not None and name is FleetClass.BLOCKED:
            blocked.add(group.cause)
    return FleetCounts(dict(counts), len(blocked))
