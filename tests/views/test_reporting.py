"""How far a run is and how it came there: counts add up, a burndown tells what was open, and an estimate its spread."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from onloop.attention.groups import groups_of
from onloop.attention.items import idle_item, item_of
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.task import Kind, Request, RequestKind, Task
from onloop.views.reporting.fleet_class import FleetClass, counts_of_classes
from onloop.views.reporting.open_counts import MOST_POINTS, burndown
from onloop.views.reporting.pace import LEAST_FINISHED, RunPace, estimate, pace_of, rate_words
from onloop.views.reporting.run_times import Clockwork, Hold, RunTimes, TaskSpan
from onloop.views.reporting.text_chart import chart_rows

NOON = 1_800_000_000_000
MINUTE, HOUR = 60_000, 3_600_000


def member(number: int, state: State, reason: Reason | None, detail: str = "") -> Task:
    asked = (Request(f"q{number}", RequestKind.CHOICE, "s", "?", NOON),) if state is State.INPUT_REQUIRED else ()
    named = Task(f"r.{number}", "r", "t", Kind.WORK, "d", "w", "human:ana", NOON, NOON, parent="r", step="develop")
    return Task(
        **{name: getattr(named, name) for name in named.__struct_fields__} | _stands(state, reason, detail, asked)
    )


def _stands(state: State, reason: Reason | None, detail: str, asked: tuple[Request, ...]) -> dict[str, object]:
    return {"state": state, "reason": reason, "detail": detail, "requests": asked, "since": NOON}


STANDS = st.sampled_from([(state, reason) for state in State for reason in (*REASONS[state], None)])
WHOLE = st.lists(st.tuples(STANDS, st.sampled_from(["a", "b"]), st.booleans()), max_size=40)


@given(WHOLE)
def test_every_task_is_in_one_class_and_the_counts_add_up_to_the_fleet(
    given_tasks: Sequence[tuple[tuple[State, Reason | None], str, bool]],
) -> None:
    tasks = [member(i, *stands, f"cause {cause}") for i, (stands, cause, _) in enumerate(given_tasks)]
    silent = [idle_item(t, Reason.STALLED, NOON) for t, (*_, idle) in zip(tasks, given_tasks, strict=True) if idle]
    silent = [item for item, task in ((i, t) for i in silent for t in tasks if t.id == i.task) if _works(task)]
    items = [item for task in tasks if (item := item_of(task)) is not None]
    counts = counts_of_classes(tasks, [*groups_of(items), *groups_of(silent)])

    assert counts.total == len(tasks) == sum(counts.counts.values())
    assert counts.of(FleetClass.DONE) == sum(task.state is State.COMPLETED for task in tasks)
    assert counts.of(FleetClass.EXCLUDED) == sum(task.reason is Reason.EXCLUDED for task in tasks)
    assert counts.of(FleetClass.WAVE_HELD) == sum(task.reason is Reason.WAVE_HELD for task in tasks)
    assert counts.of(FleetClass.STALLED) == len(silent)
    asked = counts.of(FleetClass.BLOCKED) + counts.of(FleetClass.FOR_PERSON)
    assert asked == sum(task.state in {State.INPUT_REQUIRED, State.AUTH_REQUIRED} for task in tasks)
    assert counts.causes <= counts.of(FleetClass.BLOCKED) and bool(counts.causes) == bool(counts.of(FleetClass.BLOCKED))


def _works(task: Task) -> bool:
    return task.state is State.WORKING and task.reason is None


def test_what_failed_is_blocked_by_cause_and_what_asks_waits_for_a_person() -> None:
    tasks = [
        *(member(i, State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, "ImportError: kvlite") for i in range(30)),
        *(member(i, State.INPUT_REQUIRED, Reason.GATE_FAILED, "no disk") for i in range(30, 37)),
        *(member(i, State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED) for i in range(37, 41)),
        *(member(i, State.SUBMITTED, Reason.WAVE_HELD) for i in range(41, 66)),
    ]
    counts = counts_of_classes(tasks, groups_of(item for task in tasks if (item := item_of(task)) is not None))

    words = [words for _, words in counts.pieces]
    assert words == ["blocked 37 in 2 causes", "waiting for a person 4", "held by wave 25"]
    assert (counts.open, counts.moving) == (66, 25)


# -- the burndown


def span(number: int, created: int, *, ended: int | None = None, out: tuple[int, int | None] | None = None) -> TaskSpan:
    worked = ((created, ended),)
    return TaskSpan(f"r.{number}", created, worked, (out,) if out else (), ended, completed=ended is not None)


TIMES = st.integers(0, 3 * HOUR)
SPANS = st.lists(
    st.builds(
        lambda created, long, out: (created, None if long is None else created + long, out),
        TIMES,
        st.none() | TIMES,
        st.none() | st.tuples(TIMES, st.none() | TIMES),
    ),
    min_size=1,
    max_size=20,
)


@given(SPANS, st.integers(1, 9 * HOUR))
def test_each_point_of_a_burndown_counts_what_was_open_then(
    drawn: Sequence[tuple[int, int | None, tuple[int, int | None] | None]], long: int
) -> None:
    spans = []
    for number, (created, ended, out) in enumerate(drawn):
        left = None
        if out is not None and ended is None:
            left = (created + out[0], None if out[1] is None else created + out[0] + out[1])
        spans.append(span(number, created, ended=ended, out=left))
    now = max(each.created for each in spans) + long
    told = burndown(RunTimes(0, tuple(spans)), now)

    assert 1 < len(told.points) <= MOST_POINTS + 1
    assert [point.at for point in told.points] == sorted({point.at for point in told.points})
    assert told.points[-1].at == now
    for point in told.points:
        brute = sum(
            each.created <= point.at
            and (each.ended is None or each.ended > point.at)
            and not any(since <= point.at and (until is None or until > point.at) for since, until in each.out)
            for each in spans
        )
        assert point.open == brute


def test_a_run_that_stood_still_says_so_at_its_points_and_names_the_gap() -> None:
    hold = Hold(NOON + HOUR, NOON + 3 * HOUR, "frozen (all)")
    times = RunTimes(NOON, (span(1, NOON), span(2, NOON, ended=NOON + 4 * HOUR)), (hold,))
    told = burndown(times, NOON + 5 * HOUR)

    held = [point.at for point in told.points if point.held]
    assert held and all(hold.since < at <= (hold.until or 0) for at in held)
    assert told.gaps == (hold,)
    assert burndown(RunTimes(NOON), NOON + HOUR).points == ()


def test_a_run_that_ended_is_drawn_until_its_end_whenever_it_is_asked_about() -> None:
    times = RunTimes(NOON, (span(1, NOON, ended=NOON + HOUR),), (), NOON + HOUR)

    assert burndown(times, NOON + 99 * HOUR) == burndown(times, NOON + HOUR)
    assert burndown(times, NOON + 99 * HOUR).points[-1].open == 0


def test_a_chart_shows_every_count_above_zero_and_fits_its_room() -> None:
    times = RunTimes(NOON, tuple(span(i, NOON, ended=NOON + i * MINUTE) for i in range(1, 400)))
    points = burndown(times, NOON + 398 * MINUTE).points

    for width in (1, 7, 40, 200):
        for height in (1, 4):
            rows = chart_rows(points, width, height)
            assert len(rows) == height and {len(row) for row in rows} == {min(width, len(points))}
            assert " " not in rows[-1], "one is still open at the end, and that is not nothing"
    assert chart_rows((), 10) == chart_rows(points, 0) == ()


# -- the pace


HOLDS = st.lists(st.tuples(TIMES, st.none() | TIMES), max_size=5)


@given(HOLDS, TIMES, TIMES)
def test_time_counts_but_for_what_a_hold_covers(drawn: Sequence[tuple[int, int | None]], since: int, long: int) -> None:
    until, now = since + long, 6 * HOUR
    holds = [Hold(begun, None if lasts is None else begun + lasts, "paused") for begun, lasts in drawn]
    step = 10_000
    moments = range(since, until, step)
    free = [at for at in moments if not any(h.since <= at < (now if h.until is None else h.until) for h in holds)]

    found = Clockwork(holds, now).moving_ms(since, until)
    assert 0 <= found <= long
    assert abs(found - len(free) * step) <= step * (2 * len(holds) + 1)


def finished(count: int, long: int, holds: tuple[Hold, ...] = (), at_work: int = 2) -> RunTimes:
    """So many tasks, each of which took `long`, two at a time, and some that are under way since just now."""
    done = [span(i, NOON + i // 2 * long, ended=NOON + (i // 2 + 1) * long) for i in range(count)]
    now = NOON + (count // 2) * long
    return RunTimes(NOON, (*done, *(span(count + i, now) for i in range(at_work))), holds)


def test_where_everything_takes_the_same_time_the_estimate_is_exact() -> None:
    pace = pace_of(finished(10, 10 * MINUTE), NOON + 50 * MINUTE)
    told = estimate(pace, (6,), seed=1)

    assert (pace.finished, pace.at_once, told.why_not) == (10, 2, "")
    assert told.p50_ms == told.p90_ms == 30 * MINUTE, "two at a time: the two under way, then four"
    assert told.words == "about 30m left (9 in 10: under 30m), 2 at a time"


def test_waves_that_are_left_are_gone_through_one_after_the_other() -> None:
    pace = pace_of(finished(10, 10 * MINUTE), NOON + 50 * MINUTE)

    assert estimate(pace, (3, 3), seed=1).p50_ms == 40 * MINUTE
    assert estimate(pace, (6,), seed=1).p50_ms == 30 * MINUTE


def test_under_five_finished_there_is_not_enough_to_say() -> None:
    for count in range(LEAST_FINISHED):
        pace = pace_of(finished(count, 10 * MINUTE), NOON + HOUR)
        assert estimate(pace, (6,), seed=1).words == f"no estimate: not enough finished to say ({count} of 5)"
    assert estimate(pace_of(finished(5, MINUTE), NOON + HOUR), (6,), seed=1).why_not == ""


def test_while_it_stands_still_there_is_no_estimate_and_nobody_at_work_promises_none() -> None:
    hold = Hold(NOON + 40 * MINUTE, None, "halted")
    held = pace_of(finished(10, 10 * MINUTE, (hold,)), NOON + 50 * MINUTE)
    idle = pace_of(finished(10, 10 * MINUTE, at_work=0), NOON + 50 * MINUTE)

    assert estimate(held, (6,), seed=1).words == "no estimate: it stands still (halted)"
    assert estimate(idle, (6,), seed=1).words == "no estimate: nobody is at work"
    assert estimate(held, (), seed=1).words == ""


def test_a_night_in_which_the_run_was_frozen_changes_neither_rate_nor_estimate() -> None:
    night = 12 * HOUR
    awake = finished(10, 10 * MINUTE)
    asleep = RunTimes(
        NOON,
        tuple(_later(each, night) for each in awake.spans),
        (Hold(NOON + MINUTE, NOON + MINUTE + night, "frozen"),),
    )
    pace, after = pace_of(awake, NOON + 50 * MINUTE), pace_of(asleep, NOON + 50 * MINUTE + night)

    assert after == pace and pace.rate is not None
    assert estimate(after, (6,), seed=3) == estimate(pace, (6,), seed=3)


def _later(each: TaskSpan, night: int) -> TaskSpan:
    """The task as it would have been if everything after the first minute had come a night later."""

    def moved(at: int | None) -> int | None:
        return at if at is None or at <= NOON + MINUTE else at + night

    worked = tuple((moved(since) or 0, moved(until)) for since, until in each.worked)
    return TaskSpan(each.task, moved(each.created) or 0, worked, (), moved(each.ended), each.completed)


DURATIONS = st.lists(st.integers(1_000, HOUR), min_size=5, max_size=60)


@given(DURATIONS, st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(1, 20), st.integers(0, 2**32))
def test_an_estimate_is_the_same_for_the_same_seed_and_its_spread_is_in_order(
    durations: Sequence[int], waves: Sequence[int], at_once: int, seed: int
) -> None:
    under_way = tuple(sorted(durations)[: min(at_once, waves[0])])
    pace = RunPace(len(durations), 3, HOUR, at_once, tuple(durations), under_way)
    told = estimate(pace, waves, seed)

    assert told == estimate(pace, waves, seed)
    assert 0 <= told.p50_ms <= told.p90_ms <= sum(waves) * max(durations) or not sum(waves)
    assert told.left == sum(waves)


def test_ten_thousand_that_are_left_take_their_sum_shared_by_those_at_work() -> None:
    durations = tuple((i % 7 + 1) * MINUTE for i in range(70))
    told = estimate(RunPace(70, 19, HOUR, 50, durations, (MINUTE,) * 50), (10_000,), seed=1)

    mean = 10_000 * 4 * MINUTE / 50
    assert 0.9 * mean < told.p50_ms < told.p90_ms < 1.2 * mean


def test_a_rate_is_said_in_a_unit_that_people_count_in() -> None:
    assert rate_words(12 / MINUTE) == "12.0 a minute"
    assert rate_words(3.4 / HOUR) == "3.4 an hour"
    assert rate_words(0.5 / (24 * HOUR)) == "0.5 a day"
    assert rate_words(None) == ""
