"""Terminals of every size: nothing breaks, nothing sticks out, and what is open stays open while it is resized."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len

from onloop_tui.app import Dashboard
from onloop_tui.bindings import VIEWS as WHERES
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.screens.main_screen import VIEWS
from onloop_tui.screens.screen_chrome import LEAST, MADE_FOR
from support.tui_decisions import entry
from support.tui_scenes import Scene, busy, playing, screen_lines, screen_text, shows, until

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((60, 15), (80, 24), (100, 30), (140, 45), (200, 60), (400, 120))
SMALL: tuple[Size, ...] = ((LEAST[0] - 1, 30), (100, LEAST[1] - 1), (12, 3), (1, 1))


def _is_drawn(app: Dashboard, size: Size) -> Callable[[], bool]:
    return lambda: len(screen_lines(app)) == size[1]


def _assert_it_fits(app: Dashboard, size: Size) -> None:
    lines = screen_lines(app)
    assert len(lines) == size[1]
    assert {cell_len(shown) for shown in lines} == {size[0]}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_view_has_its_header_its_row_and_its_keys_in_every_size(size: Size) -> None:
    app = busy().dashboard()

    async with playing(app, size) as pilot:
        await shows(pilot, "▶ ◆ approve")
        for view in VIEWS:
            number = WHERES.index(view.where) + 1
            await pilot.press(str(number))
            await shows(pilot, f"[{number} {view.where.name.capitalize()}]", "▶")
            _assert_it_fits(app, size)
            lines = screen_lines(app)
            assert "1 Inbox" in lines[0]
            assert lines[-1].startswith(" Enter open · ")
            assert any(shown.lstrip().startswith("▶") for shown in lines[1:-1])
        assert "is small" not in screen_text(app)


async def test_a_low_terminal_gives_its_rows_to_the_list_and_to_the_question() -> None:
    app = busy().dashboard()

    async with playing(app, SIZES[0]) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("3")
        await until(pilot, lambda: sum(("·" in row and "1m" in row) or "4m" in row for row in screen_lines(app)) >= 3)
        await pilot.press("1", "enter")
        await shows(pilot, "May ", "approve  → ", "reject   → ", "a approve · r reject")
        assert "(e answer" not in screen_text(app)
    async with playing(busy().dashboard(), (MADE_FOR[0] - 1, MADE_FOR[1])) as pilot:
        await shows(pilot, f"made for {MADE_FOR[0]}×{MADE_FOR[1]}")


@pytest.mark.parametrize("size", SMALL, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_where_there_is_no_room_it_is_said_how_much_is_needed_and_nothing_can_be_decided(size: Size) -> None:
    app = busy().dashboard()

    async with playing(app, size) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("a")
        await pilot.pause()
        _assert_it_fits(app, size)
        assert not app.main.sheet.is_open
        if size[0] > 10:
            assert screen_text(app).lstrip().startswith("onloop")
            assert "approve" not in screen_text(app)
        await pilot.resize_terminal(100, 30)
        await shows(pilot, "[1 Inbox]", "? keys")


async def test_a_form_keeps_what_was_typed_however_often_the_terminal_is_resized() -> None:
    app = busy().dashboard()

    async with playing(app, (140, 45)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("r")
        field = await entry(pilot)
        await pilot.press(*"because")
        for size in (SIZES[0], SMALL[0], SIZES[-1], SMALL[-1], SIZES[1]):
            await pilot.resize_terminal(*size)
            await until(pilot, _is_drawn(app, size))
            _assert_it_fits(app, size)
        assert app.focused is field
        assert field.words == "because"
        assert app.main.sheet.is_open
        await shows(pilot, "because")


async def test_the_sheet_stays_on_its_task_and_the_cursor_on_its_row_while_it_is_resized() -> None:
    app = busy().dashboard()

    async with playing(app, (140, 45)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        for size in SIZES[::2]:
            await pilot.resize_terminal(*size)
            await shows(pilot, "r7k2m.7 links")
            _assert_it_fits(app, size)
        await pilot.press("escape")
        await shows(pilot, "▶ ? question")


async def test_an_empty_store_fits_every_size() -> None:
    app = Scene().dashboard(who=None)

    async with playing(app) as pilot:
        await shows(pilot, "nothing has been started")
        for size in (SIZES[0], SIZES[-1], *SMALL[1:]):
            await pilot.resize_terminal(*size)
            await until(pilot, _is_drawn(app, size))
            _assert_it_fits(app, size)
