"""A log of a simulated fleet whose truth is known: where its agents stumble, how often again, and what lessons do.

Gates fail now and then for causes that are all different. A planted gap is one cause that strikes often, and comes back
at the next try with a share of its own, which a lesson may lower or not. Lessons are told as the machine tells them.
"""

from __future__ import annotations

from random import Random

from onloop.machine.causes import AttemptEnd
from onloop.machine.events import (
    AttemptEnded,
    Claimed,
    Created,
    Event,
    GateReported,
    LessonsTold,
    Moved,
    RoundStarted,
    StepEntered,
    Submitted,
)
from onloop.machine.feedback import Feedback
from onloop.machine.lessons import (
    FailurePattern,
    KnownLesson,
    Lesson,
    LessonAdopted,
    LessonDropped,
    LessonEvent,
    LessonProposed,
    Lessons,
    Strike,
    StrikeKind,
    lessons_after,
    lessons_for,
    pattern_of,
)
from onloop.machine.state import Reason, State
from onloop.machine.store_state import HOUSE, StoreEvent
from onloop.machine.task import Evidence, Kind, Submission, Verdict
from onloop.records import Record
from onloop.store.codec import to_text
from onloop.store.port import Recorded

MONDAY = 1_767_600_000_000
MINUTE, HOUR = 60_000, 3_600_000
WORKFLOW, STEP = "ship", "develop.write"


class Gap(Record):
    """A planted gap: which gate fails in which words, how often first, how often again, and with a lesson told."""

    gate: str
    words: str
    first: float
    again: float
    with_lesson: float
    lesson: str

    @property
    def pattern(self) -> FailurePattern:
        """The pattern that it makes."""
        return pattern_of(WORKFLOW, STEP, StrikeKind.GATE, self.gate, self.words)


USEFUL = Gap("lint", "src/a.py:12:3: F401 'os' imported but unused", 0.45, 0.7, 0.15, "aaaa1111")
USELESS = Gap("tests", "AssertionError: clock is not injected", 0.45, 0.7, 0.7, "bbbb2222")
NOUNS = ("parser", "socket", "ledger", "cursor", "tensor", "widget", "router", "schema", "filter", "digest")


class StumblingLog:
    """Writes the log, event by event; the same seed and gaps give the same one. Lessons are adopted at half time."""

    def __init__(self, seed: int, gaps: tuple[Gap, ...], tasks: int = 700, *, adopts: bool = True) -> None:
        self.events: list[Recorded] = []
        self.at = MONDAY
        self.lessons: Lessons = {}
        self._gaps = gaps
        self._chance = Random(f"{seed}/stumbling")  # noqa: S311 - nothing here is a secret
        self._tasks = 0
        self.go_on(tasks // 2)
        if adopts:
            self.adopt()
        self.go_on(tasks - tasks // 2)

    def go_on(self, tasks: int) -> None:
        """So many tasks more."""
        for number in range(self._tasks, self._tasks + tasks):
            self._task(f"r{number % 7}.{number}")
        self._tasks += tasks

    def known(self) -> tuple[KnownLesson, ...]:
        """The lessons as the house has them."""
        return tuple(self.lessons.values())

    def adopt(self) -> None:
        """A lesson for each gap is told from now on."""
        for gap in self._gaps:
            self.adopt_one(Lesson(gap.lesson, gap.pattern, "run the gate's command before you submit"))

    def adopt_one(self, lesson: Lesson) -> None:
        """That lesson is told from now on."""
        self.house(LessonProposed(lesson, "human:ana", "it strikes often", self.at))
        self.house(LessonAdopted(lesson.id, "human:ben", "agreed", self.at))

    def drop(self, lesson: str) -> None:
        """A lesson is told no longer."""
        self.house(LessonDropped(lesson, "human:ben", "did nothing", self.at))

    def house(self, event: LessonEvent) -> None:
        """One more event of the whole store."""
        self.lessons = lessons_after(self.lessons, event)
        self.write(HOUSE, event, "human:ben")

    def write(self, task: str, event: Event | StoreEvent, by: str = "gateway:timers", after: int = 0) -> None:
        """One more event, so long after the last."""
        self.at += after
        number, run, name = len(self.events) + 1, task.partition(".")[0], type(event).__name__
        self.events.append(Recorded(number, run, number, task, number, name, to_text(event), self.at, by, "", ""))

    def _task(self, task: str) -> None:
        self.write(task, Created("t", Kind.WORK, WORKFLOW, "d" * 64, "human:ana", task.partition(".")[0]), "launcher:x")
        self.write(task, StepEntered(STEP, 1, "implementer"))
        self.write(task, Claimed("agent:ada", "implementer", 1, 1), "launcher:x", MINUTE)
        if self._happens(0.04):
            self.write(task, AttemptEnded(AttemptEnd.CRASHED, 1, Feedback("attempt", self._cause(), "agent:ada", 1)))
            self.write(task, Claimed("agent:bob", "implementer", 2, 2), "launcher:x", MINUTE)
        struck: dict[str, bool] = {}
        told: set[str] = set()
        while strikes := self._tried(task, struck, told):
            lessons = lessons_for(self.lessons, WORKFLOW, STEP, strikes)
            told = {each.id for each in lessons}
            if lessons:
                self.write(task, LessonsTold(lessons), "verifier:x")
            self.write(task, RoundStarted(1, ()), "verifier:x")
            self.write(task, Moved(State.WORKING, None), "verifier:x")
        self.write(task, StepEntered("ship.merge", 1))
        self.write(task, Moved(State.COMPLETED, None, "done"))

    def _tried(self, task: str, struck: dict[str, bool], told: set[str]) -> tuple[Strike, ...]:
        """One try: work is handed in, and both gates look; what failed."""
        head = f"{self._chance.getrandbits(160):040x}"
        work = Submission(head, head[::-1], "0" * 40, (), at=self.at)
        self.write(task, Submitted(work), "agent:ada", self._chance.randrange(MINUTE, HOUR))
        self.write(task, Moved(State.WORKING, Reason.GATES_RUNNING))
        return tuple(filter(None, (self._judged(task, gate, work, struck, told) for gate in ("tests", "lint"))))

    def _judged(self, task: str, gate: str, work: Submission, struck: dict[str, bool], told: set[str]) -> Strike | None:
        words = self._words(gate, struck, told)
        verdict = Verdict.FAIL if words else Verdict.PASS
        found = Evidence(
            gate, verdict, words, work.head, work.tree, work.base, "d" * 64, "verifier:x", self.at, step=STEP
        )
        self.write(task, GateReported(found), "verifier:x", MINUTE)
        return Strike(StrikeKind.GATE, gate, words) if words else None

    def _words(self, gate: str, struck: dict[str, bool], told: set[str]) -> str:
        """In which words the gate fails this time; empty where it passes."""
        for gap in self._gaps:
            if gap.gate == gate:
                again = gap.with_lesson if gap.lesson in told else gap.again
                if self._happens(gap.first if gate not in struck else again * struck[gate]):
                    struck[gate] = True
                    return gap.words.replace("12:3", f"{self._chance.randrange(1, 900)}:3")
        struck[gate] = False
        return self._cause() if self._happens(0.08) else ""

    def _cause(self) -> str:
        """One of a thousand causes."""
        one, two, three = (self._chance.choice(NOUNS) for _ in range(3))
        return f"{one} of the {two} lost its {three}"

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share
