"""At the end of a slow line: all of it arrives as it should look, sent as what differs, and the shell gets none."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from onloop.home import Home
from onloop_tui.store_access import access_of
from support.drawn_cells import DrawnCells
from support.new_home import make_home
from support.slow_line import ANSWER, QUESTION, SlowLine, on_slow_line
from support.tui_scenes import Scene
from support.waiting import DEADLINE_S

OUR_PEN = b"\x1b[0;"
"""How a change of style begins in what only differs; Textual sends two sequences for it."""


def _press_until_it_is_slow(line: SlowLine) -> None:
    """Go to and fro until only what differs comes: a line is known to be slow once an answer took long."""
    end = time.monotonic() + DEADLINE_S
    while OUR_PEN not in line.arrived:
        assert time.monotonic() < end, bytes(line.arrived[-2000:])
        line.press(b"2")
        line.until_quiet(1.0, 10.0)
        line.press(b"1")
        line.until_quiet(1.0, 10.0)


def test_what_differs_is_sent_and_the_far_terminal_shows_all_of_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    make_home(home)
    scene = Scene(store=access_of(home).open().store)
    for task in scene.fleet(["billing", "cart"]):
        scene.wants_approval(task)
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    argv = (sys.executable, "-m", "onloop_tui", str(home.store))
    line = on_slow_line(argv, environment, size=(80, 24), one_way_s=0.1, rate=20_000)
    try:
        line.until(QUESTION, DEADLINE_S)
        _press_until_it_is_slow(line)
        for key, words in ((b"2", "[2 Tree]"), (b"3", "[3 Fleet]"), (b"2", "[2 Tree]"), (b"1", "[1 Inbox]")):
            line.press(key)
            terminal = DrawnCells()
            while words not in terminal.text(24):
                line.turn()
                terminal = DrawnCells()
                terminal.feed(line.arrived.decode("utf-8", "replace"))
        while "approve release at ship.approve" not in terminal.text(24):
            line.turn()
            terminal.feed(line.arrived.decode("utf-8", "replace"))
        assert terminal.text(24).count("[1 Inbox]") == 1
        assert "Enter open" in terminal.text(24)
        line.press(b"\x11")
        line.until(b"\x1b[?1049l", DEADLINE_S)
        line.carry(2.0)
    finally:
        os.kill(line.pid, 9)
        os.waitpid(line.pid, 0)
    assert ANSWER not in line.arrived
