"""PURE: what the harness report says, as records."""

from __future__ import annotations

from onloop.insight.harness.recurrence import LessonWorth, SeenCount, change_of, worth_of
from onloop.insight.proportions import ShareDifference
from onloop.machine.lessons import FailurePattern, KnownLesson
from onloop.records import Record


class FailureExample(Record):
    """One failure of a pattern: where the log has it, and its words, which code under judgement may have written."""

    task: str
    event: int
    at: int
    words: str


class FailureFigures(Record):
    """How often a pattern struck, and what it cost.

    It struck `strikes` times, in `tasks` tasks, out of the `looked` times that its gate looked (or an attempt ended, or
    a person decided). Of the tasks that it struck in and that were looked at again, `followed`, it struck `again` at
    that very next look. `lost_ms` is the time from each strike to the next look, or to the end.
    """

    id: str
    pattern: FailurePattern
    tasks: int
    strikes: int
    looked: int
    followed: int
    again: int
    lost_ms: int
    example: FailureExample
    is_gap: bool
    """Whether it is frequent enough that something should be encoded against it."""
    lessons: tuple[str, ...] = ()
    """The lessons that are proposed or in force against it."""


class LessonFigures(Record):
    """How a lesson does.

    `without` and `told` count tasks once: of those that its pattern struck in, and that were looked at again, how many
    it struck at that next look; `told` has those whose refusal had the lesson, `without` those whose refusal had none.
    `before` and `in_force` count every look of that gate, whether the pattern struck at it, by whether the lesson was
    in force.
    """

    known: KnownLesson
    failure: str
    """The id of its pattern."""
    without: SeenCount
    told: SeenCount
    before: SeenCount
    in_force: SeenCount

    @property
    def change(self) -> ShareDifference:
        """By how much recurrence at the next look is different where it was told."""
        return change_of(self.without, self.told)

    @property
    def rate_change(self) -> ShareDifference:
        """By how much the share of looks at which the pattern strikes is different while it is in force."""
        return change_of(self.before, self.in_force)

    @property
    def worth(self) -> LessonWorth:
        """What can be said of it, by tasks that are counted once each: looks at one task are not independent."""
        return worth_of(self.without, self.told) if self.known.is_in_force else LessonWorth.NOT_KNOWN


class HarnessFigures(Record):
    """Where agents get lost, most costly first, and how the lessons do."""

    since: int | None
    until: int
    failures: tuple[FailureFigures, ...]
    lessons: tuple[LessonFigures, ...]
    looked: int
    """All looks of all gates, ends of attempts and decisions that were counted."""
    strikes: int
    """Those that failed."""
    rare: int
    """How many of them are of causes too rare and too many to be told one by one."""
    events: int
    last: int

    @property
    def gaps(self) -> tuple[FailureFigures, ...]:
        """Those that something should be encoded against."""
        return tuple(each for each in self.failures if each.is_gap)

    @property
    def useless(self) -> tuple[LessonFigures, ...]:
        """Lessons to take away: after enough samples they did nothing, or harm."""
        return tuple(each for each in self.lessons if each.worth in {LessonWorth.NOTHING, LessonWorth.HARMS})
