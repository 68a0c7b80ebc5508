"""Of a large store what needs somebody is shown long before all is read, and nothing is counted that was not read."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import Any

import pytest

from onloop.gateway.port import GatewayPort
from onloop.machine.state import State
from onloop.views.queries.first_sight import FEW, ReadFirstSight
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop_tui.app import Dashboard
from onloop_tui.feed import StoreUpdate, StoreWatch
from onloop_tui.model.ground.snapshot import NO_SEQ, Snapshot
from onloop_tui.resident_memory import AFTERWARDS, RARELY, begin_to_build, settle
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from onloop_tui.widgets import tree_view
from support.tui_scenes import Scene, playing, screen_text, shows, until


def large() -> tuple[Scene, str, int]:
    """A store with more tasks than are read at once, one of which asks a person, and how many there are."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet([f"repo{number}" for number in range(FEW)])
    scene.asks(tasks[7], "Which port?")
    return scene, tasks[7], len(tasks) + 1


class HeldGateway:
    """A gateway that gives all tasks only once it is told to."""

    def __init__(self, gateway: GatewayPort, told: threading.Event) -> None:
        self._gateway, self._told = gateway, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    def perform(self, operation: Any) -> Any:
        if isinstance(operation, ReadStoreChanges):
            assert self._told.wait(60)
        return self._gateway.perform(operation)


def seen(watch: StoreWatch) -> Snapshot:
    news = watch.look()
    assert isinstance(news, StoreUpdate)
    return news.snapshot


def test_a_large_store_is_seen_twice_first_what_needs_somebody_then_all_of_it() -> None:
    scene, asking, count = large()
    watch = StoreWatch(scene.place, scene.clock)

    first = seen(watch).at(scene.clock())
    second = seen(watch).at(scene.clock())

    assert (first.is_whole, set(first.tasks), first.unread) == (False, {asking, "r7k2m"}, count - 2)
    assert (second.is_whole, len(second.tasks)) == (True, count)
    assert first.board.shown == second.board.shown
    assert first.board.counts == second.board.counts
    assert watch.look() is None


def test_what_changed_between_the_two_is_in_the_second() -> None:
    scene, asking, _ = large()
    watch = StoreWatch(scene.place, scene.clock)
    seen(watch)
    scene.claim("r7k2m.9")

    second = seen(watch)

    assert second.tasks["r7k2m.9"].state is State.WORKING
    assert second.changed_since(NO_SEQ) is None, "who showed the first looks at everything again"
    assert second.tasks[asking].state is State.INPUT_REQUIRED


def test_a_small_store_is_read_at_once() -> None:
    scene = Scene()
    scene.fleet(["cart", "flags"])

    assert seen(StoreWatch(scene.place, scene.clock)).is_whole


def test_a_large_store_in_which_all_need_somebody_is_not_taken_for_whole() -> None:
    scene = Scene()
    scene.fleet([f"repo{number}" for number in range(FEW)])
    watch = StoreWatch(scene.place, scene.clock)

    sight = scene.gateway.perform(ReadFirstSight(scene.clock()))
    first = seen(watch)

    assert (sight.tasks, sight.unread, first.is_whole) == ((), FEW + 1, False)


async def test_the_inbox_is_there_while_the_rest_is_read_and_says_how_much_that_is() -> None:
    scene, asking, count = large()
    told = threading.Event()
    place = StoreAccess(lambda: HeldGateway(scene.gateway, told), scene.changes)
    app = Dashboard(Session(place, scene.clock, scene.person()))

    async with playing(app, (140, 45)) as pilot:
        await shows(pilot, "Which port?", "needs you 1", f"reading {count - 2:,} more tasks …")
        assert "working 0" not in screen_text(app)
        await pilot.press("2")
        await shows(pilot, "[2 Tree]")
        assert "repo7" not in screen_text(app), "no tree is shown of a part"
        await pilot.press("1", "R", "enter")
        await shows(pilot, asking, "Which port?", "e answer")
        await pilot.press("escape")
        told.set()
        await shows(pilot, f"waiting {count - 2}")
        assert "more tasks" not in screen_text(app)
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "repo7")


async def test_nobody_looks_back_from_a_part_of_the_store_and_it_is_said_why() -> None:
    scene, _, _ = large()
    told = threading.Event()
    place = StoreAccess(lambda: HeldGateway(scene.gateway, told), scene.changes)
    app = Dashboard(Session(place, scene.clock, scene.person()))

    async with playing(app, (140, 45)) as pilot:
        await shows(pilot, "Which port?", "more tasks …")
        await pilot.press("ctrl+t")
        app.main.prompt.line.value = "at #3"
        await pilot.press("enter")
        await shows(pilot, "the store has not been read yet")
        await pilot.press("escape", "left_square_bracket")
        await shows(pilot, "the store has not been read yet")
        assert app.main.session.moment is None
        told.set()
        await shows(pilot, "waiting")


async def test_what_was_built_is_settled_once_all_is_read_and_once_the_tree_of_a_large_store_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tree_view, "LARGE", 3)
    scene = Scene()
    scene.enrol("ana")
    scene.fleet(["cart", "flags", "links"])
    settled = list[str]()
    app = Dashboard(Session(scene.place, scene.clock, scene.person()), settled=lambda: settled.append("now"))

    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.live.is_whole and app.main.around.has_read)
        assert settled == ["now"]
        scene.claim("r7k2m.1")
        await until(pilot, lambda: app.main.live.tasks["r7k2m.1"].holder is not None)
        assert settled == ["now"]
        await pilot.press("2")
        await shows(pilot, "links")
        await until(pilot, lambda: len(settled) == 2)


def test_what_settles_memory_leaves_the_collector_on_and_is_repeatable() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        begin_to_build()
        assert gc.get_threshold() == RARELY
        settle()
        settle()
        assert gc.isenabled() and gc.get_threshold() == AFTERWARDS
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_the_first_paint_waits_for_nothing_that_it_does_not_show() -> None:
    late = ("watchfiles", "onloop_tui.diff.diff_screen")
    words = f"import sys, onloop_tui.__main__; print([name for name in {late} if name in sys.modules])"

    told = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
