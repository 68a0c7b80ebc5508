"""How it looks: pixel for pixel at three sizes, with a clock that stands still. Look at the report before accepting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from onloop.attention.lifecycle import acknowledgement, snooze
from onloop.machine.marks import Muted, Rule
from onloop.machine.state import Reason
from onloop_tui.app import Dashboard
from onloop_tui.bindings import VIEWS, Where
from onloop_tui.model.ground.acts import Act
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.settings import Settings, ThemeName
from support.tui_scenes import MINUTE, SIZES, Play, Scene, busy, shows, until

Compare = Callable[..., bool]
SMALL = (60, 18)
LOOKED_AT = (*SIZES, SMALL)
"""A small terminal, the one that everything fits, and a roomy one."""


async def _inbox(pilot: Pilot[str]) -> None:
    await shows(pilot, "✗ failing", "data 0.0 s old")
    await _idle(pilot)


async def _idle(pilot: Pilot[str]) -> None:
    """Wait until whatever is read aside is there."""
    await until(pilot, lambda: all(worker.group == "feed" for worker in pilot.app.workers))


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
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN and app.main.snapshot.house.marks.seen)
    await shows(pilot, "── subject " if app.size.height > SMALL[1] else "Esc back")


async def _marked(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("space", "G", "space")
    await shows(pilot, "6 marked in 2 causes")
    await _idle(pilot)


async def _bulk(pilot: Pilot[str]) -> None:
    await _marked(pilot)
    await pilot.press("c")
    await shows(pilot, "Cancel 6 tasks", "type 6 to confirm")
    await _idle(pilot)


async def _hidden(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("H")
    await shows(pilot, "✓ acked", "z snoozed", "× muted")
    await _idle(pilot)


async def _rejecting(pilot: Pilot[str]) -> None:
    await _approval(pilot)
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.main.sheet.decision.begin(Act.REJECT, at_once=True)
    await shows(pilot, "Reject: the reason goes into the agent's brief")


async def _muting(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("M")
    await shows(pilot, "Mute whatever fits all of")
    await _idle(pilot)


async def _runs(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("O")
    await shows(pilot, "1 live of 1", "narrows every view")
    await _idle(pilot)


async def _find(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("ctrl+f", *"limiter")
    await shows(pilot, "▶ task", "event", "Enter goes there")
    await _idle(pilot)


def _partly_hidden() -> Scene:
    """The busy fleet with a cause acknowledged, one snoozed, and one repository of the third muted."""
    scene = busy()
    groups = {group.reason: group for group in scene.groups()}
    now = scene.clock()
    scene.marks(acknowledgement(groups[Reason.APPROVAL_REQUIRED], "human:ben", now), "ben")
    scene.marks(snooze(groups[Reason.QUESTION], "human:ana", now, for_ms=60 * MINUTE, grows_by=2))
    scene.marks(Muted(Rule(repo="cart"), "human:ana", now + 240 * MINUTE, "its team is away"))
    return scene


async def _empty(pilot: Pilot[str]) -> None:
    await shows(pilot, "nothing has been started", "data 0.0 s old")


async def _picture(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("v")
    await shows(pilot, "r7k2m.1 in time", "── time")
    await _idle(pilot)


async def _output(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("o")
    await shows(pilot, "log of r7k2m.1", "Ran 14 tests")
    await _idle(pilot)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_inbox_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_inbox)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_sheet_of_an_approval_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_approval)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_sheet_of_a_failure_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_failed)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_empty_store_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Scene().dashboard(who=None), terminal_size=size, run_before=_empty)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "play",
    [_marked, _bulk, _rejecting, _muting, _runs, _find, _picture, _output],
    ids=lambda play: play.__name__.strip("_"),
)
def test_what_a_key_asks_looks_like_this(snap_compare: Compare, size: tuple[int, int], play: Play) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=play)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_is_hidden_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_partly_hidden().dashboard(), terminal_size=size, run_before=_hidden)


def _view(where: Where) -> Play:
    async def play(pilot: Pilot[str]) -> None:
        await _inbox(pilot)
        await pilot.press(str(VIEWS.index(where) + 1))
        await shows(pilot, f"{where.name.capitalize()}]")
        await _idle(pilot)

    return play


async def _help(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("?")
    await shows(pilot, "keys · Enter lists the guides")


async def _guides(pilot: Pilot[str]) -> None:
    await _help(pilot)
    await pilot.press("enter", "g", "j")
    await shows(pilot, "guides · Enter reads", "▶ engineer")


LIGHT: dict[str, Play] = {
    **{where.name.lower(): _view(where) for where in VIEWS},
    "approval": _approval,
    "failure": _failed,
    "rejecting": _rejecting,
    "marked": _marked,
    "help": _help,
    "guides": _guides,
}


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", [*LIGHT])
def test_in_the_light_theme_it_looks_like_this(snap_compare: Compare, size: tuple[int, int], screen: str) -> None:
    scene = busy()
    session = Session(scene.place, scene.clock, scene.person(), settings=Settings(theme=ThemeName.LIGHT))
    assert snap_compare(Dashboard(session), terminal_size=size, run_before=LIGHT[screen])


async def _looking_back(pilot: Pilot[str]) -> None:
    await _inbox(pilot)
    await pilot.press("2")
    await shows(pilot, "[2 Tree]")
    await pilot.press("j", "left_square_bracket")
    await shows(pilot, "AS IT STOOD AT", "event 107, r7k2m.2: is input required")
    await _idle(pilot)


@pytest.mark.parametrize("size", LOOKED_AT, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_moment_that_has_been_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(busy().dashboard(), terminal_size=size, run_before=_looking_back)
