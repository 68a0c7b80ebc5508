"""A person's settings: read strictly, with the place of every mistake; in force while the dashboard runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop_tui.__main__ import _read
from onloop_tui.app import Dashboard
from onloop_tui.bindings import KEYS, VIEWS, answer_keys, textual_keymap
from onloop_tui.edited_files import Files
from onloop_tui.keymap import remapped
from onloop_tui.model.ground.acts import Act
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.screens.help_screen import HelpScreen
from onloop_tui.session import Session
from onloop_tui.settings import Settings, SettingsError, StartView, ThemeName, settings_file
from onloop_tui.settings_reader import load_settings
from support.tui_scenes import Scene, busy, play, playing, screen_text, shows, until

ALL = """\
theme: light
bell: false
osc: false
keys: {approve: [K, f2], next: [é]}
filters: {mine: "owner:coder state:working"}
start: fleet
""".encode()


def _problems(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(text.encode(), "d.yaml")
    return caught.value.problems


def test_every_setting_is_read() -> None:
    read = load_settings(ALL, "d.yaml")

    assert (read.theme, read.bell, read.osc, read.start) == (ThemeName.LIGHT, False, False, StartView.FLEET.where)
    assert read.filters == {"mine": "owner:coder state:working"}
    assert answer_keys(read.keys)[Act.APPROVE] == "K F2"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\n\n"])
def test_an_empty_file_says_nothing_and_the_defaults_hold(text: str) -> None:
    assert load_settings(text.encode(), "d.yaml") == Settings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hue: red\n", "d.yaml:1:1: unknown field 'hue' in the settings; valid fields: theme, bell, osc, keys,"),
        ("theme: pink\n", "d.yaml:1:8: theme cannot be 'pink'; give one of: dark, light, ansi, mono"),
        ("bell: yes\n", "d.yaml:1:7: bell is 'yes' (a text); give true or false"),
        ("start: home\n", "d.yaml:1:8: start cannot be 'home'; give one of: inbox, tree, fleet, agents, log"),
        ("theme: dark\ntheme: light\n", "d.yaml:2:1: "),
        ("keys: {aprove: [A]}\n", "d.yaml:1:8: there is no key named 'aprove'; did you mean approve? "),
        ("keys: {approve: [r]}\n", "d.yaml:1:18: 'r' would mean both approve and reject; give reject another key too"),
        ("keys: {approve: [K], retry: [K]}\n", "d.yaml:1:30: 'K' would mean both retry and approve; "),
        ("keys: {approve: [K, K]}\n", "d.yaml:1:21: 'K' appears twice for approve; write it once"),
        (
            "keys: {approve: [ctrl+q]}\n",
            "d.yaml:1:18: 'ctrl+q' is not a key that can be set; write a character such as",
        ),
        ('keys: {approve: ["\\e"]}\n', "d.yaml:1:18: a text with the character U+001B in it; leave it out"),
        ("keys: {approve: A}\n", "d.yaml:1:17: approve is 'A' (a text); give a list"),
        ("keys: {approve: []}\n", "d.yaml:1:17: approve is an empty list; give at least 1"),
        (
            "filters: {mine: 'state:odd'}\n",
            "d.yaml:1:17: mine: unknown state 'odd' at column 7; use one of submitted working",
        ),
        ("filters: {Mine: x}\n", "d.yaml:1:11: a filter cannot be called 'Mine'; start with a letter"),
        ("filters: {approve: x}\n", "d.yaml:1:11: :approve already has a meaning; call it my-approve"),
        ("- theme\n", "d.yaml:1:1: the file is a list; give a mapping of fields"),
        ("theme: [\n", "d.yaml:2:1: this is not YAML: "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_work(text: str, problem: str) -> None:
    assert _problems(text)[0].startswith(problem)


def test_one_mistake_does_not_hide_another() -> None:
    problems = _problems("theme: pink\nkeys: {approve: [r]}\nfilters: {Mine: x}\n")

    assert [problem.split(": ")[0] for problem in problems] == ["d.yaml:1:8", "d.yaml:2:18", "d.yaml:3:11"]


def test_two_keys_may_change_places() -> None:
    keys = load_settings(b"keys: {approve: [r], reject: [a]}\n", "d.yaml").keys

    assert textual_keymap(keys) == {"approve": "r", "reject": "a"}


def test_keys_that_stay_are_not_told_to_textual() -> None:
    assert textual_keymap(remapped({})) == {}


def test_words_are_unique_because_settings_and_commands_go_by_them() -> None:
    words = [key.word for key in KEYS]

    assert len(words) == len(set(words))


def test_a_person_can_start_in_every_view() -> None:
    assert [start.where for start in StartView] == [*VIEWS]


@pytest.mark.parametrize(
    ("given", "found"),
    [("/etc/xdg", "/etc/xdg/onloop/dashboard.yaml"), ("relative", "~/.config/onloop/dashboard.yaml"), ("", None)],
)
def test_settings_are_where_the_xdg_specification_wants_them(given: str, found: str | None) -> None:
    wanted = Path(found or "~/.config/onloop/dashboard.yaml").expanduser()

    assert settings_file({"XDG_CONFIG_HOME": given} if given else {}) == wanted


def _app(scene: Scene, file: Path) -> Dashboard:
    return Dashboard(Session(scene.place, scene.clock, scene.person()), files=Files(file, (file.parent / ".onloop",)))


async def test_settings_hold_from_the_moment_they_are_saved(tmp_path: Path) -> None:
    scene, file = busy(), tmp_path / "dashboard.yaml"
    app = _app(scene, file)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        assert app.theme == "onloop-dark"
        file.write_text("theme: light\nkeys: {why: [V], filter: [f2]}\n")
        await shows(pilot, "F2 filter", "dashboard.yaml is in force")
        assert app.theme == "onloop-light"
        await pilot.press("w")
        await pilot.press("V")
        await shows(pilot, "cleared by")
        await pilot.press("escape", "?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("pagedown")
        await shows(pilot, "V        why it is here")
        await pilot.press("escape")
        file.unlink()
        await shows(pilot, "/ filter", "is gone; the defaults are in force")
        assert app.theme == "onloop-dark"


async def test_a_key_that_was_given_away_does_nothing_any_more() -> None:
    scene = busy()
    settings = load_settings(b"keys: {approve: [K], why: [V]}\n", "d.yaml")
    app = Dashboard(Session(scene.place, scene.clock, scene.person(), settings=settings))

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("a", "w")
        await pilot.pause()
        assert not app.main.sheet.is_open
        assert "cleared by" not in screen_text(app)
        await pilot.press("K")
        await until(pilot, lambda: app.main.sheet.mode in {Mode.SHOWN, Mode.CONFIRMING})
        await shows(pilot, "K approve")


async def test_a_broken_file_is_named_until_it_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.yaml"
    file.write_text("theme: light\n")
    app = _app(busy(), file)

    async with playing(app) as pilot:
        await until(pilot, lambda: app.theme == "onloop-light")
        file.write_text("theme: pink\n")
        await shows(pilot, "dashboard.yaml:1:8: theme cannot be 'pink'", "the last good ones stay in force")
        assert app.theme == "onloop-light"
        (tmp_path / ".onloop").mkdir()
        (tmp_path / ".onloop" / "feature.yaml").write_text("workflow: [\n")
        await shows(pilot, ".onloop/feature.yaml:2:1: ", "no run can begin with it")
        file.write_text("theme: light\nbell: true\n")
        await until(pilot, lambda: "pink" not in screen_text(app))
        (tmp_path / ".onloop" / "feature.yaml").unlink()
        await until(pilot, lambda: "⚠" not in screen_text(app))


def test_a_named_filter_and_a_theme_are_commands() -> None:
    scene = busy()
    settings = load_settings(b"filters: {coders: 'state:working'}\nstart: agents\n", "d.yaml")
    app = Dashboard(Session(scene.place, scene.clock, scene.person(), settings=settings))

    async def say(pilot: Pilot[str], words: str) -> None:
        await pilot.press(":")
        await until(pilot, lambda: app.main.prompt.is_open)
        app.main.prompt.line.value = words
        await pilot.press("enter")

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "[4 Agents]")
        await say(pilot, "coders")
        await shows(pilot, "only state:working")
        await say(pilot, "theme mono")
        await shows(pilot, "theme mono until you leave")
        assert app.no_color
        await say(pilot, "theme pink")
        await shows(pilot, "unknown theme 'pink'; give one of dark, light, ansi, mono")
        await pilot.press("escape", "ctrl+p", *"light")
        await shows(pilot, "other colours, until you leave")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.theme == "onloop-light")

    asyncio.run(play(app, story))


def test_what_is_asked_for_and_broken_or_missing_is_said_on_the_error_stream(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.yaml").write_text("theme: pink\n")

    assert _read(tmp_path / "d.yaml", is_asked_for=True) == Settings()
    assert _read(tmp_path / "none.yaml", is_asked_for=True) == Settings()
    assert _read(tmp_path / "none.yaml", is_asked_for=False) == Settings()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "d.yaml:1:8: theme cannot be 'pink'" in said[0]
    assert said[0].endswith("; the defaults are in force")
    assert said[1].endswith("none.yaml; the defaults are in force until it exists")
