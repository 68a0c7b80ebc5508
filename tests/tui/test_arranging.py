"""Columns that people choose and orders that they ask for: remembered, saved, and no row moves by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from onloop.machine.limits import Id, Title
from onloop_tui.app import Dashboard
from onloop_tui.bindings import Where
from onloop_tui.command_words import choices
from onloop_tui.last_places import LastPlace, LastPlaces
from onloop_tui.saved_views import load_views
from onloop_tui.session import Session
from onloop_tui.settings import SavedView, Settings, SettingsError
from onloop_tui.settings_reader import load_settings
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import MINUTE, Scene, busy, list_text, playing, screen_text, shows, until


def _app(scene: Scene, folder: Path, settings: Settings | None = None) -> Dashboard:
    memory = LastPlaces(folder / "places")
    session = Session(
        scene.place, scene.clock, scene.person(), views_file=folder / "v.yaml", settings=settings, memory=memory
    )
    return Dashboard(session)


async def _say(pilot, app: Dashboard, words: str) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("colon")
    await until(pilot, lambda: app.main.prompt.is_open)
    app.main.prompt.line.value = words
    await pilot.press("enter")


def _rows(app: Dashboard, *names: str) -> list[str]:
    """The names that are shown, in the order of their rows."""
    found = ((name, row) for row in list_text(app).splitlines() for name in names if f" {name} " in row)
    return list(dict.fromkeys(name for name, _ in found))


NAMES = ("billing", "ledger", "sessions", "cart")


def staggered() -> Scene:
    """Four repositories of one run, each with an agent, begun a minute after each other; the last waits longest."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet(NAMES)
    for task in reversed(tasks):
        scene.claim(task, f"on-{task[-1]}")
        scene.clock.later(MINUTE)
    return scene


async def test_columns_are_typed_and_shown_in_the_tree_in_their_order_with_what_all_share_said_once(
    tmp_path: Path,
) -> None:
    app = _app(staggered(), tmp_path)

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "r7k2m.1", "billing")
        await _say(pilot, app, "columns holder run state")
        await shows(pilot, "columns: holder run state", "in every row run r7k2m", "on-1")
        heading = next(row for row in list_text(app).splitlines() if " holder " in row)
        assert heading.index("holder") < heading.index("state")
        assert " run " not in heading
        row = next(row for row in list_text(app).splitlines() if "r7k2m.1" in row)
        assert "on-1" in row and "working" in row and row.count("r7k2m") == 1
        await _say(pilot, app, "columns ownr")
        await shows(pilot, "there is no column 'ownr'; did you mean owner?")
        await pilot.press("escape")
        await _say(pilot, app, "columns usual")
        await shows(pilot, "columns: as usual")
        assert "in every row" not in screen_text(app)


async def test_the_list_of_columns_shows_hides_and_moves_them_and_esc_changes_nothing(tmp_path: Path) -> None:
    app = _app(staggered(), tmp_path)

    async with playing(app, (80, 24)) as pilot:
        await pilot.press("4")
        await shows(pilot, "on-1")
        await pilot.press("C")
        await shows(pilot, "columns of the Agents: as usual", "[x] progress", "[ ] state")
        await pilot.press("j", "space", "K")
        await shows(pilot, "columns of the Agents: progress tokens rounds")
        await pilot.press("space")
        await shows(pilot, "columns of the Agents: context progress tokens rounds")
        await pilot.press("escape")
        await until(pilot, lambda: "columns of" not in screen_text(app))
        assert app.main.view.arrangement.columns == ()
        await pilot.press("C", "j", "K", "enter")
        await until(pilot, lambda: app.main.view.arrangement.columns == ("context", "progress", "tokens", "rounds"))
        await shows(pilot, "context progress", "on-1")
        await pilot.press("C", "u")
        await until(pilot, lambda: app.main.view.arrangement.columns == ())


