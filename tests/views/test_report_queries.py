"""The report of a run as the store tells it: times without what did not count, waves, decisions, effects, causes."""

from __future__ import annotations

import pytest

from onloop.errors import UnknownThing
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.store_state import Unfrozen
from onloop.machine.task import DecisionKind
from onloop.machine.wave_plan import HaltRule
from onloop.views.reporting.fleet_class import FleetClass
from onloop.views.reporting.report_queries import ReadReportTasks, ReadRunHistory, ReadRunReport
from onloop.views.reporting.report_records import RunHistory, RunReport, TaskLine
from onloop.views.reporting.wave_lines import WaveState, strip_words
from support.tui_scenes import MINUTE, NOON, Scene, busy, commit

HOUR = 60 * MINUTE


def report(scene: Scene, run: str = "r7k2m") -> RunReport:
    return scene.gateway.perform(ReadRunReport(run, scene.clock()))


def lines(scene: Scene) -> dict[str, TaskLine]:
    told = report(scene)
    return {each.task: each for each in scene.gateway.perform(ReadReportTasks(told.run, told.tasks, scene.clock()))}


def history(scene: Scene) -> RunHistory:
    return scene.gateway.perform(ReadRunHistory("r7k2m", scene.clock()))


def test_a_busy_fleet_is_told_by_classes_and_causes_and_the_tasks_say_the_same() -> None:
    scene = busy()
    told = report(scene, "r7k2m.4")

    assert (told.run, told.is_fleet, len(told.tasks), told.counts.total) == ("r7k2m", True, 10, 10)
    assert {name: told.counts.of(name) for name in FleetClass if told.counts.of(name)} == {
        FleetClass.WORKING: 1,
        FleetClass.BLOCKED: 4,
        FleetClass.FOR_PERSON: 3,
        FleetClass.WAITING: 1,
        FleetClass.ENDED_OTHERWISE: 1,
    }
    assert [(line.count, line.counted_as) for line in told.causes] == [
        (2, FleetClass.FOR_PERSON),
        (1, FleetClass.FOR_PERSON),
        (4, FleetClass.BLOCKED),
    ]
    blocked = told.causes[-1]
    assert blocked.named == ("sessions", "cart", "flags", "journal") and blocked.steps == {"develop.remediate": 4}
    found = lines(scene)
    assert [found[name].counted_as for name in told.tasks].count(FleetClass.BLOCKED) == 4
    assert {found[f"r7k2m.{i}"].cause for i in range(3, 7)} == {blocked.cause}


def test_a_task_tells_its_attempts_its_time_at_each_step_and_who_decided_what() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    scene.clock.later(10 * MINUTE)
    scene.submit(task)
    scene.clock.later(5 * MINUTE)
    for gate in ("patched", "notes"):
        scene.passes(task, gate)
    scene.refuses(task, "no")
    scene.clock.later(HOUR)
    scene.decides(task, DecisionKind.RETRY, words="use snapshot()")
    scene.clock.later(MINUTE)
    scene.wants_approval(task, what=commit(task, "again", "e" * 40))

    line = lines(scene)[task]
    assert (line.attempts, line.counted_as) == (2, FleetClass.FOR_PERSON)
    assert [(each.step, each.visits) for each in line.steps] == [("develop.remediate", 1), ("ship.approve", 1)]
    assert line.steps[0].ms == 76 * MINUTE, "it stood there until its gates passed, whatever it waited for"
    assert line.work_ms == 5 * MINUTE, "but nobody was at it while it waited for an agent, and then for a person"
    assert line.begun == NOON + 10 * MINUTE and line.ended is None
    (made,) = line.decisions
    assert (made.who, made.what, made.words) == ("human:ana", "retry", "use snapshot()")


@pytest.mark.parametrize("scope", ["all", "run:r7k2m", "workflow:cve-remediation"])
def test_while_a_run_is_frozen_no_work_counts_and_the_gap_is_said(scope: str) -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    scene.claim(task)
    scene.clock.later(MINUTE)
    scene.freeze(scope)
    scene.clock.later(HOUR)

    held = history(scene)
    assert held.pace.held == f"frozen ({scope})" and held.pace.under_way == (MINUTE,)
    scene.gateway.perform(RecordStoreEvent(scene.person(), Unfrozen(scope, "human:ana")))
    scene.clock.later(MINUTE)
    after = history(scene)
    assert (after.pace.held, after.pace.under_way) == ("", (2 * MINUTE,))
    assert [(gap.since, gap.until) for gap in after.burndown.gaps] == [(NOON + MINUTE, NOON + MINUTE + HOUR)]
    assert lines(scene)[task].work_ms == 2 * MINUTE


def test_a_freeze_of_something_else_holds_nothing_up() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    scene.claim(task)
    for scope in ("run:other", "repo:ledger", f"task:{task}"):
        scene.freeze(scope)
    scene.clock.later(MINUTE)

    assert (history(scene).pace.held, history(scene).pace.under_way) == ("", (MINUTE,))


def test_a_paused_run_stands_still_and_an_excluded_task_is_not_open() -> None:
    scene = busy()
    ana = scene.person()
    assert ana.voice is not None
    scene.gateway.perform(PerformCommand(ana, "r7k2m.3", c.Exclude(ana.voice, "archived")))
    scene.gateway.perform(PerformCommand(ana, "r7k2m", c.Pause(ana.voice, "release week")))
    scene.clock.later(HOUR)

    told = history(scene)
    assert told.pace.held == "paused"
    assert told.burndown.points[-1].open == 8, "one was canceled, one is excluded"
    assert told.burndown.points[-1].held


def test_waves_are_told_one_by_one_and_a_halt_with_what_it_asks() -> None:
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.waves(4, 6, halt=HaltRule(percent=50, least=2))
    scene.clock.later(MINUTE)
    scene.wants_approval(tasks[0])
    for task in tasks[1:3]:
        scene.fails(task, "ImportError: kvlite")

    told = report(scene)
    first, second = told.waves
    assert (first.state, first.size, first.failed, first.at_work, first.ready) == (WaveState.HALTED, 4, 2, 1, 0)
    assert (second.state, second.size, second.held, second.began) == (WaveState.HELD, 6, 6, None)
    assert strip_words(told.waves) == "4 ‼ 0/4, 2 failed, halted · 6 held"
    assert told.counts.of(FleetClass.WAVE_HELD) == 7, "what had not begun waits with the rest"
    assert len(told.asked) == 1 and "halted" in told.asked[0]
    assert told.history.pace.held == "halted"

    scene.decides("r7k2m", DecisionKind.APPROVE)
    after = report(scene)
    assert after.waves[0].state is WaveState.ON and after.asked == () and after.history.pace.held == ""
    assert [(each.what, each.who) for each in after.decisions] == [("approve", "human:ana")]
    assert after.left == (1, 6)


def test_a_run_that_nobody_knows_and_tasks_of_another_run_are_not_reported() -> None:
    scene = busy()
    scene.fleet(["alone"], run="zz", title="another")

    with pytest.raises(UnknownThing, match="there is no task 'nope'"):
        report(scene, "nope")
    assert scene.gateway.perform(ReadReportTasks("zz", ("r7k2m.1", "zz.1", "gone"), scene.clock()))[0].task == "zz.1"
    assert len(scene.gateway.perform(ReadReportTasks("zz", ("r7k2m.1", "zz.1", "gone"), scene.clock()))) == 1
