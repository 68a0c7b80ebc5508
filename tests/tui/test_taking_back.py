"""`U`: a person takes back what was decided last, sees for how long they may, and confirms it first."""

from __future__ import annotations

from textual.pilot import Pilot

from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Approve
from onloop.machine.definition import HumanGate, Step
from onloop.machine.digest import shown_digest
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind
from onloop.records import replace
from onloop_tui.app import Dashboard
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.panels.sheet_panel import Mode
from support.tui_scenes import (
    APPROVE,
    MERGE,
    MINUTE,
    REMEDIATE,
    REMEDIATION,
    Scene,
    playing,
    screen_text,
    shows,
    until,
)


def asking(grace_ms: int | None = None) -> Scene:
    """A task that waits for approval, with grace or without."""
    (gate,) = APPROVE.gates
    assert isinstance(gate, HumanGate)
    step: Step = replace(APPROVE, gates=(replace(gate, grace_ms=grace_ms),))
    scene = Scene(definition=replace(REMEDIATION, steps=(REMEDIATE, step, MERGE)))
    scene.enrol("ana", "ben")
    (task,) = scene.fleet(["billing"])
    scene.wants_approval(task)
    scene.clock.later(MINUTE)
    return scene


async def approve(pilot: Pilot[str], scene: Scene, app: Dashboard) -> None:
    """Open the sheet, and approve what it shows."""
    await shows(pilot, "billing")
    await pilot.press("a")
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    scene.clock.later(1000)
    await pilot.press("a")
    scene.clock.later(1000)
    await pilot.press("enter")


async def test_an_approval_says_for_how_long_it_may_be_taken_back_and_u_takes_it_back() -> None:
    scene = asking(grace_ms=100_000)
    app = scene.dashboard()
    async with playing(app) as pilot:
        await approve(pilot, scene, app)
        await until(pilot, lambda: scene.task("r7k2m.1").reason is Reason.SCHEDULED)
        await shows(pilot, "may be taken back for 1:40")
        await until(pilot, lambda: app.main.snapshot.tasks["r7k2m.1"].reason is Reason.SCHEDULED)

        await pilot.press("U")
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        assert "take back → human:ana approved release no longer counts" in screen_text(app)
        assert scene.task("r7k2m.1").reason is Reason.SCHEDULED, "nothing happens before Enter"
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.1").state is State.INPUT_REQUIRED)

    assert scene.task("r7k2m.1").decisions == ()


async def test_escape_leaves_the_decision_as_it_is() -> None:
    scene = asking(grace_ms=100_000)
    scene.decides("r7k2m.1", DecisionKind.APPROVE)
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("2")
        app.main.view.go_to(Subject(SubjectKind.TASK, "r7k2m.1", ("r7k2m.1",)))
        await pilot.press("U")
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        scene.clock.later(1000)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not app.main.sheet.is_open)

    assert scene.task("r7k2m.1").reason is Reason.SCHEDULED


async def test_without_grace_it_may_be_taken_back_until_that_begins() -> None:
    scene = asking()
    app = scene.dashboard()
    async with playing(app) as pilot:
        await approve(pilot, scene, app)
        await shows(pilot, "may be taken back until that begins")


async def test_where_nothing_was_decided_the_key_says_so() -> None:
    scene = asking()
    app = scene.dashboard()
    async with playing(app) as pilot:
        await shows(pilot, "billing")
        await pilot.press("U")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        await shows(pilot, "nothing was decided that may be taken back")


async def test_of_two_gates_the_key_names_the_approval_that_is_theirs() -> None:
    (gate,) = APPROVE.gates
    assert isinstance(gate, HumanGate)
    gate = replace(gate, grace_ms=100_000)
    again: Step = replace(APPROVE, gates=(gate, replace(gate, id="second", approvers=("leads",))))
    scene = Scene(definition=replace(REMEDIATION, steps=(REMEDIATE, again, MERGE)))
    scene.enrol("ana")
    scene.enrol("cleo", groups=("leads",))
    (task,) = scene.fleet(["billing"])
    scene.wants_approval(task)
    for request, who in zip(scene.task(task).requests, ("ana", "cleo"), strict=True):
        scene.clock.later(MINUTE // 10)
        voice = scene.person(who).voice
        assert voice is not None
        digest = shown_digest(scene.task(task), request)
        scene.gateway.perform(PerformCommand(scene.person(who), task, Approve(request.id, digest, voice)))
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("2")
        app.main.view.go_to(Subject(SubjectKind.TASK, task, (task,)))
        await pilot.press("U")
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        assert "take back → human:ana approved release no longer counts" in screen_text(app)
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: scene.task(task).state is State.INPUT_REQUIRED)

    assert [decision.by for decision in scene.task(task).decisions] == ["human:cleo"]
