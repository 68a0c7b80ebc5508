"""^Z and fg under a real shell, in a plain terminal and in GNU screen: each has the terminal as it knows it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from onloop.attention.board import Board
from onloop.home import Home
from onloop.records import replace
from onloop_tui.model.chrome.absence import Absence
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.store_access import access_of
from support.new_home import make_home
from support.tmux_pane import Pane, needs_tmux, shell
from support.tui_scenes import Scene, busy, playing, shows

pytestmark = needs_tmux
needs_screen = pytest.mark.skipif(shutil.which("screen") is None, reason="GNU screen is not installed")
SIZE = (100, 30)


def _home(folder: Path) -> tuple[Home, Scene]:
    home = Home(folder / "store")
    make_home(home)
    scene = Scene(store=access_of(home).open().store)
    scene.fleet(["billing", "cart"])
    return home, scene


def _environment(folder: Path, **more: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PS1": "READY> ",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "COLORTERM": "truecolor",
        **more,
    }


@contextmanager
def _under_a_shell(folder: Path, home: Home, **more: str) -> Iterator[Pane]:
    with shell(folder, _environment(folder, **more), SIZE) as pane:
        pane.shows("READY>")
        pane.type(f"{sys.executable} -m onloop_tui {home.store}; echo ended with $?")
        pane.press("Enter")
        pane.shows("[1 Inbox]", "? keys")
        yield pane


def _modes_of(pane: Pane) -> tuple[str, ...]:
    return tuple(pane.told(name) for name in ("alternate_on", "mouse_any_flag", "cursor_flag", "wrap_flag"))


def _echoes(pane: Pane) -> None:
    pane.type("stty -a | grep -c -w 'echo'; echo said")
    pane.press("Enter")
    pane.shows("\nsaid")


def test_z_gives_the_terminal_back_and_fg_shows_what_happened_meanwhile(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)

    with _under_a_shell(tmp_path, home) as pane:
        dashboard = _modes_of(pane)
        pane.press("C-z")
        pane.shows("Stopped", "READY>")
        assert _modes_of(pane) == ("0", "0", "1", "1")
        _echoes(pane)
        scene.wants_approval("r7k2m.1")
        pane.type("fg; echo ended with $?")
        pane.press("Enter")
        pane.shows("[1 Inbox]", "back after", "needs you 1, before 0", "approve")
        assert _modes_of(pane) == dashboard
        pane.press("q")
        pane.shows("ended with 0", "READY>")
        assert _modes_of(pane) == ("0", "0", "1", "1")


def test_a_dashboard_that_was_stopped_by_force_has_its_terminal_again_when_it_goes_on(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)

    with _under_a_shell(tmp_path, home) as pane:
        dashboard = _modes_of(pane)
        os.kill(pane.process, signal.SIGSTOP)
        pane.shows("Stopped")
        pane.type("clear; tput rmcup; fg; echo ended with $?")
        pane.press("Enter")
        pane.shows("[1 Inbox]", "? keys", without="Stopped")
        assert _modes_of(pane) == dashboard
        pane.insist("2", "[2 Tree]")
        pane.press("q")
        pane.shows("ended with 0")


def test_a_machine_that_slept_wakes_to_a_dashboard_with_its_keys(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)

    with _under_a_shell(tmp_path, home) as pane:
        os.kill(pane.process, signal.SIGCONT)
        pane.insist("2", "[2 Tree]")
        pane.press("q")
        pane.shows("ended with 0", "READY>")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(tmp_path: Path, number: signal.Signals) -> None:
    home, _ = _home(tmp_path)

    with _under_a_shell(tmp_path, home) as pane:
        os.kill(pane.process, number)
        pane.shows("ended with", "READY>")
        if number is signal.SIGTERM:  # on a hang-up there is no terminal to be given back
            assert _modes_of(pane) == ("0", "0", "1", "1")
            _echoes(pane)


def test_where_no_shell_would_bring_it_back_it_goes_on(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)

    with shell(tmp_path, _environment(tmp_path), SIZE) as pane:
        pane.shows("READY>")
        pane.type(f"exec sh -c '{sys.executable} -m onloop_tui {home.store}; echo ended with $?; exec cat'")
        pane.press("Enter")
        pane.shows("[1 Inbox]")
        pane.insist("C-z", "no shell would bring it back")
        pane.press("q")
        pane.shows("ended with 0")


async def test_a_demo_is_left_and_not_suspended() -> None:
    app = busy().dashboard(ask_on_quit=True)

    async with playing(app, SIZE) as pilot:
        await shows(pilot, "approve")
        await pilot.press("ctrl+z")
        await shows(pilot, "q leaves a demo")


def test_what_happened_is_counted_or_said_to_be_nothing() -> None:
    left = Absence(since=0, seq=5, needed=2)
    three = Board(counts=replace(Board().counts, needs_you=3))

    assert left.told(90_000, Snapshot(seq=5)).text == "back after 1m: nothing happened"
    assert left.told(90_000, Snapshot(seq=9, board=three)).text == "back after 1m: 4 events, needs you 3, before 2"


@needs_screen
def test_in_gnu_screen_it_starts_is_resized_and_gives_the_terminal_back(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)
    folder = tmp_path / "screens"
    folder.mkdir(mode=0o700)
    environment = _environment(tmp_path, SCREENDIR=str(folder), SCREENRC="/dev/null")

    with shell(tmp_path, environment, SIZE) as pane:
        pane.shows("READY>")
        try:
            pane.type("screen bash --norc")
            pane.press("Enter")
            pane.shows("READY>")
            pane.type(f"{sys.executable} -m onloop_tui {home.store}; echo ended with $?")
            pane.press("Enter")
            pane.shows("[1 Inbox]", "? keys")
            pane.tmux("resize-window", "-x", "70", "-y", "20")
            pane.shows("[1 Inbox] 2 Tree", "\n working 0 · advisory")
            pane.insist("2", "[2 Tree]")
            pane.press("C-z")
            pane.shows("Stopped")
            pane.type("fg; echo ended with $?")
            pane.press("Enter")
            pane.shows("[2 Tree]", "back after")
            pane.press("q")
            pane.shows("ended with 0")
            _echoes(pane)
        finally:
            subprocess.run(["screen", "-X", "quit"], env={**os.environ, **environment}, check=False)
