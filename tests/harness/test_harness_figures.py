"""Where agents get lost and whether lessons help: the truth of a simulated fleet is found, and a recount agrees."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from harness.stumbling_log import MONDAY, STEP, USEFUL, USELESS, WORKFLOW, StumblingLog
from onloop.access.runs import builtin_workflow
from onloop.insight.harness.failure_tallies import MOST_PATTERNS, pattern_id
from onloop.insight.harness.harness_figures import HarnessFigures
from onloop.insight.harness.harness_fold import HarnessFold, HarnessScope
from onloop.insight.harness.recurrence import LessonWorth, SeenCount, change_of, worth_of
from onloop.insight.measures.loop_pages import read_on
from onloop.insight.proportions import ShareDifference
from onloop.machine.events import AttemptEnded, Decided, Event, GateReported, Judged, LessonsTold
from onloop.machine.lessons import Lesson, StrikeKind
from onloop.machine.task import DecisionKind, Evidence, Verdict
from onloop.simulation.conduct import AgentConduct, Conduct, GateConduct, PeopleConduct
from onloop.simulation.simulated_run import simulation
from onloop.simulation.simulation_plan import Plan
from onloop.store.codec import event_from_text, to_text
from onloop.store.port import Recorded

LATER = MONDAY + 10**10
SEEDS = (1, 2, 3, 4)
HARSH = Conduct(
    agents=AgentConduct(crashes=120, vanishes=80, asks=60, gives_up=60, fails_review=300),
    gates=GateConduct(fails=250, errors=40),
    people=PeopleConduct(rejects=200, retries=600),
)


def folded(log: StumblingLog, scope: HarnessScope = HarnessScope()) -> HarnessFigures:  # noqa: B008 - it never changes
    fold = HarnessFold(scope, log.known())
    fold.take(log.events)
    assert fold.remembered == 0
    return fold.figures(LATER)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planted_gaps_are_found_and_nothing_else_is(seed: int) -> None:
    both = folded(StumblingLog(seed, (USEFUL, USELESS), 300, adopts=False))
    one = folded(StumblingLog(seed, (USELESS,), 300, adopts=False))
    none = folded(StumblingLog(seed, (), 300, adopts=False))

    assert {each.pattern for each in both.gaps} == {USEFUL.pattern, USELESS.pattern}
    assert {each.pattern for each in one.gaps} == {USELESS.pattern}
    assert none.gaps == ()
    assert none.strikes > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_useful_lesson_is_said_to_help_and_the_useless_one_is_named_for_removal(seed: int) -> None:
    figures = folded(StumblingLog(seed, (USEFUL, USELESS)))

    worths = {each.known.lesson.id: each.worth for each in figures.lessons}
    assert worths == {USEFUL.lesson: LessonWorth.HELPS, USELESS.lesson: LessonWorth.NOTHING}
    assert [each.known.lesson.id for each in figures.useless] == [USELESS.lesson]
    helped = next(each for each in figures.lessons if each.known.lesson.id == USEFUL.lesson)
    assert helped.rate_change is not None
    assert helped.rate_change.high < 0


def test_too_few_samples_say_nothing() -> None:
    figures = folded(StumblingLog(1, (USEFUL, USELESS), 40))

    assert {each.worth for each in figures.lessons} == {LessonWorth.NOT_KNOWN}
    assert figures.useless == ()


def test_a_lesson_is_compared_with_refusals_that_told_none_and_not_with_those_of_another_lesson() -> None:
    log = StumblingLog(1, (USEFUL,), 60, adopts=False)
    log.adopt()
    log.go_on(60)
    log.drop(USEFUL.lesson)
    log.adopt_one(Lesson("cccc3333", USEFUL.pattern, "think first"))
    log.go_on(60)

    (second,) = folded(log).lessons
    plain = Recount(log.events)
    first, own = plain.followed(told=True), plain.followed(told=True, lesson="cccc3333")
    assert second.known.lesson.id == "cccc3333"
    assert (second.without, second.told) == (plain.followed(told=False), own)
    assert first.of > 10 < own.of
    assert second.without.of < 60


class Recount:
    """The same by looking through the whole log for one pattern, try by try."""

    def __init__(self, log: list[Recorded]) -> None:
        self.tries: dict[str, list[tuple[int, str, frozenset[str]]]] = {}
        for each in log:
            event: Event = event_from_text(each.name, each.data)  # type: ignore[assignment]
            if isinstance(event, GateReported) and event.evidence.gate == USEFUL.gate:
                words = event.evidence.summary if event.evidence.verdict is not Verdict.PASS else ""
                self.tries.setdefault(each.task, []).append((each.at, words, frozenset()))
            if isinstance(event, LessonsTold) and each.task in self.tries:
                at, words, _ = self.tries[each.task][-1]
                self.tries[each.task][-1] = (at, words, frozenset(lesson.id for lesson in event.lessons))

    def followed(self, *, told: bool, lesson: str = USEFUL.lesson) -> SeenCount:
        """Of the tasks whose first refusal for it told that lesson, or none: how many it struck at the next try."""
        found = SeenCount()
        for tries in self.tries.values():
            firsts = [number for number, (_, words, _) in enumerate(tries) if "F401" in words]
            if not firsts or firsts[0] + 1 >= len(tries):
                continue
            lessons = tries[firsts[0]][2]
            if lesson in lessons if told else not lessons:
                found = found.more(hit="F401" in tries[firsts[0] + 1][1])
        return found

    def lost(self) -> int:
        """The time from each strike to the next try; the last try of a task always passes."""
        pairs = ((a, b) for tries in self.tries.values() for a, b in pairwise(tries))
        return sum(after[0] - before[0] for before, after in pairs if "F401" in before[1])


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_every_figure_of_a_pattern_and_a_lesson_is_as_a_plain_recount_says(seed: int) -> None:
    log = StumblingLog(seed, (USEFUL, USELESS), 200)
    figures = folded(log)
    plain = Recount(log.events)

    gap = next(each for each in figures.failures if each.pattern == USEFUL.pattern)
    looks = [words for tries in plain.tries.values() for _, words, _ in tries]
    assert gap.looked == len(looks)
    assert gap.strikes == sum("F401" in words for words in looks)
    assert gap.tasks == sum(any("F401" in words for _, words, _ in tries) for tries in plain.tries.values())
    assert gap.lost_ms == plain.lost()
    lesson = next(each for each in figures.lessons if each.known.lesson.id == USEFUL.lesson)
    assert (lesson.without, lesson.told) == (plain.followed(told=False), plain.followed(told=True))
    assert lesson.told.of > 20
    assert SeenCount(gap.again, gap.followed) == SeenCount(
        lesson.without.hits + lesson.told.hits, lesson.without.of + lesson.told.of
    )
    assert (lesson.before.of + lesson.in_force.of, lesson.before.hits + lesson.in_force.hits) == (
        gap.looked,
        gap.strikes,
    )


def test_a_log_read_in_parts_with_some_events_twice_says_the_same() -> None:
    log = StumblingLog(3, (USEFUL, USELESS), 60)
    fold = HarnessFold(HarnessScope(), log.known())
    for cut in (7, 100, 101, 400):
        fold.take(log.events[max(0, fold.last - 5) : cut])
        fold.figures(LATER)
    fold.take(log.events)

    assert fold.figures(LATER) == folded(log)


def test_a_scope_tells_no_other_workflow_run_step_or_time_and_lessons_are_told_of_the_whole_log() -> None:
    log = StumblingLog(1, (USEFUL,), 80)
    whole = folded(log)
    middle = log.events[len(log.events) // 2].at

    assert folded(log, HarnessScope(workflow="other")).strikes == 0
    assert folded(log, HarnessScope(step="other.step")).strikes == 0
    assert 0 < folded(log, HarnessScope(run="r3")).strikes < whole.strikes
    assert folded(log, HarnessScope(step=STEP, workflow=WORKFLOW)) == whole
    later = folded(log, HarnessScope(since=middle))
    assert 0 < later.strikes < whole.strikes
    assert later.lessons == whole.lessons


def test_a_flood_of_different_causes_is_bounded_and_counted_and_what_strikes_often_survives_it() -> None:
    log = StumblingLog(1, (USEFUL,), 60, adopts=False)
    base = next(each for each in log.events if each.name == "Submitted")
    fold = HarnessFold()
    fold.take(log.events[: base.seq])
    flood = 3 * MOST_PATTERNS
    for number in range(flood):
        words = f"the {chr(97 + number % 26)}{chr(97 + number // 26 % 26)}{chr(97 + number // 676)} is gone \x1b[31m"
        found = Evidence("tests", Verdict.FAIL, words, "h", "t", "b", "d" * 64, "v", 1, step=STEP)
        at = base.seq + 1 + number
        fold.take(
            [
                Recorded(
                    at, base.run, at, base.task, at, "GateReported", to_text(GateReported(found)), LATER, "v", "", ""
                )
            ]
        )
    shift = flood + 1
    later = (
        Recorded(
            each.seq + shift,
            each.run,
            each.seq,
            each.task,
            each.version,
            each.name,
            each.data,
            each.at,
            each.principal,
            "",
            "",
        )
        for each in log.events[base.seq :]
    )
    fold.take(later)

    figures = fold.figures(LATER)
    assert len(figures.failures) <= MOST_PATTERNS
    assert sum(each.strikes for each in figures.failures) + figures.rare == figures.strikes
    assert [each.pattern for each in figures.gaps] == [USEFUL.pattern]


def test_a_pattern_has_the_same_name_in_every_process() -> None:
    assert pattern_id(USEFUL.pattern) == "808bd4c2"
    assert USEFUL.pattern.kind is StrikeKind.GATE


def test_the_interval_of_a_difference_is_that_of_newcombe() -> None:
    """The examples a, b and g of table II in Newcombe (1998), method 10."""
    for (hits_a, of_a), (hits_b, of_b), low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ):
        found = change_of(SeenCount(hits_b, of_b), SeenCount(hits_a, of_a))
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert change_of(SeenCount(), SeenCount(1, 2)) == ShareDifference(None, -1.0, 1.0)


@pytest.mark.parametrize(("before", "after", "least", "most"), [(0.6, 0.6, 0.0, 0.04), (0.6, 0.25, 0.97, 1.0)])
def test_equal_shares_are_seldom_called_helped_and_a_large_fall_mostly_is(
    before: float, after: float, least: float, most: float
) -> None:
    chance = Random("worth")  # noqa: S311 - nothing here is a secret

    def seen(share: float) -> SeenCount:
        return SeenCount(sum(chance.random() < share for _ in range(60)), 60)

    found = Counter(worth_of(seen(before), seen(after)) for _ in range(1_500))
    assert least <= found[LessonWorth.HELPS] / 1_500 <= most
    assert found[LessonWorth.HARMS] / 1_500 <= 0.04


@pytest.mark.parametrize(("seed", "workflow"), [(3, "cve-remediation"), (4, "feature")])
def test_strikes_of_a_simulated_fleet_are_those_that_its_log_holds(tmp_path: Path, seed: int, workflow: str) -> None:
    run = simulation(Plan(builtin_workflow(workflow), HARSH, repositories=6, agents=3, seed=seed), tmp_path / "s")
    try:
        run.run()
        fold = HarnessFold()
        read_on(run.world.gateway, fold)
        with run.world.store.reading() as at:
            log = list(at.log(limit=10**6))
    finally:
        run.world.store.close()

    found = Counter[StrikeKind]()
    for failure in fold.figures(LATER).failures:
        found[failure.pattern.kind] += failure.strikes
        assert failure.tasks <= failure.strikes <= failure.looked
        assert failure.again <= failure.followed <= failure.tasks
        assert failure.example.task in {each.task for each in log if each.seq == failure.example.event}
    events = [event_from_text(each.name, each.data) for each in log]
    verdicts = Counter(event.evidence.verdict for event in events if isinstance(event, GateReported))
    decided = Counter(event.decision.answer for event in events if isinstance(event, Decided))
    assert found[StrikeKind.GATE] == verdicts[Verdict.FAIL] + verdicts[Verdict.TIMED_OUT] > 0
    assert found[StrikeKind.GATE_ERROR] == verdicts[Verdict.ERROR]
    assert found[StrikeKind.ATTEMPT] == sum(isinstance(event, AttemptEnded) for event in events) > 0
    assert found[StrikeKind.REVIEW] == sum(isinstance(e, Judged) and not e.judgement.passes for e in events)
    assert found[StrikeKind.REJECTION] == decided[DecisionKind.REJECT]
