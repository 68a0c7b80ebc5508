"""Where the dashboard begins: by a role, by the settings, or where one left it; and where that is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onloop_tui.app import Dashboard
from onloop_tui.last_places import LARGEST, LastPlace, LastPlaces, places_folder
from onloop_tui.session import Session
from onloop_tui.settings import ROLE_VIEWS, Settings, StartView
from support.tui_scenes import Scene, busy, playing, screen_lines, screen_text, shows, until


def _scene() -> Scene:
    scene = busy()
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    return scene


def _app(scene: Scene, folder: Path, role: str | None = None, settings: Settings | None = None) -> Dashboard:
    memory = LastPlaces(folder)
    return Dashboard(Session(scene.place, scene.clock, scene.person(), memory=memory, role=role, settings=settings))


async def test_the_last_place_is_where_the_next_dashboard_begins(tmp_path: Path) -> None:
    scene = _scene()
    async with playing(_app(scene, tmp_path)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("2", "O", *"second", "enter", "/", *"beta", "enter")
        await shows(pilot, "only run z9z9z", "1 found")
        await pilot.press("G", "q")

    app = _app(scene, tmp_path)
    async with playing(app) as pilot:
        await shows(pilot, "[2 Tree]", "only run z9z9z", "1 found")
        await until(pilot, lambda: any("▶" in line and "z9z9z.2" in line for line in screen_lines(app)))


@pytest.mark.parametrize(
    ("role", "tab"), [("engineer", "[2 Tree]"), ("approver", "[1 Inbox]"), ("operator", "[3 Fleet]")]
)
async def test_a_role_begins_with_its_view_whatever_the_last_place_was(tmp_path: Path, role: str, tab: str) -> None:
    scene = _scene()
    async with playing(_app(scene, tmp_path)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("5", "q")
    app = _app(scene, tmp_path, role)

    async with playing(app) as pilot:
        await shows(pilot, tab, "working 1")
    assert set(ROLE_VIEWS) == {"engineer", "approver", "operator"}


async def test_a_view_in_the_settings_wins_over_the_last_place(tmp_path: Path) -> None:
    scene = _scene()
    async with playing(_app(scene, tmp_path)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("5", "q")

    async with playing(_app(scene, tmp_path, settings=Settings(start=StartView.AGENTS.where))) as pilot:
        await shows(pilot, "[4 Agents]", "working 1")


async def test_what_is_gone_is_left_out_and_a_strange_file_begins_at_the_inbox(tmp_path: Path) -> None:
    scene = _scene()
    async with playing(_app(scene, tmp_path)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("q")
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600

    strange = '{"view": "tree", "run": "gone1", "kind": "task", "row": "gone1.7", "filters": {"tree": "state:odd"}}'
    for text, tab in ((strange, "[2 Tree]"), ("[1, 2", "[1 Inbox]"), ('{"view": "quit()"}', "[1 Inbox]")):
        file.write_text(text)
        app = _app(scene, tmp_path)
        async with playing(app) as pilot:
            await shows(pilot, tab, "working 1")
            assert "only run" not in screen_text(app)


def test_a_file_of_another_kind_or_too_large_is_not_read(tmp_path: Path) -> None:
    memory = LastPlaces(tmp_path)
    memory.write("store", "ana", LastPlace("tree", filters={"tree": "x" * LARGEST}))
    assert list(tmp_path.iterdir()) == []
    memory.write("store", "ana", LastPlace("tree", "r1"))
    assert memory.read("store", "ana") == LastPlace("tree", "r1")
    assert memory.read("store", "ben") is None
    (file,) = tmp_path.iterdir()
    file.unlink()
    os.mkfifo(file)
    assert memory.read("store", "ana") is None
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "elsewhere.json").write_text('{"view": "log"}')
    assert memory.read("store", "ana") is None
    assert places_folder({"XDG_STATE_HOME": "/x"}) == Path("/x/onloop-dashboard")
