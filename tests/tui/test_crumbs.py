"""The line of where one is: the way to what is under the cursor; what is clicked is gone to."""

from __future__ import annotations

import pytest

from onloop_tui.model.chrome.crumbs import Crumb, crumb_line
from onloop_tui.model.drawing.text_line import plain, width_of
from support.tui_scenes import busy, playing, screen_lines, screen_text, shows, until
from tui.test_clicks import click


async def test_the_way_follows_the_cursor_and_its_parts_can_be_clicked() -> None:
    scene = busy()
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve", "Inbox › run patch kvlite (CVE-2026-1) › repo billing › task r7k2m.1")
        await pilot.press("3")
        await shows(pilot, "Fleet › run patch kvlite")
        await click(pilot, "repo billing")
        await shows(pilot, "[2 Tree]", "Tree › run patch kvlite (CVE-2026-1) › repo billing › task r7k2m.1")
        await click(pilot, "run patch kvlite")
        await until(pilot, lambda: any("▶" in row and "r7k2m  " in row for row in screen_lines(app)))
        await pilot.press("G")
        await shows(pilot, "Tree › run second run › repo beta › task z9z9z.2")
        await click(pilot, "Tree ›")
        await shows(pilot, "Tree › run patch kvlite")


async def test_in_a_low_terminal_the_way_is_shown_only_while_everything_is_narrowed() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        assert "Inbox ›" not in screen_text(app)
        await pilot.press("O", "enter")
        await shows(pilot, "Inbox › run patch kvlite (CVE-2026-1) ›", "task r7k2m.1")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_long_way_is_cut_in_its_long_names_and_keeps_its_end(width: int) -> None:
    way = (Crumb("", "Tree"), Crumb("run", "a very long title " * 9, "r"), Crumb("repo", "r" * 90, "t"),
           Crumb("task", "r7k2m.3", "t"))  # fmt: skip
    shown = crumb_line(way, width)

    assert width_of(shown) <= width
    assert plain(shown).startswith("Tree › run a ")
    assert plain(shown).endswith("task r7k2m.3") or width < 60


async def test_it_ends_with_the_row_of_how_many_that_the_cursor_is_on() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        for view in "1235":
            await pilot.press(view, "g")
            await until(pilot, lambda: app.main.view.place[0] == 1 < app.main.view.place[1])
            await pilot.press("j")
            count = app.main.view.place[1]
            await shows(pilot, f" 2 of {count}")


def test_the_row_stands_at_the_end_of_the_line_and_gives_way_to_the_end_of_the_way() -> None:
    way = (Crumb("", "Tree"), Crumb("run", "short", "r"), Crumb("task", "r7k2m.3", "t"))

    shown = crumb_line(way, 60, (1_234, 10_000))
    assert plain(shown).endswith("  1,234 of 10,000") and width_of(shown) == 60
    assert plain(crumb_line(way, 40, (1_234, 10_000))) == "Tree › run short › task r7k2m.3"
    assert "of" not in plain(crumb_line(way, 60, (0, 0)))
