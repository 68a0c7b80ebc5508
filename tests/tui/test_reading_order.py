"""Right to left, wide, and made of several: each text stays in its columns, and none moves ours."""

from __future__ import annotations

import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key
from textual.widgets import Input

from onloop.home import Home
from onloop_tui.model.drawing.terminal_text import cells
from onloop_tui.model.form.clusters import cluster_after, cluster_before
from onloop_tui.store_access import access_of
from onloop_tui.terminal.reading_order import as_read, leaves_order_to_us
from onloop_tui.terminal_input import TerminalInput
from onloop_tui.widgets.form_entry import LinesEntry
from support.new_home import make_home
from support.slow_line import on_slow_line
from support.tmux_pane import needs_tmux, pane
from support.tui_decisions import entry
from support.tui_scenes import Scene, busy, playing, shows
from support.waiting import DEADLINE_S

TITLES = {
    "hebrew": "תיקון של המנתח 12",
    "arabic": "إصلاح المحلل ٣",
    "chinese": "修复解析器的错误",
    "family": "fix 👩\u200d👩\u200d👧 now",
    "sign": "warn ⚠\ufe0f here",
    "flag": "ship 🇩🇪 first",
    "marks": "cafe\u0301 o\u0308ffnen",
    "tab": "one\ttwo",
    "override": "safe\u202eevil\u202c",
    "isolate": "a\u2067b\u2069c",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fix the parser", "fix the parser"),
        ("fix שלום עולם 12 now", "fix 12 םלוע םולש now"),
        ("תקן (את 3.14) abc", "(3.14 תא) ןקת abc"),
        ("שָׁלוֹם", "םוֹלשָׁ"),
        ("修复 שלום", "修复 םולש"),
    ],
)
def test_what_is_hebrew_or_arabic_stands_from_right_to_left_and_nothing_else_moves(written: str, read: str) -> None:
    assert as_read(written) == read


@given(st.text("abשלمر12 ().:,·修\u0301", max_size=30))
def test_turning_keeps_every_character_but_brackets_and_every_cell(text: str) -> None:
    read = as_read(text)

    assert Counter(read.translate({ord("("): ")"})) == Counter(text.translate({ord("("): ")"}))
    assert cells(read) == cells(text)


def test_only_a_terminal_that_would_reorder_and_can_be_told_not_to_leaves_it_to_us() -> None:
    assert leaves_order_to_us({"VTE_VERSION": "7600"})
    assert not leaves_order_to_us({"VTE_VERSION": "7600", "TMUX": "tmux,1,0"})
    assert not leaves_order_to_us({"TERM": "xterm-256color"})


@pytest.mark.parametrize(
    "whole", ["é", "e\u0301", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪", "⚠\ufe0f", "한", "ש\u05c1\u05b8"]
)
def test_a_character_is_one_however_many_it_consists_of(whole: str) -> None:
    text = f"a{whole}b"

    assert cluster_after(text, 1) == 1 + len(whole)
    assert cluster_before(text, 1 + len(whole)) == 1
    assert cluster_before(text, 1) == 0
    assert cluster_after(text, len(text)) == len(text)


def test_two_flags_are_two() -> None:
    assert cluster_before("🇩🇪🇫🇷", 4) == 2
    assert cluster_after("🇩🇪🇫🇷", 0) == 2


@given(st.text("ae\u0301👩\u200d🇩🇪👍🏽 ש\u05c1", max_size=20), st.integers(0, 20))
def test_the_cursor_always_gets_to_both_ends(text: str, start: int) -> None:
    at = min(start, len(text))
    while at < len(text):
        at, before = cluster_after(text, at), at
        assert at > before
    while at > 0:
        at, before = cluster_before(text, at), at
        assert at < before


def _said(field: Input | LinesEntry) -> str:
    return field.value if isinstance(field, Input) else field.words


@pytest.mark.parametrize("key", ["r", "slash"])
async def test_backspace_and_the_cursor_go_by_what_a_person_sees_as_a_character(key: str) -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press(key)
        said = partial(_said, app.main.prompt.line if key == "slash" else await entry(pilot))
        typed = [token for token in TerminalInput().feed("abe\u0301ש修") if isinstance(token, Key)]
        for token in typed:
            app.post_message(token)
            await pilot.pause()
        await pilot.press("left", "left", "left", "x")
        assert said() == "abxe\u0301ש修"
        await pilot.press("end", "backspace", "backspace", "backspace")
        assert said() == "abx"
        await pilot.press("home", "delete")
        assert said() == "bx"


def _home(folder: Path) -> Home:
    home = Home(folder / "store")
    make_home(home)
    scene = Scene(store=access_of(home).open().store)
    for number, title in enumerate(TITLES.values()):
        (task,) = scene.fleet(["billing"], run=f"q{number:04}", title=title)
        scene.asks(task, f"{title}?")
    scene.store.close()
    return home


@needs_tmux
def test_in_a_real_terminal_every_such_text_leaves_what_is_beside_it_where_it_is(tmp_path: Path) -> None:
    home = _home(tmp_path)

    with pane(tmp_path, str(home.store), size=(100, 40)) as terminal:
        terminal.shows("[1 Inbox]", "question")
        terminal.insist("2", "[2 Tree]", "修复解析器的错误")
        rows = [row for row in terminal.screen.splitlines() if any(f"q{n:04}" in row for n in range(len(TITLES)))]
        assert "\u202e" not in terminal.screen
        assert "‹U+202E›" in terminal.screen
        assert len(rows) >= len(TITLES)
        terminal.press("q")
        terminal.shows("it ended with 0")


def test_a_terminal_that_would_reorder_is_told_not_to_and_told_again_at_the_end(tmp_path: Path) -> None:
    home = _home(tmp_path)
    environment = {**os.environ, "TERM": "xterm-256color", "VTE_VERSION": "7600", "XDG_STATE_HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment.pop("TMUX", None)
    argv = (sys.executable, "-m", "onloop_tui", str(home.store))
    line = on_slow_line(argv, environment, size=(100, 40), one_way_s=0.0, rate=1e9)
    try:
        line.until(b"Inbox", DEADLINE_S)
        line.press(b"2")
        line.until("חתנמה".encode(), DEADLINE_S)
        line.press(b"\x11")
        line.until(b"\x1b[?1049l", DEADLINE_S)
    finally:
        os.kill(line.pid, 9)
        os.waitpid(line.pid, 0)
    sent = bytes(line.arrived)
    assert sent.index(b"\x1b[8l") < sent.index("חתנמה".encode()) < sent.index(b"\x1b[8h")