async def test_the_tree_stands_in_the_order_that_is_asked_for_and_no_row_moves_before_r(tmp_path: Path) -> None:
    scene = staggered()
    app = _app(scene, tmp_path)

    async with playing(app) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: _rows(app, *NAMES) == list(NAMES))
        await _say(pilot, app, "sort age")
        await until(pilot, lambda: _rows(app, *NAMES) == ["cart", "sessions", "ledger", "billing"])
        await shows(pilot, "order longest there first")
        scene.cancels("r7k2m.4")
        await shows(pilot, "– canceled")
        assert _rows(app, *NAMES) == ["cart", "sessions", "ledger", "billing"]
        await pilot.press("R")
        await until(pilot, lambda: _rows(app, *NAMES) == ["sessions", "ledger", "billing", "cart"])
        await _say(pilot, app, "sort age")
        await until(pilot, lambda: _rows(app, *NAMES) == ["cart", "billing", "ledger", "sessions"])
        await shows(pilot, "the other way round")
        await _say(pilot, app, "sort usual")
        await until(pilot, lambda: _rows(app, *NAMES) == list(NAMES))


def _stands(app: Dashboard, order: str) -> bool:
    return app.main.view.arrangement.order == order


async def test_an_order_that_is_asked_for_again_is_turned_whichever_way_it_was_asked_for(tmp_path: Path) -> None:
    app = _app(staggered(), tmp_path)

    async with playing(app, (120, 40)) as pilot:
        await pilot.press("2")
        for _ in range(2):
            for words, order in (("sort -age", "-age"), ("sort -age", "age"), ("sort -age", "-age")):
                await _say(pilot, app, words)
                await until(pilot, partial(_stands, app, order))
            await pilot.press("S")
            await _say(pilot, app, "sort usual")
            await until(pilot, partial(_stands, app, ""))
    assert app.defect is None


async def test_repositories_of_the_fleet_are_arranged_and_causes_and_the_inbox_say_why_they_are_not(
    tmp_path: Path,
) -> None:
    app = _app(busy(), tmp_path)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("S")
        await shows(pilot, "the Inbox stands in the order of attention")
        await pilot.press("C")
        await shows(pilot, "the Inbox stands in the order of attention")
        await pilot.press("3", "S")
        await shows(pilot, "causes stand in the order of the Inbox")
        await pilot.press("m")
        await _say(pilot, app, "columns state attempts workflow")
        await shows(pilot, "in every row workflow cve-remediation", "attempts", "input_required")
        await _say(pilot, app, "sort -state")
        await until(pilot, lambda: _rows(app, "limiter", "queue", "links") == ["limiter", "queue", "links"])
        await pilot.press("5", "S")
        await shows(pilot, "in the order in which it happened")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45), (240, 45)])
