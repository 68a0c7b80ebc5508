"""Colours: readable in each theme, and never all that there is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import dim_color
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from onloop_tui.app_messages import ThemeWanted
from onloop_tui.bindings import VIEWS as WHERES
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.screens.help_screen import HelpScreen
from onloop_tui.screens.main_screen import VIEWS
from onloop_tui.session import Session
from onloop_tui.settings import Settings, ThemeName
from onloop_tui.theme import component
from support.tui_scenes import busy, play, playing, shows, until

SIZE = (120, 40)
READABLE = 4.5
"""What WCAG 2.1 asks of text at level AA."""


Row = Sequence[Segment]
_OF_OUR_OWN, _OF_THE_TERMINAL = (ThemeName.DARK, ThemeName.LIGHT, ThemeName.EVENING), (ThemeName.ANSI, ThemeName.MONO)
_TELLING = {
    ThemeName.ANSI: {"INBOX", "the sheet"},
    ThemeName.MONO: {*(view.where.name for view in VIEWS), "the sheet"},
}
Pictures = Mapping[ThemeName, Mapping[str, Sequence[Row]]]
"""What a terminal would be told to draw, by theme and screen."""


def _app(theme: ThemeName) -> Dashboard:
    scene = busy()
    return Dashboard(Session(scene.place, scene.clock, scene.person(), settings=Settings(theme=theme)))


async def _screens(app: Dashboard, pilot: Pilot[str]) -> AsyncIterator[str]:
    """Every view, the sheet, a form in it, the line that is typed into, and the help, one after the other."""
    await shows(pilot, "▶ ◆ approve")
    for view in VIEWS:
        await pilot.press(str(WHERES.index(view.where) + 1))
        await shows(pilot, f"{view.where.name.capitalize()}]")
        yield view.where.name
    await pilot.press("1", "enter")
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    yield "the sheet"
    await pilot.press("r")
    await shows(pilot, "reason")
    yield "a form"
    await pilot.press("escape", "escape")
    await until(pilot, lambda: not app.main.sheet.is_open)
    await pilot.press("/")
    await until(pilot, lambda: app.main.prompt.is_open)
    yield "the line that is typed into"
    await pilot.press("escape", "?")
    await until(pilot, lambda: isinstance(app.screen, HelpScreen))
    yield "help"


def _rows(app: Dashboard) -> list[Row]:
    return [[s for s in strip if s.text and not s.control] for strip in app.screen._compositor.render_strips()]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """One walk through all screens; on each, the themes that something is to be seen in there."""
    app = _app(ThemeName.DARK)
    taken: dict[ThemeName, dict[str, Sequence[Row]]] = {theme: {} for theme in ThemeName}

    async def story(pilot: Pilot[str]) -> None:
        async for where in _screens(app, pilot):
            for theme in ThemeName:
                if theme in _OF_THE_TERMINAL and where not in _TELLING[theme]:
                    continue
                app.on_theme_wanted(ThemeWanted(theme))
                await pilot.pause()
                await pilot.pause()
                taken[theme][where] = _rows(app)

    asyncio.run(play(app, story, SIZE))
    return taken


def _words(rows: Sequence[Row]) -> Iterator[Segment]:
    for row in rows:
        yield from (segment for segment in row if any(char.isalnum() for char in segment.text))


def _luminance(color: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", _OF_OUR_OWN)
def test_every_word_on_every_screen_can_be_read(pictures: Pictures, theme: ThemeName) -> None:
    faint: dict[str, str] = {}
    for where, rows in pictures[theme].items():
        for segment in _words(rows):
            style = segment.style
            assert style is not None and style.color is not None and style.bgcolor is not None
            ink, paper = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            if (ratio := _contrast(ink, paper)) < READABLE:
                faint[f"{ink.hex} on {paper.hex}: {ratio:.1f}"] = f"{where}: {segment.text[:40]!r}"

    assert len(pictures[theme]) == len(VIEWS) + 4
    assert faint == {}


@pytest.mark.parametrize("theme", _OF_THE_TERMINAL)
def test_themes_of_the_terminal_use_no_colours_of_their_own(pictures: Pictures, theme: ThemeName) -> None:
    styles = [segment.style or Style() for rows in pictures[theme].values() for segment in _words(rows)]
    found = {c for style in styles for c in (style.color, style.bgcolor) if c is not None and not c.is_default}

    assert bool(found) is (theme is ThemeName.ANSI)
    assert all(colour.number is not None and colour.number < 16 for colour in found)


@pytest.mark.parametrize("theme", _OF_OUR_OWN)
async def test_every_tone_can_be_read_on_every_ground_that_it_is_drawn_on(theme: ThemeName) -> None:
    app = _app(theme)
    faint: dict[str, float] = {}

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        colours = app.theme_variables
        grounds = {name: Color.parse(colours[name]) for name in ("background", "surface", "panel", "panel-lighten-1")}
        for tone in Tone:
            style = app.main.get_component_rich_style(component(tone), partial=True)
            if style.color is None:
                continue  # a ground: what is drawn on it is measured where it is drawn (test_diff_pictures)
            own = {"its own": Color.from_rich_color(style.bgcolor)} if style.bgcolor is not None else grounds
            for name, ground in own.items():
                ink = dim_color(ground.rich_color, style.color) if style.dim else style.color
                if (ratio := _contrast(Color.from_rich_color(ink), ground)) < READABLE:
                    faint[f"{tone} on {name}"] = round(ratio, 2)

    assert faint == {}


def _begins(row: Row, sign: str) -> bool:
    return "".join(segment.text for segment in row).strip().startswith(sign)


def _is_reverse(row: Row) -> bool:
    return any(segment.style is not None and segment.style.reverse for segment in row)


def test_without_colour_the_view_in_front_and_the_row_under_the_cursor_can_be_told(pictures: Pictures) -> None:
    for view in VIEWS:
        name = view.where.name
        rows = pictures[ThemeName.MONO][name]
        (under,) = [row for row in rows if _begins(row, "▶")]

        assert f"[{WHERES.index(view.where) + 1} {name.capitalize()}]" in "".join(segment.text for segment in rows[0])
        assert _is_reverse(under), name
        reverse = sum(_is_reverse([*_words([row])]) for row in rows)
        assert reverse <= 2, f"reverse marks the cursor, and little else: {name}"


async def test_without_colour_every_state_has_a_shape_and_a_word_and_a_mark_is_a_sign() -> None:
    app = _app(ThemeName.MONO)
    states = {"approve": "◆", "failing": "✗", "question": "?", "working": "●", "ready": "○", "canceled": "–"}

    async with playing(app, SIZE) as pilot:
        await shows(pilot, "▶ ◆ approve", "? question", "✗ failing")
        await pilot.press("space")
        await shows(pilot, "▶*◆ approve", "2 of 2 marked")
        await pilot.press("2")
        await shows(pilot, *(f"{shape} {word}" for word, shape in states.items()))

    assert len(set(states.values())) == len(states)


async def test_a_field_that_is_typed_into_shows_its_cursor_without_colour() -> None:
    app = _app(ThemeName.MONO)

    async with playing(app, SIZE) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("/", *"zz")
        await shows(pilot, "zz")
        assert any(_is_reverse(row) for row in _rows(app)[-3:] if _begins(row, "zz"))


@pytest.mark.parametrize(
    ("environment", "dressed"), [({"NO_COLOR": "1"}, "onloop-mono True"), ({}, "onloop-dark False")]
)
def test_the_wish_for_no_colour_is_honoured(environment: dict[str, str], dressed: str) -> None:
    script = (
        "from support.tui_scenes import Scene; app = Scene().dashboard(who=None);"
        "print(app.theme, any(type(each).__name__ == 'NoColor' for each in app.get_line_filters()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), "HOME": str(Path.home()), **environment},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == dressed


def test_a_theme_in_the_settings_is_a_wish_of_its_own_and_wins() -> None:
    app = _app(ThemeName.LIGHT)

    assert (app.theme, app.no_color) == ("onloop-light", False)
