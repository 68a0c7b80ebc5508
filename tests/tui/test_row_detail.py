"""What is said below a list of the row under the cursor: beside the list nothing is cut, and no half is empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onloop.machine.state import State
from onloop.machine.task import Kind, Task
from onloop_tui.app import Dashboard
from onloop_tui.model.detail.row_detail import MOST_MEMBERS
from onloop_tui.model.ground.rollup import RollupCategory
from onloop_tui.model.tree.tree_node import Node, needing_below, planted
from onloop_tui.session import Session
from support.slow_place import SlowPlace
from support.tui_scenes import MINUTE, Scene, busy, list_text, playing, screen_text, shows, until


async def test_in_the_tree_a_run_shows_its_tasks_and_a_task_what_moves_it_and_how_its_gates_stand() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "g")
        await shows(pilot, "r7k2m · cve-remediation", "── 10 tasks ", "◆ approve  r7k2m.1", "── r7k2m.1: gates ")
        await pilot.press("j", "j", "j")
        await shows(pilot, "r7k2m.3 · sessions", "stands", "moved by", "── r7k2m.3: gates ", "── output of tests ")
        assert "── 10 tasks " not in screen_text(app)


async def test_of_a_large_run_the_first_are_listed_those_before_that_need_a_person() -> None:
    scene = Scene()
    scene.enrol("ana")
    scene.fleet([f"repository-{number}" for number in range(MOST_MEMBERS + 7)])
    scene.asks(f"r7k2m.{MOST_MEMBERS + 6}", "Which one?")
    app = scene.dashboard()

    async with playing(app, (140, 120)) as pilot:
        await pilot.press("2", "g")
        await shows(pilot, f"── {MOST_MEMBERS + 7} tasks ", "… 7 more")
        rows = screen_text(app).removeprefix(list_text(app)).splitlines()
        assert f"r7k2m.{MOST_MEMBERS + 6}" in next(row for row in rows if "r7k2m." in row)


async def test_in_the_fleet_a_cause_shows_its_repositories_and_a_repository_what_moves_it() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("3", "g")
        await shows(pilot, "cause ", "── 2 tasks ", "billing", "── r7k2m.1: gates ")
        await pilot.press("m")
        await shows(pilot, "r7k2m.1 · billing", "moved by")


async def test_an_agent_shows_what_it_holds_and_what_its_task_waits_for() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "last progress", "moved by", ": gates ")


@pytest.mark.parametrize("size", [(119, 45), (140, 33)])
async def test_where_there_is_no_room_the_list_has_all_of_it_and_p_says_so(size: tuple[int, int]) -> None:
    app = busy().dashboard()

    async with playing(app, size) as pilot:
        await pilot.press("2")
        await shows(pilot, "billing")
        assert "moved by" not in screen_text(app)
        await pilot.press("p", "p")
        await shows(pilot, "it needs 120 columns and 34 rows; Enter opens the sheet")
        await pilot.resize_terminal(140, 45)
        await shows(pilot, "moved by")


@pytest.mark.parametrize("view", ["2", "3", "4"])
async def test_p_hides_it_in_every_view_until_it_is_wanted_again(view: str) -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press(view)
        await shows(pilot, ": gates ")
        await pilot.press("p")
        await until(pilot, lambda: ": gates " not in screen_text(app))
        await pilot.press("p")
        await shows(pilot, ": gates ")


async def test_it_makes_room_for_the_sheet_and_comes_back() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "g", "j")
        await shows(pilot, "moved by")
        await pilot.press("enter")
        await shows(pilot, "── subject ")
        assert "moved by" not in screen_text(app)
        await pilot.press("escape")
        await shows(pilot, "moved by")


async def test_no_key_waits_for_what_is_read_and_what_was_passed_by_is_not_read() -> None:
    scene = busy()
    slow = SlowPlace(scene.place.open)
    app = Dashboard(Session(slow, scene.clock, scene.person()))

    async with playing(app) as pilot:
        await pilot.press("2", "g")
        await shows(pilot, "reading r7k2m.1 …")
        await pilot.press("j", "j", "j", "j", "j")
        await shows(pilot, "r7k2m.5 · ", "reading r7k2m.5 …")
        slow.told.set()
        await shows(pilot, "── r7k2m.5: gates ")

    assert set(slow.read) == {"r7k2m.1", "r7k2m.5"}


async def test_a_task_that_has_changed_is_read_again() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "g", "j")
        await shows(pilot, "○ waiting    release 0 of 1")
        scene.clock.later(MINUTE)
        scene.cancels("r7k2m.1")
        await shows(pilot, "nothing: it has ended")


def test_the_search_for_those_that_need_a_person_ends_at_the_last_of_them() -> None:
    needs = {"r.2", "r.3.1", "r.4"}
    ids = ("r", *(f"r.{number}" for number in range(1, 10)), "r.3.1", "r.9.1")
    nodes = {each: Node(task_called(each), standing_of(each in needs), is_open=True) for each in ids}
    (top,) = planted(nodes)
    looked = list[str]()
    for node in nodes.values():
        node.children = WatchedNodes(node.children, looked)

    assert [each.id for each in needing_below(top)] == ["r.2", "r.3.1", "r.4"]
    assert looked == ["r.1", "r.2", "r.3", "r.3.1", "r.4"]


class WatchedNodes(list[Node]):
    """Children that say which of them were looked at."""

    def __init__(self, nodes: list[Node], looked: list[str]) -> None:
        super().__init__(nodes)
        self.looked = looked

    def __iter__(self) -> Iterator[Node]:
        for each in super().__iter__():
            self.looked.append(each.id)
            yield each

    def __reversed__(self) -> Iterator[Node]:
        return reversed(list(self))


def task_called(name: str) -> Task:
    parent = name.rpartition(".")[0] or None
    return Task(name, "r", "", Kind.WORK, "d", "w", "human:ana", 1, 1, state=State.WORKING, parent=parent)


def standing_of(needs: bool) -> RollupCategory:
    return RollupCategory.NEEDS_PERSON if needs else RollupCategory.WORKING
