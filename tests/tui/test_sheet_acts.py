"""The sheet beyond answers: what has changed since the last look, several requests, pausing, and the copied command."""

from __future__ import annotations

import pytest

from onloop.errors import Stale
from onloop.machine import commands as c
from onloop.machine.definition import HumanGate
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind
from onloop.records import replace
from onloop_tui.model.decide.actions import command_for
from onloop_tui.model.decide.cli_equivalents import cli_equivalent
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.sheet.last_seen import MOST, LastSeen
from onloop_tui.panels.sheet_panel import Mode
from support.tui_decisions import last_decision, open_sheet, type_in, when_done
from support.tui_scenes import (
    APPROVE,
    MERGE,
    MINUTE,
    REMEDIATE,
    REMEDIATION,
    Scene,
    busy,
    commit,
    playing,
    shows,
    until,
)

TWO_GATES = replace(
    REMEDIATION,
    steps=(REMEDIATE, replace(APPROVE, gates=(*APPROVE.gates, HumanGate("security", ("guards",)))), MERGE),
)


async def test_a_sheet_that_is_opened_again_says_what_has_changed_since_it_was_looked_at() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await shows(pilot, "── subject ")
        await pilot.press("escape")
        scene.decides("r7k2m.1", DecisionKind.REJECT)
        scene.clock.later(3 * MINUTE)
        scene.wants_approval("r7k2m.1", what=commit("r7k2m.1", "With tests.", head="e" * 40))
        await shows(pilot, "needs you 7")
        await pilot.press("R")
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("n")
        await shows(pilot, "r7k2m.1 billing", "⚠ changed since you looked 3m ago: the commit was", "is eeeeeeeeeeee")


async def test_a_sheet_that_is_opened_again_says_nothing_where_nothing_has_changed() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("escape")
        await open_sheet(pilot, scene, app, "approve")
        await shows(pilot, "── subject ")
        assert not app.main.sheet.decision.notice


def test_looks_are_bounded_and_the_oldest_is_forgotten() -> None:
    dossier = busy().place.dossier("r7k2m.1")
    looks = LastSeen()
    for number in range(MOST + 1):
        looks = looks.after(replace(dossier, task=replace(dossier.task, id=f"t{number}")), number)

    assert len(looks.last) == MOST
    assert "t0" not in looks.last


def _two_requests() -> tuple[Scene, str]:
    scene = Scene(definition=TWO_GATES)
    scene.enrol("ana", groups=("approvers", "guards"))
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    return scene, task


async def test_several_requests_are_gone_through_and_the_decision_is_about_the_one_that_is_shown() -> None:
    scene, task = _two_requests()
    app = scene.dashboard()
    digests = {asked.request.gate: asked.digest for asked in scene.place.dossier(task).asked}

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await shows(pilot, "this is 1 of 2 things asked of it (; shows the next)", (digests["release"] or "")[:12])
        await pilot.press("semicolon")
        await shows(pilot, "this is 2 of 2 things asked of it", digests["security"][:12])
        scene.clock.later(1000)
        await pilot.press("a")
        await shows(pilot, "release must be decided, too")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, task, DecisionKind.APPROVE))

    decision = last_decision(scene, task)
    assert (decision.gate, decision.digest) == ("security", digests["security"])


async def test_the_next_request_key_says_so_where_nothing_else_is_asked_and_in_the_list() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("semicolon")
        await shows(pilot, "Enter opens the sheet, where ; goes through what is asked")
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("semicolon")
        await shows(pilot, "nothing else is asked of this task")


async def test_a_task_is_paused_and_goes_on_with_the_same_key() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing", "P")
        await shows(pilot, "pause → it stops where it is", "Pause: it stops where it is until somebody resumes it")
        await type_in(pilot, "kvlite 2.1 comes tomorrow")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.3").reason is Reason.PAUSED)
        await shows(pilot, "✓ pause: r7k2m.3 is paused (paused) now")
        await pilot.press("escape", "2")
        app.main.sheet.open("r7k2m.3", ("r7k2m.3",))
        await shows(pilot, "nothing is asked of a person now", "resume   → it goes on at develop.remediate")
        scene.clock.later(1000)
        await pilot.press("P")
        await shows(pilot, "Resume: a note for the brief")
        scene.clock.later(1000)
        await type_in(pilot, "it is there now")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.3").state is not State.PAUSED)

    assert "it is there now" in scene.task("r7k2m.3").feedback[-1].text


async def test_a_task_is_excluded_with_a_reason() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing", "x")
        await shows(pilot, "Exclude: its run can end without it")
        await type_in(pilot, "repository is retired")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.3").reason is Reason.EXCLUDED)

    assert "repository is retired" in scene.task("r7k2m.3").detail


