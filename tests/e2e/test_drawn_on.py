"""The dashboard draws on the terminal, wherever standard error goes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

from support.waiting import DEADLINE_S
from support.world import World


def test_with_standard_error_in_a_file_the_screen_is_still_on_the_terminal(world: World) -> None:
    world.init()
    errors = world.folder / "err.txt"
    process, terminal = pty.fork()
    if process == 0:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT, 0o600), 2)
        environment = world.environment | {"TERM": "xterm-256color"}
        os.execve(sys.executable, [sys.executable, "-m", "onloop.cli.entry"], environment)  # noqa: S606
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        screen, ends = b"", time.monotonic() + DEADLINE_S
        while b"Inbox" not in screen:
            ready, _, _ = select.select([terminal], [], [], max(0.0, ends - time.monotonic()))
            assert ready, screen
            screen += os.read(terminal, 65_536)
    finally:
        os.close(terminal)
        os.kill(process, 9)
        os.waitpid(process, 0)

    assert b"Inbox" not in errors.read_bytes()
