"""How it looks: pixel for pixel at two sizes, with a clock that stands still. Look at the report before accepting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from onloop_tui.widgets.sheet import Mode
from tui_scenes import SIZES, Scene, busy, shows, until

Compare = Callable[..., bool]


async def _inbox(pilot: Pilot[str]) -> None:
    await shows(pilot, "✗ failing", "data 0.0 s old")


async def _approval(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("enter")
    await _shown(pilot)


async def _failed(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("G", "enter")
    await _shown(pilot)


async def _shown(pilot: Pilot[str]) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    await shows(pilot, "── subject ")


async def _empty(pilot: Pilot[str]) -> None:
    await shows(pilot, "nothing has been started", "data 0.0 s old")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_inbox_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_inbox)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_sheet_of_an_approval_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_approval)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_sheet_of_a_failure_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_failed)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_empty_store_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Scene().dashboard(who=None), terminal_size=size, run_before=_empty)
