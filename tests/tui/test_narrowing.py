"""The Inbox under a filter: a cause stays while one of its tasks fits, and counts only those that do."""

from __future__ import annotations

from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.filter.narrowing import narrowed
from support.tui_scenes import busy, playing, screen_text, shows, until


def test_only_members_that_fit_are_counted() -> None:
    scene = busy()
    tasks = {item.task: scene.task(item.task) for group in scene.groups() for item in group.members}
    wanted = parse("repo:c* cause:300")
    assert isinstance(wanted, Filter)

    (group,) = narrowed(scene.groups(), wanted, tasks, scene.clock())

    assert [item.repo for item in group.members] == ["cart"]
    assert narrowed(scene.groups(), Filter(), tasks, scene.clock()) == scene.groups()


async def test_a_filter_works_while_it_is_typed_is_shown_and_escape_clears_it() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing", "4 repos")
        await pilot.press("/", *"repo:cart,flags")
        await until(pilot, lambda: "◆ approve" not in screen_text(app))
        await shows(pilot, "✗ failing", "2 repos")
        await pilot.press("enter")
        await shows(pilot, " filter  repo is cart or flags", "Esc clears it", "blocked 4 in 1 cause")
        await pilot.press("escape")
        await shows(pilot, "◆ approve", "4 repos")


async def test_a_star_marks_only_what_the_filter_leaves() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("/", *"repo:cart,links", "enter", "*")
        await shows(pilot, "2 marked in 2 causes")
        assert set(app.main.inbox.selection.tasks) == {"r7k2m.4", "r7k2m.7"}
        await pilot.press("escape", "escape")
        await shows(pilot, "4 repos")


async def test_a_filter_that_nothing_fits_says_that_there_is_more() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("/", *"repo:none", "enter")
        await shows(pilot, "7 need a person, and none fits the filter: repo is none", "Esc clears it")


async def test_what_is_wrong_with_a_filter_is_said_while_it_is_typed() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("/", *"colour:red")
        await shows(pilot, "✗ unknown field 'colour' at column 1: use one of state:")


async def test_the_list_of_what_is_hidden_is_filtered_too() -> None:
    scene = busy()
    scene.freeze("run:r7k2m")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "7 inhibited")
        await pilot.press("H")
        await shows(pilot, "◆ approve", "? question")
        await pilot.press("/", *"repo:links", "enter")
        await until(pilot, lambda: "◆ approve" not in screen_text(app))
        await shows(pilot, "? question", "hidden", "filter")
