"""Log as an engineer uses it: the newest last, followed until one goes up; one event whole; any length."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from onloop.machine.store_state import HOUSE, Frozen, fold_store
from onloop.machine.task import DecisionKind
from onloop.store.port import EventEntry, Recorded, Store, Transaction
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop_tui.app import Dashboard
from onloop_tui.model.log.log_window import MOST_ROWS, PAGE, PageEdge, Window, read_page
from onloop_tui.screens.log_view import LogView
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from onloop_tui.widgets.log_list import LogRows
from support.tui_scenes import SIZES, Clock, Scene, busy, play, playing, screen_lines, screen_text, shows, until

Compare = Callable[..., bool]


def rows(app: Dashboard) -> LogRows:
    view = app.main.view
    assert isinstance(view, LogView)
    return view.list


async def log(pilot: Pilot[str]) -> None:
    await pilot.press("5")
    await shows(pilot, "[5 Log]", "following", "details")


async def test_the_log_opens_at_its_end_and_follows_what_happens() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).position == rows(app).count > 0)
        await shows(pilot, "▶ ", "is canceled", "human:ana")
        scene.cancels("r7k2m.9")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.task == "r7k2m.9")
        assert "following" in screen_text(app)


async def test_who_goes_up_stays_there_and_is_told_how_much_is_new() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 20)
        await pilot.press("k", "k")
        await shows(pilot, "standing still")
        before = rows(app).cursor
        scene.cancels("r7k2m.9")
        await shows(pilot, " new ", "G goes there")
        assert rows(app).cursor == before
        await pilot.press("G")
        await shows(pilot, "following")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.task == "r7k2m.9")
        assert " new " not in screen_text(app)


async def test_going_down_to_the_end_follows_again() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 20)
        await pilot.press("k")
        await shows(pilot, "standing still")
        await pilot.press("k", "j")
        await until(pilot, lambda: rows(app).position == rows(app).count - 1)
        assert "standing still" in screen_text(app), "going down is not enough: it has to be the end"
        await pilot.press("j")
        await shows(pilot, "following")
        await pilot.press("g")
        await until(pilot, lambda: rows(app).position == 1)
        await shows(pilot, "standing still")


async def test_reading_anew_goes_to_the_end_and_follows_again() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 20)
        await pilot.press("k", "k")
        await shows(pilot, "standing still")
        await pilot.press("R")
        await shows(pilot, "following")
        await until(pilot, lambda: rows(app).position == rows(app).count)
        scene.cancels("r7k2m.9")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.task == "r7k2m.9")


async def test_enter_shows_the_event_whole_then_the_sheet_of_its_task_and_escape_goes_back() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 20)
        await pilot.press("enter")
        await shows(pilot, "── fields", "┆ state: canceled", "hash  ", "r7k2m.10, its version")
        await pilot.press("k")
        await shows(pilot, "r7k2m.8, its version")
        await pilot.press("Y")
        await shows(pilot, "copied: onloop log --after 108 --limit 1")
        await pilot.press("enter")
        await shows(pilot, "r7k2m.8 limiter")
        await pilot.press("escape")
        await shows(pilot, "── fields")
        await pilot.press("escape")
        await until(pilot, lambda: "── fields" not in screen_text(app))


async def test_a_filter_leaves_what_fits_and_f_hides_housekeeping() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await shows(pilot, "gates asked for")
        await pilot.press("F")
        await until(pilot, lambda: "gates asked for" not in screen_text(app))
        await shows(pilot, "filter", "without housekeeping")
        await pilot.press("slash", *"by:hu", "enter")
        await until(pilot, lambda: 0 < rows(app).count < 5)
        assert all(event.principal == "human:ana" for event in rows(app).window.events)
        await pilot.press("slash", *" gate:", "enter")
        await shows(pilot, "✗ unknown field 'gate'", "task: run: event: by: age:")
        await pilot.press("escape")
        await until(pilot, lambda: rows(app).count > 20)
        assert "gates asked for" not in screen_text(app)
        await pilot.press("F")
        await shows(pilot, "gates asked for")


async def test_n_goes_to_what_is_about_people_or_trouble() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 20)
        await pilot.press("N", "N")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.task == "r7k2m.2")
        await pilot.press("G", "n")
        await shows(pilot, "no event about people or trouble")


async def test_hostile_text_in_the_log_stays_in_its_line() -> None:
    scene = Scene()
    scene.enrol("ana")
    bad = "x\x1b]2;owned\x07\u202e[@click=app.quit]\r\n漢" + "\u0301" * 9
    tasks = scene.fleet([bad], title=bad)
    scene.asks(tasks[0], bad)
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await log(pilot)
        await until(pilot, lambda: rows(app).count > 5)
        for _ in range(4):
            await pilot.press("enter" if "── fields" not in screen_text(app) else "k")
            await shows(pilot, "── fields")
            assert all(row.isprintable() for row in screen_lines(app))


async def test_an_empty_log_says_so() -> None:
    app = Scene().dashboard(who=None)

    async with playing(app) as pilot:
        await pilot.press("5")
        await shows(pilot, "the log is empty")
        await pilot.press("enter", "n", "G", "g", "F")
        await shows(pilot, "nothing in the log fits")


# -- any length


def long_store(folder: Path, count: int) -> Store:
    """A store with so many events of the house."""
    create_store(folder)
    store = SqliteStore(folder)
    events = [Frozen("all", "human:ana", f"number {i}") for i in range(1, count + 1)]

    def write(tx: Transaction) -> None:
        tx.append([EventEntry(HOUSE, HOUSE, event, i, "human:ana") for i, event in enumerate(events)])
        tx.put_house(fold_store(events[-1:]))

    store.transact(write)
    return store


def browse_a_long_log(folder: Path, count: int) -> None:
    long_store(folder, count).close()
    scene = Scene(clock=Clock())
    place = StoreAccess(lambda: Scene(store=SqliteStore(folder)).gateway)
    app = Dashboard(Session(place, scene.clock))

    async def story(pilot: Pilot[str]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.seq == count)
        assert rows(app).count <= 2 * PAGE, "opening reads a page or two, never all"
        while rows(app).window.low > count - PAGE:
            await pilot.press("pageup")
        assert rows(app).count <= MOST_ROWS
        await pilot.press("g")
        await until(pilot, lambda: (event := rows(app).event) is not None and event.seq == 1)
        assert rows(app).count <= 2 * PAGE
        await pilot.press("slash", *f'"er {count // 2}"', "enter")
        await until(pilot, lambda: [event.seq for event in rows(app).window.events] == [count // 2])

    asyncio.run(play(app, story, (100, 40)))


def test_a_long_log_is_read_in_pages_from_both_ends(tmp_path: Path) -> None:
    browse_a_long_log(tmp_path, 3 * PAGE)


@pytest.mark.soak
def test_a_log_of_a_hundred_thousand_events_is_read_in_pages(tmp_path: Path) -> None:
    browse_a_long_log(tmp_path, 100_000)


class Written:
    """A log that is written to and read from either end."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []

    def write(self, count: int) -> None:
        first = len(self.events) + 1
        self.events += [Recorded(i, "r", i, "t", i, "Moved", "{}", i, "p", "", "") for i in range(first, first + count)]

    def read(
        self, *, after: int = 0, before: int | None = None, limit: int, newest: bool = False
    ) -> Sequence[Recorded]:
        found = self.events[after : len(self.events) if before is None else max(0, before - 1)]
        return found[-limit:] if newest else found[:limit]

    def moved(self, window: Window, end: PageEdge, every: int) -> Window:
        """The window after reading at that end; it holds all that fits between its ends, and not too much."""
        window = window.after(end, read_page(self.read, window, end, lambda event, _now: event.seq % every == 0, 0))
        seqs = [event.seq for event in window.events]
        assert seqs == [seq for seq in range(window.low, window.high + 1) if seq % every == 0]
        assert len(seqs) <= MOST_ROWS and window.high <= len(self.events)
        return window