async def test_a_task_that_asks_nothing_can_be_taken_from_its_agent() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        app.main.sheet.open("r7k2m.8", ("r7k2m.8",))
        await shows(pilot, "agent:coder loses it, and only whom you name", "(a approve, r reject")
        scene.clock.later(1000)
        await pilot.press("@")
        await shows(pilot, "Reassign: only whom you name may take it")
        scene.clock.later(1000)
        await type_in(pilot, "agent:expert")
        await pilot.press("enter")
        await type_in(pilot, "it is stuck")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.8").wanted == "agent:expert")


async def test_a_run_is_paused_with_all_that_moves_below_it() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        app.main.sheet.open("r7k2m", ("r7k2m",))
        await shows(pilot, "pause    → it stops, with all that moves below it")
        scene.clock.later(1000)
        await pilot.press("P")
        await shows(pilot, "Pause:")
        scene.clock.later(1000)
        await type_in(pilot, "wait for kvlite 2.1")
        await pilot.press("enter")
        await shows(pilot, "✓ pause: r7k2m is paused (paused) now, and 2 below it", "7 inhibited")

    assert {scene.task(f"r7k2m.{i}").state for i in (8, 9)} == {State.PAUSED}


def test_a_run_that_has_changed_since_it_was_shown_is_left_alone_with_all_below_it() -> None:
    scene = busy()
    ana = scene.person()
    assert ana.voice is not None
    shown = scene.task("r7k2m").version
    scene.place.perform_below(ana, "r7k2m", c.Pause(ana.voice, "wait", shown), "")
    scene.place.perform_below(ana, "r7k2m", c.Resume(ana.voice), "")

    with pytest.raises(Stale):
        scene.place.perform_below(ana, "r7k2m", c.Pause(ana.voice, "wait again", shown), "")

    assert State.PAUSED not in {scene.task(f"r7k2m.{i}").state for i in range(1, 11)}


async def test_any_decision_on_a_task_that_moved_on_is_refused_told_and_read_again() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing", "t")
        scene.decides("r7k2m.3", DecisionKind.RETRY, "ben")
        await type_in(pilot, "again")
        await pilot.press("enter")
        await shows(pilot, "✗ r7k2m.3 was at version", "human:ben", "⚠ changed since shown")
        assert app.main.sheet.mode is Mode.SHOWN

    assert [d.by for d in scene.task("r7k2m.3").decisions] == ["human:ben"]


async def test_y_copies_the_decision_being_made_with_its_digest_and_version() -> None:
    scene = busy()
    app = scene.dashboard()
    digest, version = scene.place.dossier("r7k2m.1").asked[0].digest, scene.task("r7k2m.1").version

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("Y")
        await shows(pilot, "copied: onloop approve r7k2m.1")
        await pilot.press("j", "Y")
        await shows(pilot, 'copied: onloop answer r7k2m.7 "…"')
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("Y")
        await shows(pilot, "copied: onloop show r7k2m.1")
        await pilot.press("a", "Y")
        await until(
            pilot,
            lambda: app.clipboard == f"onloop approve r7k2m.1 --digest {digest[:16]} --version {version}",
        )


def test_the_command_line_quotes_what_was_typed() -> None:
    assert (
        cli_equivalent(Act.REJECT, "r1.1", {"words": "don't; rm -rf"})
        == """onloop reject r1.1 --reason 'don'"'"'t; rm -rf'"""
    )
    assert cli_equivalent(Act.REASSIGN, "r1.1", {"to": "agent:x"}) == 'onloop reassign r1.1 --to agent:x --reason "…"'
    assert cli_equivalent(Act.RETRY, "r1.1") == "onloop retry r1.1"
    assert cli_equivalent(Act.NO_WORSE, "r1.1") == "onloop retry r1.1 --no-worse-than-base"
    assert cli_equivalent(Act.TAKE_BACK, "r1.1") == "onloop undo r1.1"
    rest = {*Act} - {Act.NO_WORSE, Act.TAKE_BACK}
    assert {cli_equivalent(act, "r1.1").split()[1] for act in rest} == {act.value for act in rest}


def test_a_command_names_the_version_and_the_digest_that_were_shown() -> None:
    scene = busy()
    ana = scene.person().voice
    assert ana is not None
    dossier = scene.place.dossier("r7k2m.1")
    made = [command_for(act, dossier.task, dossier.asked[0], ana, {"words": "x", "to": "y"}) for act in Act]

    assert {command.version for command in made} == {dossier.task.version}
    assert {command.digest for command in made if isinstance(command, c.Approve | c.Reject)} == {
        dossier.asked[0].digest
    }
