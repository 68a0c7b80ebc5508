"""The first screen: one row per cause, in an order that stands still under the finger."""

from __future__ import annotations

import pytest

from onloop_tui.app import Dashboard
from support.tui_scenes import MINUTE, SIZES, Scene, busy, playing, screen_lines, screen_text, shows, until


def _rows(app: Dashboard) -> list[str]:
    """The first line of each row; what stands beside the list is not looked at."""
    starts = ("◆ approve", "? question", "✗ ")
    lists = (line.partition("│")[0] for line in screen_lines(app))
    return [line for line in lists if line[1:].lstrip("▶*+ ").startswith(starts)]


def _cursor_row(app: Dashboard) -> str:
    return next(line for line in screen_lines(app) if "▶" in line)


async def test_five_hundred_failing_tasks_with_three_causes_are_three_rows() -> None:
    scene = Scene()
    scene.enrol("ana")
    causes = ["TypeError: put() got 3", "ImportError: no kvlite", "OSError: read-only"]
    for i, task in enumerate(scene.fleet([f"repo{i}" for i in range(500)])):
        scene.submit(task)
        for gate in ("patched", "notes"):
            scene.passes(task, gate)
        scene.refuses(task, causes[i % 3])
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "blocked 500 in 3 causes", "167 repos", "166 repos")
        assert len(_rows(app)) == 3


@pytest.mark.parametrize("size", SIZES)
async def test_a_row_says_shape_word_where_and_since_when(size: tuple[int, int]) -> None:
    app = busy().dashboard()

    async with playing(app, size) as pilot:
        await shows(pilot, "✗ failing")
        assert any("◆ approve" in row and "2 repos" in row and row.rstrip().endswith("1m") for row in _rows(app))
        assert any("? question" in row and "links" in row for row in _rows(app))
        assert "tests: AttributeError: module 'kvlite' has no attribute" in screen_text(app)


async def test_the_header_counts_and_says_how_old_and_how_trustworthy_the_data_is() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "needs you 7 (blocked 4 in 1 cause) · working 1 · waiting 1 · advisory")
        await shows(pilot, "data 0.0 s old")


async def test_what_happens_elsewhere_appears_without_a_key() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "needs you 7", "waiting 1")
        scene.wants_approval("r7k2m.9")
        await shows(pilot, "needs you 8", "waiting 0", "3 repos")


async def test_a_freeze_is_said_in_the_header() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "needs you 7")
        scene.freeze("run:r7k2m")
        await shows(pilot, "⚠ frozen: run:r7k2m")


async def test_the_focused_row_says_why_it_stands_where_it_stands() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "why here  tier 1 decision · 2 waiting · longest 1m")
        await pilot.press("G")
        await shows(pilot, "why here  tier 2 broken · 4 waiting · longest 4m")


MOVES = (
    (("j",), "question"),
    (("down", "down"), "failing"),
    (("j", "j", "k"), "question"),
    (("G",), "failing"),
    (("end", "up"), "question"),
    (("G", "g"), "approve"),
    (("G", "home"), "approve"),
    (("pagedown",), "failing"),
    (("ctrl+d", "ctrl+u"), "approve"),
    (("G", "pageup"), "approve"),
    (("k",), "approve"),
)


async def test_keys_move_the_cursor() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        for keys, row in MOVES:
            app.main.inbox.edge(-1)
            await pilot.press(*keys)
            await pilot.pause()
            assert row in _cursor_row(app), f"{keys} did not lead to {row}: {_cursor_row(app)}"


async def test_a_click_moves_the_cursor_and_opens_nothing() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.click("#inbox", offset=(10, 5))
        await until(pilot, lambda: "failing" in _cursor_row(app))
        assert not app.main.sheet.is_open


async def test_no_row_moves_under_a_finger_and_new_ones_wait_in_a_chip_until_they_are_asked_for() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("j")
        before = _rows(app)
        scene.fails("r7k2m.9", "KeyError: 'a new cause'")
        await shows(pilot, "1 new", "blocked 5 in 2 causes")
        assert _rows(app) == before
        await pilot.press("R")
        await shows(pilot, "a new cause")
        assert "1 new" not in screen_text(app)
        assert "question" in _cursor_row(app)


async def test_the_order_is_let_go_when_nobody_has_touched_the_list_for_a_while() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("j")
        scene.fails("r7k2m.9", "KeyError: 'a new cause'")
        await shows(pilot, "1 new")
        scene.clock.later(MINUTE)
        await shows(pilot, "a new cause")


async def test_the_cursor_follows_its_cause_when_rows_change_places() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G")
        await until(pilot, lambda: "failing" in _cursor_row(app))
        scene.clock.later(MINUTE)
        scene.asks("r7k2m.9", "May I delete the old keys?")
        await shows(pilot, "May I delete the old keys?")
        assert "failing" in _cursor_row(app)


async def test_w_explains_the_place_what_clears_it_who_can_act_and_the_twin() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("w")
        await shows(
            pilot, "1 in the list", "a decision that work waits for", "cleared by", "approvers", "onloop approve"
        )
        await pilot.press("escape")
        await until(pilot, lambda: "cleared by" not in screen_text(app))


async def test_a_line_below_says_how_far_the_run_is() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(
            pilot, "cve-remediation r7k2m ▕", "1 working · 1 waiting · 7 need you · 1 ended otherwise · 10 in all"
        )


async def test_of_many_runs_the_newest_are_shown_and_the_others_counted() -> None:
    scene = Scene()
    scene.enrol("ana")
    for i in range(6):
        scene.fleet(["cart"], run=f"run{i}")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "run5", "run4", "… and 4 more runs")
        assert "run0" not in screen_text(app)


async def test_an_empty_store_says_what_to_do_next() -> None:
    app = Scene().dashboard(who=None)

    async with playing(app, (80, 24)) as pilot:
        await shows(
            pilot, "nothing has been started", "onloop start WORKFLOW --repo PATH", "onloop fleet", "onloop demo"
        )
        await pilot.press("enter")
        await shows(pilot, "nothing needs you now")


async def test_work_that_needs_nobody_is_said_to() -> None:
    scene = Scene()
    scene.enrol("ana")
    scene.fleet(["cart"])
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "✓ nothing needs you", "0 working, 1 waiting, 0 done")


async def test_when_everything_has_ended_that_is_said() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.cancels(task)
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "✓ all done", "0 completed, 1 ended otherwise, 1 in all")


async def test_without_colour_everything_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve", "? question", "✗ failing")
        colours = {
            segment.style.color.triplet
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.style.color is not None
        }
        assert all(c is None or len({c.red, c.green, c.blue}) == 1 for c in colours)