STEPS = st.lists(st.tuples(st.sampled_from(PageEdge), st.integers(0, 2_000)), min_size=1, max_size=25)


@given(STEPS, st.integers(1, 4))
def test_a_window_holds_all_that_fits_between_its_ends_however_it_is_moved(
    steps: Sequence[tuple[PageEdge, int]], every: int
) -> None:
    written, window = Written(), Window()
    for end, more in steps:
        written.write(more)
        window = written.moved(window, end, every)
        assert end is not PageEdge.NEWEST or window.high == len(written.events)
        assert end is not PageEdge.OLDEST or window.at_start


def test_a_window_forgets_at_one_end_what_it_takes_in_at_the_other() -> None:
    written = Written()
    written.write(3 * MOST_ROWS)
    window = written.moved(Window(), PageEdge.NEWEST, 1)
    while not window.at_start:
        window = written.moved(window, PageEdge.OLDER, 1)
    assert (window.low, window.high) == (1, MOST_ROWS)
    while window.high < len(written.events):
        window = written.moved(window, PageEdge.NEWER, 1)
    assert (window.low, window.high) == (2 * MOST_ROWS + 1, 3 * MOST_ROWS)


async def _still(pilot: Pilot[str]) -> None:
    await log(pilot)
    await shows(pilot, "event 110 of 110")


async def _whole(pilot: Pilot[str]) -> None:
    await _still(pilot)
    await pilot.press("k", "k", "k", "enter")
    await shows(pilot, "── fields", "event 107 of 110")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_log_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_still)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_log_looks_like_this_with_an_event_whole(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_whole)


async def test_one_key_leaves_what_the_person_decided_and_gives_the_rest_back() -> None:
    scene = busy()
    scene.decides("r7k2m.1", DecisionKind.REJECT, "ana", "mine")
    scene.decides("r7k2m.2", DecisionKind.REJECT, "ben", "theirs")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await log(pilot)
        await pilot.press("D")
        await shows(pilot, "event is Decided", "by is *:ana", "human:ana mine")
        assert "theirs" not in screen_text(app)
        await pilot.press("D")
        await shows(pilot, "human:ben theirs")
