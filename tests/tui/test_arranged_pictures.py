"""How chosen columns, their list and the machines look, at three sizes. Look at the report before accepting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from support.tui_scenes import SIZES, Play, Scene, busy, shows, until
from tui.test_machines import at_work

Compare = Callable[..., bool]


async def _idle(pilot: Pilot[str]) -> None:
    """Wait until whatever is read aside is there."""
    await until(pilot, lambda: all(worker.group == "feed" for worker in pilot.app.workers))


async def _say(pilot: Pilot[str], words: str) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await pilot.press("colon")
    await until(pilot, lambda: app.main.prompt.is_open)
    app.main.prompt.line.value = words
    await pilot.press("enter")
    await until(pilot, lambda: not app.main.prompt.is_open)


async def _arranged(pilot: Pilot[str]) -> None:
    await shows(pilot, "✗ failing", "data 0.0 s old")
    await pilot.press("2")
    await _say(pilot, "columns state waits age attempts rounds workflow")
    await _say(pilot, "sort state")
    await shows(pilot, "order by state")
    await _idle(pilot)


async def _picking(pilot: Pilot[str]) -> None:
    await shows(pilot, "✗ failing", "data 0.0 s old")
    await pilot.press("2", "C")
    await shows(pilot, "columns of the Tree", "[x] step")
    await pilot.press("j", "space", "j", "K")
    await shows(pilot, "columns of the Tree: step age")


async def _machines(pilot: Pilot[str]) -> None:
    await shows(pilot, "data 0.0 s old")
    await pilot.press("4")
    await shows(pilot, "● runs   crew")
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.main.view.rows.go_to("worker crew@box:7")  # type: ignore[attr-defined]
    await _idle(pilot)


PICTURES: dict[str, tuple[Callable[[], Scene], Play]] = {
    "arranged": (busy, _arranged),
    "picking": (busy, _picking),
    "machines": (at_work, _machines),
}


@pytest.mark.parametrize("size", (*SIZES, (60, 18)), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("what", PICTURES)
def test_it_looks_like_this(snap_compare: Compare, what: str, size: tuple[int, int]) -> None:
    scene, story = PICTURES[what]
    assert snap_compare(scene().dashboard(), terminal_size=size, run_before=story)
