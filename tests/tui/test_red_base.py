"""A base that is red is seen, and decided, in the Inbox, in the Fleet and in the sheet."""

from __future__ import annotations

import pytest

from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from support.tui_decisions import open_sheet, type_in
from support.tui_scenes import Scene, playing, shows, until

CAUSE = "1 of 14 failed: test_legacy_scan"
READY = (State.SUBMITTED, Reason.READY)


def red(*verdicts: Verdict) -> tuple[Scene, list[str]]:
    """Tasks whose base is red for one cause, before any agent has started."""
    scene = Scene(check_base=True)
    scene.enrol("ana")
    tasks = scene.fleet([f"repo-{number}" for number, _ in enumerate(verdicts)])
    for task, verdict in zip(tasks, verdicts, strict=True):
        scene.red(task, CAUSE, verdict)
    return scene, tasks


def went_on(scene: Scene, task: str) -> bool:
    """Whether a person has accepted what fails on its base, and an agent may start."""
    now, base = scene.task(task), scene.place.dossier(task).base
    return base is not None and bool(base.accepted_by) and (now.state, now.reason) == READY


async def test_the_sheet_shows_what_fails_on_the_base_and_b_goes_on_no_worse() -> None:
    scene, (task,) = red(Verdict.FAIL)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "is red on its base")
        await shows(pilot, "✗ red", CAUSE, "output of tests on the base", "no-worse → agents start; tests of develop")
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == f'onloop amend {task} --workflow FILE --reason "…"')
        await pilot.press("b")
        await type_in(pilot, "it is known")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: went_on(scene, task))


async def test_what_gave_no_verdict_on_the_base_offers_no_key_to_go_on_no_worse() -> None:
    scene, (task,) = red(Verdict.ERROR)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "is red on its base")
        await shows(pilot, "b no-worse: a gate gave no verdict on the base", f"onloop amend {task}")


@pytest.mark.parametrize(("view", "name"), [("1", "[1 Inbox]"), ("3", "[3 Fleet]")])
async def test_b_on_a_cause_goes_on_with_all_that_have_it(view: str, name: str) -> None:
    scene, tasks = red(Verdict.FAIL, Verdict.FAIL)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "is red on its base")
        await pilot.press(view)
        await shows(pilot, name)
        await pilot.press("g", "b")
        await shows(pilot, "with 2 tasks no worse than the base")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: all(went_on(scene, task) for task in tasks))
