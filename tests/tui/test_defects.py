"""A defect of ours ends the dashboard in one line, with a trace that keeps no values; leaving is never one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onloop.defects import MOST_KEPT, kept_defect
from onloop.errors import Exit
from onloop.home import Home
from onloop_tui.screens.help_screen import HelpScreen
from support.new_home import make_home
from support.tui_scenes import NOON, busy, playing, shows
from support.waiting import DEADLINE_S

BROKEN = """
import sys
from onloop_tui import __main__ as entry
def broken(dashboard):
    passphrase = "correct horse " + "battery staple"
    raise LookupError(f"no \\x1b[31mbook of {len(passphrase)}\\nlines")
entry.Dashboard.action_keys = broken
sys.exit(entry.main())
"""


def started(folder: Path, *command: str) -> tuple[subprocess.Popen[bytes], int]:
    """A dashboard of a new store, and the terminal that it runs in."""
    home = Home(folder / "store")
    make_home(home)
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *command, str(home.store)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **os.environ,
            "TERM": "xterm-256color",
            "COLUMNS": "100",
            "LINES": "30",
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        start_new_session=True,
    )
    os.close(theirs)
    return process, terminal


def left_with(folder: Path, keys: bytes, *command: str) -> tuple[int, str]:
    """How the dashboard ends after these keys, and all that the terminal was given."""
    dashboard, terminal = started(folder, *command)
    seen, deadline, is_typed = bytearray(), time.monotonic() + DEADLINE_S, False
    try:
        while dashboard.poll() is None or select.select([terminal], [], [], 0)[0]:
            assert time.monotonic() < deadline, bytes(seen[-2000:])
            if not is_typed and b" quit" in seen:
                is_typed = bool(os.write(terminal, keys))
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    break
        return dashboard.wait(DEADLINE_S), seen.decode("utf-8", "replace")
    finally:
        dashboard.kill()
        dashboard.wait()
        os.close(terminal)


def test_what_is_typed_after_the_last_key_is_not_for_screens_that_are_going(tmp_path: Path) -> None:
    code, seen = left_with(tmp_path, b"q?O:\x06v?/1?", "-m", "onloop_tui")

    assert code == 0
    assert "Traceback" not in seen and "defect" not in seen


async def test_a_screen_that_opens_while_the_dashboard_leaves_is_no_defect() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "needs you")
        app.push_screen(HelpScreen())
        app.exit("quit")
    assert app.defect is None and app.return_value == "quit"


def test_a_defect_is_said_in_one_line_and_its_trace_keeps_no_values(tmp_path: Path) -> None:
    code, seen = left_with(tmp_path, b"?", "-c", BROKEN)

    (kept,) = (tmp_path / "state" / "onloop" / "defects").iterdir()
    after = seen.rpartition("\x1b[?1049l")[2]
    assert code == Exit.INTERNAL
    assert "onloop: the dashboard ended by a defect of ours: LookupError (<string>:6)" in after
    assert "book of" not in after
    assert f"please report it with {kept}" in after
    assert "Traceback" not in seen and "battery" not in seen
    trace = kept.read_text()
    assert "LookupError" in trace and "in broken" in trace
    assert "horse battery" not in trace and "\x1b" not in trace
    assert kept.stat().st_mode & 0o777 == 0o600


def test_only_the_newest_traces_are_kept_and_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    for second in range(MOST_KEPT + 3):
        kept_defect(ValueError("broken"), "onloop", NOON + second * 1000, tmp_path / "defects")
    (tmp_path / "a-file").write_text("")

    names = sorted(path.name for path in (tmp_path / "defects").iterdir())
    assert len(names) == MOST_KEPT
    assert names[-1] >= max(names) and names[0].startswith("20")
    refused = kept_defect(ValueError("broken"), "onloop", NOON, tmp_path / "a-file")
    assert refused.hint.startswith("try again; please report it (its trace cannot be kept: ")


def test_a_trace_keeps_no_message_of_what_went_wrong_or_of_what_led_to_it(tmp_path: Path) -> None:
    (tmp_path / "20000101-000000-in-the-way.txt").mkdir()
    for number in range(MOST_KEPT + 1):
        told = kept_defect(_linked("hunter2"), "onloop", NOON + number * 1000, tmp_path)

    assert "hunter2" not in told.message
    trace = (tmp_path / told.hint.rpartition("/")[2]).read_text()
    assert "hunter2" not in trace
    assert [row for row in trace.splitlines() if not row.startswith(" ")] == ["KeyError", "ValueError", "LookupError"]
    assert "in _linked" in trace and "int(secret)" in trace


def _linked(secret: str) -> BaseException:
    """An error with others that led to it, in a circle."""
    first, last = KeyError(secret), LookupError(f"not {secret}")
    try:
        try:
            try:
                raise first
            except KeyError:
                int(secret)
        except ValueError as wrong:
            wrong.add_note(secret)
            raise last from wrong
    except LookupError:
        first.__context__ = last
    return last


@pytest.mark.parametrize("text", ["", "\x1b]0;owned\x07" * 1000])
def test_what_a_defect_says_is_short_and_safe(text: str, tmp_path: Path) -> None:
    told = kept_defect(ValueError(text), "onloop", NOON, tmp_path).message

    assert len(told) < 300 and told.isprintable()
