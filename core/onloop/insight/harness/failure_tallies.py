"""PURE: numbers of each pattern, of which only so many are kept; and of each lesson."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onloop.attention.fingerprint import fingerprint
from onloop.insight.harness.harness_figures import FailureExample, FailureFigures, LessonFigures
from onloop.insight.harness.recurrence import SeenCount
from onloop.machine.lessons import FailurePattern, KnownLesson, StrikeKind
from onloop.records import MutableRecord, Record

MOST_PATTERNS = 2_000
"""How many patterns are told one by one. Twice as many are remembered before the rarest are given up."""
LONGEST_EXAMPLE = 300
LEAST_TASKS = 5
"""In how many tasks a pattern must have struck before anything should be encoded against it."""
LEAST_SHARE = 0.05
"""The share of looks at which it must surely strike for that."""


class LookPlace(Record):
    """Where something looks: of these looks a failure's share is one."""

    workflow: str
    step: str
    kind: StrikeKind
    gate: str


def place_of(pattern: FailurePattern) -> LookPlace:
    """Where the pattern is looked for."""
    return LookPlace(pattern.workflow, pattern.step, pattern.kind, pattern.gate)


def pattern_id(pattern: FailurePattern) -> str:
    """A short name of a pattern, the same in every process."""
    return fingerprint("pattern", pattern.workflow, pattern.step, pattern.kind.value, pattern.gate, pattern.cause)


class FailureTally(MutableRecord):
    """The numbers of one pattern; see FailureFigures."""

    example: FailureExample
    tasks: int = 0
    strikes: int = 0
    followed: int = 0
    again: int = 0
    lost_ms: int = 0

    def figures(self, pattern: FailurePattern, looked: int, lessons: tuple[str, ...]) -> FailureFigures:
        """The figures so far, out of so many looks."""
        is_often = SeenCount(self.strikes, max(looked, self.strikes)).share.low > LEAST_SHARE
        return FailureFigures(
            id=pattern_id(pattern),
            pattern=pattern,
            tasks=self.tasks,
            strikes=self.strikes,
            looked=looked,
            followed=self.followed,
            again=self.again,
            lost_ms=self.lost_ms,
            example=self.example,
            is_gap=self.tasks >= LEAST_TASKS and is_often,
            lessons=lessons,
        )


class FailureTallies:
    """All patterns: those that strike often are kept however many there are."""

    def __init__(self) -> None:
        self.strikes = self.rare = 0
        self._known: dict[FailurePattern, FailureTally] = {}

    def struck(self, pattern: FailurePattern, example: FailureExample, *, is_first: bool) -> None:
        """One more strike; the first one in its task counts the task."""
        self.strikes += 1
        tally = self._known.get(pattern)
        if tally is None:
            tally = self._known[pattern] = FailureTally(example)
        tally.example = example
        tally.strikes += 1
        tally.tasks += is_first
        if len(self._known) > 2 * MOST_PATTERNS:
            self._forget()

    def seen_again(self, pattern: FailurePattern, *, strikes: bool) -> None:
        """A task that the pattern struck in was looked at again."""
        tally = self._known.get(pattern)
        if tally is not None:
            tally.followed += 1
            tally.again += strikes

    def lost(self, pattern: FailurePattern, spent_ms: int) -> None:
        """So long it took until the next look."""
        tally = self._known.get(pattern)
        if tally is not None:
            tally.lost_ms += spent_ms

    def told(self) -> Iterable[tuple[FailurePattern, FailureTally]]:
        """All that are remembered."""
        return self._known.items()

    def _forget(self) -> None:
        """Give up those that struck least, the longest ago; their strikes stay counted."""
        ranked = sorted(self._known.items(), key=lambda pair: (-pair[1].strikes, -pair[1].example.event))
        self.rare += sum(tally.strikes for _, tally in ranked[MOST_PATTERNS:])
        self._known = dict(ranked[:MOST_PATTERNS])


class LessonTally(MutableRecord):
    """The numbers of one lesson; see LessonFigures."""

    known: KnownLesson
    is_in_force: bool = False
    without: SeenCount = SeenCount()
    told: SeenCount = SeenCount()
    before: SeenCount = SeenCount()
    in_force: SeenCount = SeenCount()

    def looked(self, *, strikes: bool) -> None:
        """Its gate looked."""
        if self.is_in_force:
            self.in_force = self.in_force.more(hit=strikes)
        else:
            self.before = self.before.more(hit=strikes)

    def seen_again(self, told: Iterable[str], *, strikes: bool) -> None:
        """A task that its pattern struck in was looked at again; the refusal had told these lessons."""
        ids = tuple(told)
        if self.known.lesson.id in ids:
            self.told = self.told.more(hit=strikes)
        elif not ids:
            self.without = self.without.more(hit=strikes)

    def figures(self) -> LessonFigures:
        """The figures so far."""
        failure = pattern_id(self.known.lesson.pattern)
        return LessonFigures(self.known, failure, self.without, self.told, self.before, self.in_force)


class LessonTallies:
    """All lessons that are watched, by where their patterns are looked for."""

    def __init__(self, watched: Iterable[KnownLesson]) -> None:
        self._by_id = {known.lesson.id: LessonTally(known) for known in watched}
        self._by_place: dict[LookPlace, list[LessonTally]] = {}
        for tally in self._by_id.values():
            self._by_place.setdefault(place_of(tally.known.lesson.pattern), []).append(tally)

    def put_in_force(self, lesson: str, *, is_in_force: bool) -> None:
        """A lesson is told from now on, or no longer; one that is not watched is passed over."""
        if lesson in self._by_id:
            self._by_id[lesson].is_in_force = is_in_force

    def looked(self, place: LookPlace, struck: FailurePattern | None) -> None:
        """Something looked there, and that pattern struck, if any."""
        for tally in self._by_place.get(place, ()):
            tally.looked(strikes=tally.known.lesson.pattern == struck)

    def seen_again(self, pattern: FailurePattern, told: Iterable[str], *, strikes: bool) -> None:
        """See LessonTally.seen_again; of every lesson against that pattern."""
        for tally in self._by_place.get(place_of(pattern), ()):
            if tally.known.lesson.pattern == pattern:
                tally.seen_again(told, strikes=strikes)

    def against(self, pattern: FailurePattern) -> tuple[str, ...]:
        """The ids of all that are watched against that pattern."""
        found = self._by_place.get(place_of(pattern), ())
        return tuple(tally.known.lesson.id for tally in found if tally.known.lesson.pattern == pattern)

    def figures(self) -> Iterator[LessonFigures]:
        """How each does, in the order in which they were given."""
        return (tally.figures() for tally in self._by_id.values())
