"""Fleet shows one fleet whole: waves, what is asked about all of it, its open tasks over time, pace and estimate."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from onloop.machine.state import State
from onloop.machine.task import DecisionKind, Kind
from onloop.machine.wave_plan import HaltRule, WaveReport, Waves
from onloop.records import replace
from onloop.views.reporting.open_counts import Burndown, OpenCount
from onloop.views.reporting.pace import Estimate, RunPace
from onloop.views.reporting.report_records import RunHistory
from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from onloop_tui.model.fleet.burndown import pace_lines
from onloop_tui.model.fleet.matrix import Matrix
from onloop_tui.screens.followed_history import AGAIN_MS
from support.tui_scenes import MINUTE, NOON, SIZES, Scene, busy, playing, screen_lines, shows, until

from .test_matrix import ROOT, counted, failing, repository, seen

HOUR = 60 * MINUTE
Compare = Callable[..., bool]


def halted() -> Scene:
    """A fleet of three waves whose first was halted by two failures, with one task at work."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.waves(6, 20, 60, halt=HaltRule(percent=30, least=2))
    scene.clock.later(MINUTE)
    scene.claim(tasks[5])
    scene.wants_approval(tasks[0])
    for task in tasks[1:3]:
        scene.fails(task, "ImportError: kvlite")
    scene.clock.later(4 * MINUTE)
    return scene


async def fleet(pilot: Pilot[str]) -> None:
    await pilot.press("3")
    await shows(pilot, "[3 Fleet]", "run r7k2m", "open")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_halted_fleet_says_so_on_top_with_its_waves_and_counts_that_add_up(size: tuple[int, int]) -> None:
    app = halted().dashboard()

    async with playing(app, size) as pilot:
        await fleet(pilot)
        await shows(pilot, "waves 6 ‼ 0/6, 2 failed, halted", "20 held", "60 held")
        await shows(pilot, "held by wave 82", "blocked 2 in 1 cause", "waiting for a person 1", "86 in all")
        await shows(pilot, "needs you 4")
        await shows(pilot, "no estimate: it stands still (halted)")
        rows = screen_lines(app)
        heading = next(i for i, row in enumerate(rows) if "cause " in row and "since" in row)
        assert "wave 1 of 3" in rows[heading + 1], "what is asked about the fleet comes first"


async def test_enter_on_the_halt_opens_its_sheet_and_the_other_keys_leave_the_fleet_alone() -> None:
    scene = halted()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await pilot.press("g", "x")
        await shows(pilot, "this is about the fleet itself")
        await pilot.press("T")
        await shows(pilot, "T is for a cause")
        await pilot.press("enter")
        await shows(pilot, "r7k2m", "May it go on?")
        await pilot.press("escape")
        scene.decides("r7k2m", DecisionKind.APPROVE)
        await shows(pilot, "waves 6 ▸ 0/6, 2 failed")
        await until(pilot, lambda: not any("May it go on" in row for row in screen_lines(app)))


async def test_the_chart_follows_what_happens_but_is_not_read_for_every_event() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await shows(pilot, "open tasks: 10 at most, 9 now")
        scene.cancels("r7k2m.9")
        await shows(pilot, "ended otherwise 2")
        assert any("9 now" in row for row in screen_lines(app)), "it was read a moment ago"
        scene.clock.later(AGAIN_MS)
        scene.cancels("r7k2m.8")
        await shows(pilot, "ended otherwise 3", "7 now")


async def test_another_run_has_its_own_chart_at_once() -> None:
    scene = busy()
    scene.fleet(["alone"], run="zz", title="a second one")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await shows(pilot, "open tasks: 10 at most, 9 now")
        await pilot.press("less_than_sign")
        await shows(pilot, "a second one", "open tasks: 1 at most, 1 now")


def history_of(pace: RunPace, ended: int | None = None) -> RunHistory:
    points = tuple(OpenCount(NOON + i * MINUTE, 60 - i) for i in range(60))
    return RunHistory("r", NOON + HOUR, NOON, ended, Burndown(points, MINUTE), pace)


def told_of(pace: RunPace, told: Estimate, width: int, stuck: int = 0, ended: int | None = None) -> str:
    shown = pace_lines(history_of(pace, ended), told, stuck, width)
    assert all(width_of(line) <= width for line in shown)
    return " / ".join(map(plain, shown))


@pytest.mark.parametrize("width", [78, 138])
def test_the_chart_does_not_take_the_colour_of_what_a_person_must_do(width: int) -> None:
    shown = pace_lines(history_of(RunPace(20, 19, 19 * MINUTE, 5)), Estimate(40), 0, width)

    assert Tone.ACCENT not in {span.tone for line in shown for span in line}


@pytest.mark.parametrize("width", [78, 138])
def test_rate_and_estimate_with_its_spread_stand_beside_the_chart(width: int) -> None:
    pace = RunPace(20, 19, 19 * MINUTE, 5, (MINUTE,) * 20)
    shown = told_of(pace, Estimate(40, 2 * HOUR, 3 * HOUR, 5, 20), width, stuck=7)

    assert "1.0 a minute" in shown
    assert "about 2h00m left (9 in 10: under 3h00m), 5 at a time, 7 stuck apart" in shown
    assert "left" not in told_of(pace, Estimate(0), width, ended=NOON + HOUR)


def test_every_repository_is_in_one_class_and_the_classes_add_up_with_waves() -> None:
    waves = Waves(2, 1, report=WaveReport(1))
    root = replace(ROOT, waves=waves)
    first = [replace(repository(i), wave=1) for i in range(1, 4)]
    blocked = replace(failing(4, "no"), wave=1)
    held = [replace(repository(i, State.SUBMITTED), wave=2, reason=None) for i in range(5, 9)]
    matrix: Matrix = counted(seen([root, *first, blocked, *held]))

    assert matrix.counts.total == 8 == sum(matrix.counts.classes.counts.values())
    assert [(line.size, line.failed) for line in matrix.waves] == [(4, 1), (4, 0)]
    assert matrix.left == (3, 4)
    snapshot = seen([replace(first[0], state=State.COMPLETED)], seen([root, *first, blocked, *held]))
    matrix.take(snapshot, frozenset({"r.1"}))
    assert matrix.left == (2, 4) and matrix.waves[0].completed == 1
    assert Kind.FLEET is root.kind


async def _shown(pilot: Pilot[str]) -> None:
    await fleet(pilot)
    await shows(pilot, "stands still", "data 0.0 s old")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_halted_fleet_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    app: Dashboard = halted().dashboard()
    assert snap_compare(app, terminal_size=size, run_before=_shown)
