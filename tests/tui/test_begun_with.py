"""A dashboard that begins with the task of a link has its sheet open, and says so where there is no such task."""

from __future__ import annotations

from onloop_tui.app import Dashboard
from onloop_tui.session import Session
from support.tui_scenes import Scene, commit, playing, shows


def _begun_with(task: str) -> Dashboard:
    scene = Scene()
    scene.enrol("ana")
    first, second = scene.fleet(["cart", "flags"])
    for each in (first, second):
        scene.wants_approval(each, what=commit(each, "Tests pass."))
    return Dashboard(Session(scene.place, scene.clock), task=task)


async def test_the_sheet_of_the_task_that_a_link_names_is_open_at_the_beginning() -> None:
    app = _begun_with("r7k2m.2")
    async with playing(app) as pilot:
        await shows(pilot, "r7k2m.2 flags at ship.approve", "in flags pass ship.approve?")
        await pilot.press("escape")
        await shows(pilot, "Enter open")
        assert not app.main.sheet.is_open


async def test_a_link_to_no_task_says_so_and_the_rest_is_there() -> None:
    app = _begun_with("no.such.task")
    async with playing(app) as pilot:
        await shows(pilot, "there is no task 'no.such.task'")
        await pilot.press("escape")
        await shows(pilot, "Enter open", "▶ ◆ approve")