async def test_columns_without_room_are_left_out_from_the_right_and_counted(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    scene = staggered()
    app = _app(scene, tmp_path)
    wanted = "state step owner holder waits age rounds attempts tokens cost labels priority"

    async with playing(app, size) as pilot:
        for key in ("2", "4", "3"):
            await pilot.press(key, *("m" if key == "3" else ""))
            await _say(pilot, app, f"columns {wanted}")
            await until(pilot, lambda: app.main.view.arrangement.columns)
            view = app.main.view
            room = view.rows.room  # type: ignore[attr-defined]
            plan = view.rows.plan if key == "3" else (view.rows.plan(room) if key == "2" else view._plan(room))  # type: ignore[attr-defined]
            assert [each.name for each in plan.columns] == [name for name in wanted.split() if name not in plan.shared][
                : len(plan.columns)
            ]
            assert len(plan.columns) + plan.left_out == 12 - len(plan.shared)
            assert plan.columns
            if plan.left_out:
                await shows(pilot, f"+{plan.left_out} column")
            else:
                assert size[0] == 240
            rows = [row for row in list_text(app).splitlines() if "r7k2m.1 " in row]
            assert rows and all(len(row.rstrip()) <= size[0] for row in rows)


async def test_what_was_chosen_is_there_again_the_next_time_and_settings_come_first(tmp_path: Path) -> None:
    scene = staggered()
    first = _app(scene, tmp_path)
    async with playing(first) as pilot:
        await pilot.press("2")
        await _say(pilot, first, "columns holder age")
        await _say(pilot, first, "sort -age")
        await pilot.press("4")
        await _say(pilot, first, "columns tokens")
        await pilot.press("q")

    second = _app(scene, tmp_path, Settings(columns={"agents": ("cost", "rounds")}))
    async with playing(second) as pilot:
        await shows(pilot, "[4 Agents]", "cost", "rounds")
        await pilot.press("2")
        await shows(pilot, "holder", "the other way round")
        await until(pilot, lambda: _rows(second, *NAMES) == list(NAMES))


async def test_columns_and_order_are_part_of_a_saved_view(tmp_path: Path) -> None:
    app = _app(staggered(), tmp_path)

    async with playing(app) as pilot:
        await pilot.press("2")
        await _say(pilot, app, "columns holder age")
        await _say(pilot, app, "sort age")
        await _say(pilot, app, "save slow")
        await shows(pilot, "saved as :slow")
        await _say(pilot, app, "columns usual")
        await _say(pilot, app, "sort usual")
        await until(pilot, lambda: _rows(app, *NAMES) == list(NAMES))
        await pilot.press("1", "7")
        await shows(pilot, "[7 slow", "holder", "order longest there first")
        await until(pilot, lambda: _rows(app, *NAMES) == ["cart", "sessions", "ledger", "billing"])
    (saved,) = load_views((tmp_path / "v.yaml").read_bytes(), "v.yaml")
    assert saved == SavedView("slow", Where.TREE, columns="holder age", sort="age")


def test_columns_that_begin_like_the_last_word_are_shown_as_one_types() -> None:
    assert choices("columns state, a", Settings()) == "age, attempts"
    assert choices("sort -ag", Settings()) == "age"
    assert choices("columns ", Settings()).startswith("state, reason") and "usual" in choices("sort ", Settings())


def test_columns_in_files_are_read_strictly() -> None:
    given = load_settings(b"columns: {tree: [state, owner, state]}", "s.yaml")
    assert given.columns == {"tree": ("state", "owner")}
    with pytest.raises(SettingsError) as wrong:
        load_settings(b"columns: {inbox: [state], tree: [ownr]}", "s.yaml")
    assert "'inbox' has no columns to choose" in str(wrong.value)
    assert "there is no column 'ownr'; did you mean owner?" in str(wrong.value)
    with pytest.raises(SettingsError, match="there is no column 'aeg'"):
        load_views(b"views: [{name: a, view: tree, sort: -aeg}]", "v.yaml")


def test_a_file_of_places_that_lies_about_columns_is_not_believed(tmp_path: Path) -> None:
    places = LastPlaces(tmp_path)
    places.write("s", "ana", LastPlace("tree", columns={"tree": "state"}, orders={"tree": "-age"}))
    (file,) = tmp_path.glob("*.json")
    assert places.read("s", "ana") == LastPlace("tree", columns={"tree": "state"}, orders={"tree": "-age"})
    file.write_text('{"view": "tree", "columns": ["state"], "orders": {"tree": 7}}')
    assert places.read("s", "ana") == LastPlace("tree")


async def test_hostile_words_stay_in_their_cells(tmp_path: Path) -> None:
    scene = Scene()
    scene.enrol("ana")
    words = [fitting(each, Title) for each in hostile_strings(30)]
    scene.fleet([fitting(each, Id) for each in words], title=words[0])
    app = _app(scene, tmp_path)

    async with playing(app, (120, 40)) as pilot:
        for key, typed in (("2", "columns repo title state"), ("3", "columns title repo run")):
            await pilot.press(key, *("m" if key == "3" else ""))
            await _say(pilot, app, typed)
            await shows(pilot, f"columns: {typed.removeprefix('columns ')}")
            await pilot.press("G")
            await pilot.pause()
            assert_harmless(app, (120, 40))
