"""Fleet as an operator uses it: how far a run is, what holds it up, and one answer for all that share a cause."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from onloop.gateway.port import GatewayPort
from onloop.machine.state import Reason, State
from onloop_tui.app import Dashboard
from onloop_tui.dialogs.bulk_dialog import BulkDialog, Phase
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from support.tui_scenes import (
    MINUTE,
    PASSPHRASE,
    SIZES,
    Scene,
    busy,
    commit,
    playing,
    screen_lines,
    screen_text,
    shows,
    until,
)

CAUSE = "AttributeError: module 'kvlite' has no attribute 'legacy_scan'"
Compare = Callable[..., bool]


def row_with(app: Dashboard, words: str) -> str:
    return next((row for row in screen_lines(app) if words in row and " › " not in row), "")


async def fleet(pilot: Pilot[str]) -> None:
    await pilot.press("3")
    await shows(pilot, "[3 Fleet]", "run r7k2m", "▶ ◆ approve")


async def on_the_failing(pilot: Pilot[str]) -> None:
    await fleet(pilot)
    await pilot.press("j", "j")
    await shows(pilot, "▶ ✗ failing")


def bulk(app: Dashboard) -> BulkDialog:
    assert isinstance(app.screen, BulkDialog)
    return app.screen


async def test_causes_are_counted_by_step_and_everybody_else_by_what_they_do() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await shows(pilot, "needs you 7 (blocked 4 in 1 cause)", "10 in all", "remediate", "merge")
        assert row_with(app, "✗ failing").split()[-6:] == ["4", "·", "·", "4", "4", "4m"]
        assert row_with(app, "◆ approve").split()[-6:] == ["·", "2", "·", "2", "2", "1m"]
        assert row_with(app, "● working").split()[-6:] == ["1", "·", "·", "·", "1", "1m"]
        assert row_with(app, "– ended") and row_with(app, "○ waiting") and not row_with(app, "✓ done")


async def test_enter_drills_into_a_cause_then_opens_a_sheet_and_escape_goes_back_step_by_step() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press("enter")
        await shows(pilot, "▸ ✗ failing", "gates of develop.remediate keep failing", "▶ r7k2m.3", "r7k2m.6")
        assert not row_with(app, "r7k2m.7 ")
        await pilot.press("j", "enter")
        await shows(pilot, "r7k2m.4 cart", "2 of 4")
        await pilot.press("escape")
        await shows(pilot, "▶ r7k2m.4")
        await pilot.press("escape")
        await shows(pilot, "▶ ✗ failing", "◆ approve")


async def test_m_shows_repositories_with_a_mark_for_every_step_and_the_cursor_stays_with_its_thing() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press("m")
        await shows(pilot, "▶ r7k2m.3", "repository")
        assert row_with(app, "r7k2m.1 ").split()[1:6] == ["billing", "✓", "◆", "·", "◆"]
        assert row_with(app, "r7k2m.3 ").split()[2:6] == ["sessions", "✗", "·", "·"]
        await pilot.press("n", "n", "n", "n", "n")
        await shows(pilot, "▶ r7k2m.1 ")
        await pilot.press("N")
        await shows(pilot, "▶ r7k2m.7 ")
        await pilot.press("m")
        await shows(pilot, "▶ ? question")


async def test_a_cause_that_somebody_else_clears_leaves_its_row_and_the_counts_follow() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        scene.cancels("r7k2m.3")
        await until(pilot, lambda: row_with(app, "✗ failing").split()[-2:-1] == ["3"])
        for task in ("r7k2m.4", "r7k2m.5", "r7k2m.6"):
            scene.cancels(task)
        await until(pilot, lambda: not row_with(app, "✗ failing"))
        await shows(pilot, "ended otherwise 5", "needs you 3")


async def test_the_runs_are_gone_through_newest_first_and_one_task_is_a_run_too() -> None:
    scene = busy()
    scene.fleet(["alone"], run="zz", title="a second one")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("3")
        await shows(pilot, "run r7k2m", "run 2 of 2", "10 in all")
        await pilot.press("less_than_sign")
        await shows(pilot, "run zz", "a second one", "run 1 of 2", "1 in all")
        await pilot.press("less_than_sign")
        await shows(pilot, "this is the first run")
        await pilot.press("greater_than_sign", "greater_than_sign")
        await shows(pilot, "run r7k2m", "there is no further run")


async def test_a_fleet_looked_at_before_the_store_was_read_shows_the_run_that_the_inbox_has_on_top() -> None:
    scene = busy()
    scene.fleet(["alone"], run="zz", title="a newer one")
    pressed = threading.Event()

    def late() -> GatewayPort:
        assert pressed.wait(30)
        return scene.place.open()

    app = Dashboard(Session(StoreAccess(late), scene.clock, scene.person("ana")))

    async with playing(app) as pilot:
        await pilot.press("3")
        assert not app.main.around.has_read
        pressed.set()
        await shows(pilot, "run r7k2m", "run 2 of 2", "▶ ◆ approve")


async def test_a_filter_counts_only_what_fits_until_escape() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await pilot.press("slash", *"repo:c*", "enter")
        await shows(pilot, "1 in all", "filter", "blocked 1 in 1 cause")
        await pilot.press("slash", *" zz", "enter")
        await shows(pilot, "nothing fits the filter")
        await pilot.press("escape")
        await shows(pilot, "10 in all")


async def test_one_is_retried_and_passes_then_the_rest_is_offered_and_each_gets_a_verdict() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press("T")
        await shows(pilot, "⚠ no task with this cause has passed develop.remediate after a retry")
        await pilot.press("escape")
        scene.clock.later(1000)
        await pilot.press("t")
        await shows(pilot, "r7k2m.3 sessions", "Retry")
        scene.clock.later(1000)
        await pilot.press("a", "enter")
        await until(pilot, lambda: scene.task("r7k2m.3").state is State.SUBMITTED)
        scene.wants_approval("r7k2m.3", what=commit("r7k2m.3", "All tests pass.", "e" * 40))
        await until(pilot, lambda: row_with(app, "✗ failing").split()[-2:-1] == ["3"])
        assert "▶" in row_with(app, "✗ failing")
        await pilot.press("T")
        await shows(pilot, "✓ r7k2m.3 (sessions) was retried, and passed", "r7k2m.4", "r7k2m.5", "r7k2m.6")
        scene.clock.later(1000)
        await pilot.press(*"all", "enter")
        await until(pilot, lambda: bulk(app).phase is Phase.DONE)
        await shows(pilot, "3 accepted", "is submitted (ready) now")
        await pilot.press("enter")
        await shows(pilot, "[3 Fleet]", "3 accepted")

    for task in ("r7k2m.4", "r7k2m.5", "r7k2m.6"):
        assert [d.reason for d in scene.task(task).decisions] == ["all"]


async def test_x_excludes_all_that_have_the_cause_each_with_the_reason() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press("x")
        await shows(pilot, "exclude 4 tasks", "the run can end without excluded tasks")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "reason is required")
        await pilot.press("a", "enter")
        await until(pilot, lambda: bulk(app).phase is Phase.DONE)
        await pilot.press("escape")
        await shows(pilot, "excluded 4", "‖ excluded")

    assert {scene.task(f"r7k2m.{i}").reason for i in (3, 4, 5, 6)} == {Reason.EXCLUDED}


@pytest.mark.parametrize("key", ["T", "x"])
async def test_a_read_only_dashboard_offers_no_list_of_decisions(key: str) -> None:
    app = busy().dashboard(read_only=True)

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press(key)
        await shows(pilot, "read-only: nothing can be decided here")
        assert app.screen is app.main


async def test_rows_that_need_nobody_are_drilled_into_and_never_decided() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await pilot.press("G", "t")
        await shows(pilot, "nobody in this row waits for a person")
        await pilot.press("T")
        await shows(pilot, "T is for a cause")
        await pilot.press("enter")
        await shows(pilot, "▸ – ended", "▶ r7k2m.10")


async def test_w_says_the_whole_cause_and_what_would_move_a_repository() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await on_the_failing(pilot)
        await pilot.press("w")
        await shows(pilot, CAUSE, "retry with a note, reassign, reject or cancel")


async def test_y_copies_the_command_that_does_the_same() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await fleet(pilot)
        await pilot.press("Y")
        await shows(pilot, "copied: onloop approve r7k2m.1")
        await pilot.press("j", "j", "Y")
        await shows(pilot, "copied: onloop retry --cause", "--first 4")
        await pilot.press("m", "Y")
        await shows(pilot, "copied: onloop show r7k2m.3")


async def test_hostile_names_and_causes_stay_in_their_columns() -> None:
    scene = Scene()
    scene.enrol("ana")
    bad = "x\x1b]2;owned\x07\u202e[@click=app.quit]\n漢漢"
    tasks = scene.fleet([bad, "ledger"], title=bad)
    scene.fails(tasks[0], bad)
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await pilot.press("3")
        await shows(pilot, "✗ failing", "[@click=app.quit]")
        for key in ("enter", "w", "T"):
            await pilot.press(key)
            await pilot.pause()
            assert all(row.isprintable() for row in screen_lines(app))
        await shows(pilot, "retry 1 task ")


async def test_a_store_without_runs_says_what_begins_one() -> None:
    app = Scene().dashboard(who=None)

    async with playing(app) as pilot:
        await pilot.press("3")
        await shows(pilot, "no runs yet: onloop start and onloop fleet begin one")
        await pilot.press("enter", "n", "m", "T", "x", "greater_than_sign", "G")
        assert "no runs yet" in screen_text(app)


async def test_who_decides_is_asked_before_the_first_list_of_decisions() -> None:
    scene = busy()
    app = scene.dashboard(who=None)

    async with playing(app) as pilot:
        await on_the_failing(pilot)
        await pilot.press("T")
        await shows(pilot, "Who decides?")
        scene.clock.later(1000)
        await pilot.press(*"ana", "enter")
        await pilot.pause()
        assert pilot.app.focused is not None
        pilot.app.focused.post_message(Paste(PASSPHRASE))
        await pilot.press("enter")
        await shows(pilot, "once, for all of them")
        assert all(scene.task(f"r7k2m.{i}").state is State.INPUT_REQUIRED for i in (3, 4, 5, 6))


def beside_another() -> Scene:
    """A busy fleet, and another run beside it."""
    scene = busy()
    scene.fleet(["alone"], run="a1b2c", title="another one")
    scene.clock.later(3 * MINUTE)
    return scene


async def _causes(pilot: Pilot[str]) -> None:
    await pilot.press("3")
    await shows(pilot, "[3 Fleet]", "data 0.0 s old", "not enough finished")
    await pilot.press("j", "j")
    await shows(pilot, "▶ ✗ failing")


async def _repositories(pilot: Pilot[str]) -> None:
    await _causes(pilot)
    await pilot.press("m")
    await shows(pilot, "▶ r7k2m.3")


async def _rest(pilot: Pilot[str]) -> None:
    await _causes(pilot)
    await pilot.press("T")
    await shows(pilot, "once, for all of them")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_fleet_looks_like_this_by_cause(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(beside_another().dashboard(), terminal_size=size, run_before=_causes)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_fleet_looks_like_this_by_repository(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(beside_another().dashboard(), terminal_size=size, run_before=_repositories)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_list_of_decisions_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(beside_another().dashboard(), terminal_size=size, run_before=_rest)
