"""Views that people save: tabs with live counts, words after `:`, and a file that is read strictly and never lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onloop.attention.viewer import Scope
from onloop_tui.app import Dashboard
from onloop_tui.bindings import Where
from onloop_tui.edited_files import Files
from onloop_tui.saved_views import load_views, views_text
from onloop_tui.session import Session
from onloop_tui.settings import SavedView, Settings, SettingsError, views_file
from support.tui_scenes import Scene, busy, playing, shows, until
from tui.test_clicks import click


def _app(scene: Scene, file: Path, settings: Settings | None = None) -> Dashboard:
    return Dashboard(Session(scene.place, scene.clock, scene.person(), views_file=file, settings=settings))


async def _say(pilot, app: Dashboard, words: str) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("colon")
    await until(pilot, lambda: app.main.prompt.is_open)
    app.main.prompt.line.value = words
    await pilot.press("enter")


async def test_how_it_is_now_is_saved_as_a_tab_with_a_live_count_and_found_again(tmp_path: Path) -> None:
    scene, file = busy(), tmp_path / "dashboard-views.yaml"
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    app = _app(scene, file)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("8")
        await shows(pilot, ":save NAME keeps how it is now")
        await pilot.press("2", "O", *"second", "enter", "/", *"state:submitted", "enter")
        await _say(pilot, app, "save waits")
        await shows(pilot, "[7 waits 2]", "saved as :waits")
        await pilot.press("1", "escape")
        await shows(pilot, "[1 Inbox]", "7 waits 2")
        scene.asks("z9z9z.1", "Which?")
        await shows(pilot, "7 waits 1")
        await pilot.press("7")
        await shows(pilot, "[7 waits 1]", "only run z9z9z", "filter state is submitted")
        await pilot.press("escape", "escape")
        await click(pilot, "7 waits")
        await shows(pilot, "[7 waits 1]")
        await _say(pilot, app, "forget waits")
        await shows(pilot, ":waits is forgotten")
    assert load_views(file.read_bytes(), file.name) == ()


async def test_a_saved_view_is_a_word_and_a_bad_name_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    views = (SavedView("agents-of-mine", Where.AGENTS), SavedView("gone", Where.TREE, run="nope"))
    app = _app(busy(), file, Settings(views=views, filters={"mine": "owner:ana"}))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await _say(pilot, app, "agents-of")
        await shows(pilot, "4 Agents", "[7 agents-of-mine")
        await _say(pilot, app, "gone")
        await shows(pilot, "its run nope is gone; :forget gone removes the view")
        for words, told in (
            ("save Approve", ":approve already has a meaning"),
            ("save two words", "a view cannot be called 'two words'"),
            ("save mine", ":mine is a filter"),
            ("save", "save needs a name, such as :save mine"),
            ("forget nobody", "there is no saved view 'nobody'"),
        ):
            await _say(pilot, app, words)
            await shows(pilot, told)
            await pilot.press("escape")
    assert not file.exists()


async def test_a_broken_file_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    file.write_text("views:\n  - {name: mine, view: forest}\n")
    app = _app(busy(), file)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await _say(pilot, app, "save other")
        await shows(pilot, "v.yaml:2:24: ")
    assert "forest" in file.read_text()


@pytest.mark.parametrize("kind", ["a pipe", "an endless device", "too large"])
async def test_what_is_no_plain_file_is_said_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    file, scene = tmp_path / "dashboard-views.yaml", busy()
    if kind == "a pipe":
        os.mkfifo(file)
    elif kind == "an endless device":
        file.symlink_to("/dev/zero")
    else:
        file.write_text("# " + "x" * 4_000_000)
    app = _app(scene, file)
    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await _say(pilot, app, "save mine")
        await shows(pilot, "not a regular file" if kind != "too large" else "bytes")
    assert file.is_fifo() or file.is_symlink() or file.stat().st_size > 4_000_000


def test_saved_views_are_read_again_as_they_were_written() -> None:
    views = (SavedView("mine", Where.TREE, 'owner:ana !"two words"', "r1", Scope.EVERYBODY), SavedView("a", Where.LOG))

    assert load_views(views_text(views).encode(), "v.yaml") == views
    assert load_views(views_text(()).encode(), "v.yaml") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("views: [{name: Mine, view: tree}]\n", "v.yaml:1:16: a view cannot be called 'Mine'"),
        ("views: [{name: approve, view: tree}]\n", "v.yaml:1:16: :approve already has a meaning"),
        ("views: [{name: a, view: tree}, {name: a, view: log}]\n", "v.yaml:1:39: a second view 'a'"),
        ("views: [{name: a, view: tree, colour: red}]\n", "v.yaml:1:31: unknown field 'colour'"),
        ("views: [{view: tree}]\n", "v.yaml:1:9: "),
        ("views: [\n", "v.yaml:2:1: this is not YAML: "),
    ],
)
def test_every_mistake_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_views(text.encode(), "v.yaml")
    assert caught.value.problems[0].startswith(problem)


def test_the_file_is_followed_beside_the_settings_and_the_last_good_views_stay(tmp_path: Path) -> None:
    settings = tmp_path / "dashboard.yaml"
    files, file = Files(settings, ()), views_file(settings)
    first = files.look()
    assert first is not None and first.settings.views == ()
    file.write_text(views_text([SavedView("mine", Where.TREE)]))
    second = files.look()
    assert second is not None and [view.name for view in second.settings.views] == ["mine"]
    file.write_text("views: [{name: 7}]\n")
    third = files.look()
    assert third is not None and [view.name for view in third.settings.views] == ["mine"]
    assert "dashboard-views.yaml:1:" in third.problems[0]


async def test_tabs_with_long_names_have_a_line_of_their_own_in_a_narrow_terminal() -> None:
    views = tuple(SavedView(f"a-view-of-name-{number}", Where.TREE) for number in range(4))
    scene = busy()
    app = Dashboard(Session(scene.place, scene.clock, scene.person(), settings=Settings(views=views)))

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "6 Loop", "7 a-view-of-name-0 10", "8 a-view-of-name-1 10", "9 a-view-of-name-2 10")
        await pilot.press("8")
        await shows(pilot, "[8 a-view-of-name-1 10]", "needs you 7")


async def test_a_view_that_another_dashboard_saved_meanwhile_is_kept(tmp_path: Path) -> None:
    scene, file = busy(), tmp_path / "v.yaml"
    theirs, app = SavedView("theirs", Where.AGENTS), _app(scene, file)
    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        file.write_text(views_text([theirs]))  # nobody watches the file here, as in the moment before it is looked at
        await _say(pilot, app, "save mine")
        await shows(pilot, "saved as :mine")
        assert [view.name for view in load_views(file.read_bytes(), "v")] == ["theirs", "mine"]
        file.write_text(views_text([theirs, SavedView("mine", Where.INBOX), SavedView("more", Where.INBOX)]))
        await _say(pilot, app, "forget mine")
        await shows(pilot, ":mine is forgotten")
    assert [view.name for view in load_views(file.read_bytes(), "v")] == ["theirs", "more"]
