"""In a terminal of 16 colours: its own colours and no others, every tone to be told, and nothing faint."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest
from rich.style import Style

from onloop.home import Home
from onloop_tui.app_messages import ThemeWanted
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.settings import ThemeName
from onloop_tui.store_access import access_of
from onloop_tui.terminal.colour_depth import is_sixteen
from onloop_tui.theme import component
from support.new_home import make_home
from support.slow_line import on_slow_line
from support.tui_scenes import Scene, busy, playing, shows
from support.waiting import DEADLINE_S

READABLE = 4.5
VGA = ((0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170))
BRIGHT = tuple(
    tuple(85 if part in {0, 85} else 255 for part in colour) for colour in (*VGA[:3], (170, 170, 0), *VGA[4:])
)
"""The palette of the Linux console, where bold is bright."""
DEFAULT_INK = 7


@pytest.mark.parametrize(
    ("environment", "sixteen"),
    [
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm"}, True),
        ({"TERM": "screen"}, True),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "screen.xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({}, False),
    ],
)
def test_a_terminal_of_sixteen_colours_is_known_by_its_name(environment: dict[str, str], sixteen: bool) -> None:
    assert is_sixteen(environment) is sixteen


async def test_colours_that_the_terminal_has_not_are_not_asked_of_it_by_any_theme_but_mono() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        app.keep_to_sixteen()
        for theme in ThemeName:
            app.on_theme_wanted(ThemeWanted(theme))
            await pilot.pause()
            assert app.theme == ("onloop-mono" if theme is ThemeName.MONO else "ansi-dark")


def _luminance(colour: tuple[int, ...]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ink(style: Style) -> tuple[int, ...]:
    number = DEFAULT_INK if style.color is None or style.color.is_default else style.color.number
    assert number is not None
    assert number < len(VGA)
    return tuple((BRIGHT if style.bold else VGA)[number])


async def test_on_the_linux_console_every_tone_can_be_read_and_those_that_matter_told_apart() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        app.keep_to_sixteen()
        await pilot.pause()
        styles = {tone: app.main.get_component_rich_style(component(tone), partial=True) for tone in Tone}
        faint = {
            tone: ratio
            for tone, style in styles.items()
            if not style.reverse and (ratio := (_luminance(_ink(style)) + 0.05) / 0.05) < READABLE
        }
        apart = [Tone.PLAIN, Tone.ACCENT, Tone.GOOD, Tone.BAD, Tone.WARN, Tone.ADDED_WORD, Tone.REMOVED_WORD]

    assert faint == {}
    assert not any(style.dim for style in styles.values())
    assert len({str(styles[tone]) for tone in apart}) == len(apart)


@pytest.mark.parametrize("term", ["linux", "xterm-16color", "screen"])
def test_no_sequence_for_more_colours_leaves_it(tmp_path: Path, term: str) -> None:
    home = Home(tmp_path / "store")
    make_home(home)
    scene = Scene(store=access_of(home).open().store)
    (task,) = scene.fleet(["billing"])
    scene.wants_approval(task)
    environment = {**os.environ, "TERM": term, "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment.pop("COLORTERM", None)
    argv = (sys.executable, "-m", "onloop_tui", str(home.store))
    line = on_slow_line(argv, environment, size=(80, 24), one_way_s=0.0, rate=1e9)
    try:
        line.until(b"approve", DEADLINE_S)
        for key in b"23456":
            line.press(bytes([key]))
            line.until(f"[{key - 48} ".encode(), DEADLINE_S)
        line.press(b"\x11")
        line.until(b"\x1b[?1049l", DEADLINE_S)
    finally:
        os.kill(line.pid, signal.SIGKILL)
        os.waitpid(line.pid, 0)
    sent = {code for found in re.findall(rb"\x1b\[([\d;]*)m", bytes(line.arrived)) for code in found.split(b";")}

    assert b"31" in sent or b"35" in sent
    assert not sent & {b"38", b"48", b"2"}
