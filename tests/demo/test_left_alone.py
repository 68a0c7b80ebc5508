"""A demo whose dashboard is told to end, or loses its terminal, ends whatever it began."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from onloop.access.verifier_process import is_verifier_up
from onloop.agents.process_record import remembered_pid
from onloop.home import Home
from support.tmux_pane import Pane, needs_tmux, pane
from support.waiting import wait_for


def told_to_end(terminal: Pane) -> None:
    os.kill(terminal.process, signal.SIGTERM)
    terminal.shows("it ended with 0", "it stands still")


def hung_up(terminal: Pane) -> None:
    terminal.end()


@needs_tmux
@pytest.mark.parametrize("end", [told_to_end, hung_up])
def test_a_demo_that_is_ended_from_outside_leaves_no_process(tmp_path: Path, end: Callable[[Pane], None]) -> None:
    crew = tmp_path / "demo" / "crew"

    def members() -> list[Path]:
        return [record for record in crew.glob("*.pid") if remembered_pid(record) is not None]

    with pane(tmp_path, "demo", "--dir", str(tmp_path / "demo"), module="onloop.cli.entry") as terminal:
        terminal.shows("[1 Inbox]")
        wait_for(lambda: len(members()) >= 4, lambda: terminal.screen)
        end(terminal)
        wait_for(lambda: not members(), lambda: f"still there: {members()}")
        assert not is_verifier_up(Home(tmp_path / "demo" / "store")), "a worker that was ending began another verifier"
