"""On a real terminal: every byte that comes out of the dashboard is ours, and `q` gives the terminal back."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from onloop.home import Home
from onloop.machine.task import Verdict
from onloop_tui.store_access import access_of
from support.new_home import make_home
from support.tui_scenes import Scene
from support.waiting import DEADLINE_S

OSC_52, TITLE, C1 = "\x1b]52;c;cHduZWQ=\x07", "\x1b]0;owned\x07", "\x9b5m"
ATTACK = f"{OSC_52}{TITLE}{C1}\x1b]8;;http://evil\x1b\\"


def _hostile_home(folder: Path) -> Home:
    home = Home(folder / "store")
    make_home(home)
    scene = Scene(store=access_of(home).open().store)
    (task,) = scene.fleet([f"cart{ATTACK}"], title=ATTACK)
    scene.submit(task, ATTACK)
    scene.passes(task, "patched", ATTACK)
    scene.passes(task, "notes", ATTACK)
    scene.report(task, "tests", Verdict.FAIL, f"landmark {ATTACK}", ATTACK)
    scene.store.close()
    return home


def _read_until(terminal: int, sought: bytes, seen: bytearray) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while sought not in seen:
        assert time.monotonic() < deadline, f"{sought!r} never came: {bytes(seen[-2000:])!r}"
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break


def _dashboard(home: Home, **more: str) -> tuple[subprocess.Popen[bytes], int]:
    """The dashboard, and the terminal that it runs in."""
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **more}
    process = subprocess.Popen(
        [sys.executable, "-m", "onloop_tui", str(home.store)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
    )
    os.close(theirs)
    return process, terminal


def test_a_paste_with_control_bytes_sends_nothing_and_the_editor_has_the_terminal_and_gives_it_back(
    tmp_path: Path,
) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\nprint('THE EDITOR' + ' RUNS')\nfile = pathlib.Path(sys.argv[1])\n"
        "file.write_text('from the editor:\\n' + file.read_text())\n"
    )
    dashboard, terminal = _dashboard(_hostile_home(tmp_path), VISUAL=f"{sys.executable} {editor}")
    try:
        _read_until(terminal, b"landmark", bytearray())
        os.write(terminal, b"M")
        _read_until(terminal, b"hown to people who look for it", bytearray())
        os.write(terminal, b"\x1b[200~one\r\n\x1b[31mtwo\r\n\x1b[201~")
        _read_until(terminal, "␛[31mtwo".encode(), bytearray())
        os.write(terminal, b"\x07")
        seen = bytearray()
        _read_until(terminal, b"THE EDITOR RUNS", seen)
        _read_until(terminal, b"from the editor:", bytearray())
        os.write(terminal, b"\x11")
        _read_until(terminal, b"\x1b[?1049l", bytearray())
        assert dashboard.wait(DEADLINE_S) == 0
        assert b"\x1b[?1049l" in seen, "the editor has the terminal as it was before"
    finally:
        dashboard.kill()
        dashboard.wait()
        os.close(terminal)


def test_nothing_that_an_agent_wrote_is_obeyed_by_a_real_terminal(tmp_path: Path) -> None:
    dashboard, terminal = _dashboard(_hostile_home(tmp_path))
    seen = bytearray()
    try:
        _read_until(terminal, b"landmark", seen)
        os.write(terminal, b"\r")
        _read_until(terminal, b"What now?", seen)
        os.write(terminal, b"G")
        _read_until(terminal, b"what the agent says", seen)
        os.write(terminal, b"\x1b")
        _read_until(terminal, b" quit", bytearray())
        os.write(terminal, b"q")
        _read_until(terminal, b"\x1b[?1049l", seen)
        assert dashboard.wait(DEADLINE_S) == 0
    finally:
        dashboard.kill()
        dashboard.wait()
        os.close(terminal)
    shown = seen.decode("utf-8", "replace")
    assert "␛]52;c;cHduZWQ=␇" in shown
    assert not re.search(r"\x1b\](52|0|8);|[\x80-\x9f]", shown)
