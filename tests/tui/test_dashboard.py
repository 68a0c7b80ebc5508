"""The dashboard as a whole: its keys, its help, how it is left, and what it does when the store goes away."""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import entry_points
from pathlib import Path

from textual.pilot import Pilot

from onloop.home import Home
from onloop_tui.__main__ import open_dashboard
from onloop_tui.app import Dashboard
from onloop_tui.bindings import KEYS, LEAVING, Where
from onloop_tui.screens.help_screen import HelpScreen
from onloop_tui.screens.main_screen import VIEWS, MainScreen
from onloop_tui.screenshots import main as screenshots
from onloop_tui.session import Session
from onloop_tui.store_access import access_of
from support.new_home import make_home
from support.tui_scenes import Scene, busy, play, playing, screen_text, shows, until


def test_one_key_has_one_meaning() -> None:
    views = {view.where for view in VIEWS}
    for view in views:
        names = [name for key in KEYS if key.where is view or key.where not in views for name in key.names]

        assert len(names) == len(set(names)), view


def test_every_key_of_the_registry_leads_to_an_action_that_is_there() -> None:
    for key in KEYS:
        owners: dict[Where, type] = {view.where: view for view in VIEWS}
        owner = Dashboard if key.action.startswith("app.") else owners.get(key.where, MainScreen)
        name = key.action.removeprefix("app.").partition("(")[0]
        assert inspect.isfunction(getattr(owner, f"action_{name}", None)), key


async def test_help_lists_every_key_with_its_twin() -> None:
    app = busy().dashboard()

    async with playing(app, (140, 90)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await shows(pilot, *(key.help for key in KEYS if len(key.help) < 40), 'onloop reject {task} --reason "…"')
        await pilot.press("escape")
        await shows(pilot, "◆ approve")


async def test_help_scrolls_where_it_is_longer_than_the_screen() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("?", "j", *["pagedown"] * 10)
        await shows(pilot, "Ctrl+Q leaves from anywhere")
        await pilot.press("k", *["pageup"] * 10, "q")
        await shows(pilot, "◆ approve")


async def test_the_footer_is_made_of_the_registry_and_fits_eighty_columns() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "◆ approve")
        for where in (Where.INBOX, Where.SHEET):
            footer = screen_text(app).splitlines()[-1]
            assert all(f"{key.shown} {key.word}" in footer for key in KEYS if where in key.footer), footer
            await pilot.press("enter")
            await shows(pilot, "n next")


async def test_n_goes_to_the_next_row_that_needs_a_person_and_round() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("n")
        await shows(pilot, "▶ ? question")
        await pilot.press("N", "N")
        await shows(pilot, "▶ ✗ failing")


async def test_keys_that_need_a_sheet_say_so_in_the_list() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("]")
        await shows(pilot, "this is now; [ goes back through what happened to r7k2m.1")


async def test_the_palette_finds_the_keys_by_name_and_does_what_they_do() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("ctrl+p")
        await pilot.press(*"why")
        await shows(pilot, "why (w)")
        await pilot.press("enter", "enter")
        await shows(pilot, "cleared by")


async def test_q_leaves_from_the_list_and_not_from_the_sheet() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "r7k2m.1 billing")
        await pilot.press("q")
        await shows(pilot, "Esc closes the sheet first")
        await pilot.press("escape", "q")

    assert app.return_value == "quit"


def test_leaving_a_demo_asks_what_becomes_of_it() -> None:
    for key, left in (("s", "stop"), ("l", "leave")):
        app = busy().dashboard(ask_on_quit=True)

        async def story(pilot: Pilot[str], app: Dashboard = app, key: str = key) -> None:
            await shows(pilot, "◆ approve")
            await pilot.press("q")
            await shows(pilot, "Stop everything, or leave it running?", *(k.word for k in LEAVING))
            await pilot.press("escape")
            await shows(pilot, "◆ approve")
            await pilot.press("ctrl+q")
            await shows(pilot, "Stop everything, or leave it running?")
            await pilot.press(key)

        asyncio.run(play(app, story))
        assert app.return_value == left


async def test_a_note_is_shown_above_the_keys() -> None:
    app = busy().dashboard(note="demo: agents are scripted, everything else is real")

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "demo: agents are scripted, everything else is real")


def _home(folder: Path) -> Home:
    home = Home(folder / "store")
    make_home(home)
    return home


async def test_a_lost_store_is_said_in_the_header_and_found_again_by_itself(tmp_path: Path) -> None:
    home = _home(tmp_path)
    app = Dashboard(Session(access_of(home)))

    async with playing(app) as pilot:
        await shows(pilot, "nothing has been started")
        home.store.rename(tmp_path / "away")
        await shows(pilot, "⚠ store lost since", "there is no store in")
        (tmp_path / "away").rename(home.store)
        await until(pilot, lambda: "store lost" not in screen_text(app))


async def test_a_decision_is_made_in_a_store_on_disk_and_survives_the_dashboard(tmp_path: Path) -> None:
    home = _home(tmp_path)
    place = access_of(home)
    scene = Scene(store=place.open().store)
    scene.enrol("ben")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    session = Session(place, scene.clock, scene.person("ben"))
    app = Dashboard(session)

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "in cart pass ship.approve?")
        scene.clock.later(1000)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "nothing needs you")

    assert place.dossier(task).task.decisions[-1].by == "human:ben"
    scene.store.close()


def test_the_core_finds_the_dashboard_through_its_entry_point() -> None:
    found = {point.value for point in entry_points(group="onloop.dashboard")} or {"onloop_tui.__main__:open_dashboard"}
    parameters = inspect.signature(open_dashboard).parameters

    assert found == {"onloop_tui.__main__:open_dashboard"}
    assert list(parameters) == [
        *("home", "person", "read_only", "person_name", "footer", "ask_on_quit", "tour"),
        *("settings", "workflows", "role", "plain"),
    ]


def test_pictures_are_taken_of_a_real_store(tmp_path: Path) -> None:
    home = _home(tmp_path)
    opened = access_of(home).open()
    scene = Scene(store=opened.store)
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    opened.store.close()

    assert screenshots(["--store", str(home.store), "--out", str(tmp_path / "out")]) == 0

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"{what}-{size}.svg" for what in ("inbox", "sheet") for size in ("80x24", "140x45")} <= names
    assert "approve" in (tmp_path / "out" / "inbox-80x24.svg").read_text(encoding="utf-8")


def test_pictures_of_no_store_are_refused_in_words(tmp_path: Path) -> None:
    assert screenshots(["--store", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 17
