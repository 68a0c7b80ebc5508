"""What is shown as a key can be clicked, and a click is that key: it decides nothing that the key would not."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from onloop_tui.bindings import KEYS, VIEWS, key_piece
from onloop_tui.command_words import Unknown, completed, meaning_of
from onloop_tui.model.drawing.text_line import Span, pressed_at
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.settings import Settings, ThemeName
from support.tui_scenes import busy, playing, screen_lines, shows, until


async def click(pilot: Pilot[str], words: str, times: int = 1) -> None:
    """Click on the first place of the screen that shows these words."""
    assert isinstance(pilot.app, Dashboard)
    await shows(pilot, words)
    row = next(n for n, line in enumerate(screen_lines(pilot.app)) if words in line)
    await pilot.click(offset=(screen_lines(pilot.app)[row].index(words), row), times=times)


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_tabs_rows_acts_and_the_keys_of_a_form_can_be_clicked(size: tuple[int, int]) -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app, size) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await click(pilot, "4 Agents")
        await shows(pilot, "[4 Agents]")
        await click(pilot, "1 Inbox")
        await click(pilot, "approve release at", times=2)
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        scene.clock.later(1000)
        await click(pilot, "r reject")
        await shows(pilot, "Reject: the reason")
        await click(pilot, "Esc go back")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        scene.clock.later(1000)
        await click(pilot, "a approve")
        await shows(pilot, "Enter confirms · Esc goes back")
        assert not scene.task("r7k2m.1").decisions
        await click(pilot, "Esc back")
        await click(pilot, "Esc back")
        await click(pilot, "? keys")
        await shows(pilot, "keys · Enter lists the guides")


async def test_every_tab_and_every_key_of_every_footer_can_be_clicked() -> None:
    app = busy().dashboard()

    async with playing(app, (140, 45)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        for number, where in reversed(list(enumerate(VIEWS, 1))):
            await click(pilot, f"{number} {where.name.capitalize()}")
            await shows(pilot, f"[{number} {where.name.capitalize()}]")
            (footer,) = app.main.around.footer(where, 138)
            pressed = {pressed_at(footer, x) for x in range(138)} - {""}
            assert pressed == {key.names[0] for key in KEYS if where in key.footer}
        await click(pilot, "2 Tree")
        await click(pilot, "f follow")
        await shows(pilot, "following the newest change")
        await click(pilot, "/ filter")
        await until(pilot, lambda: app.main.prompt.is_open)


async def test_the_question_when_leaving_can_be_clicked() -> None:
    app = busy().dashboard(ask_on_quit=True)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await click(pilot, "q quit")
        await click(pilot, "leave running")
        await until(pilot, lambda: app.return_value == "leave")


async def test_tab_in_the_command_line_completes_and_shows_what_it_may_be() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("colon", *"pre", "tab")
        await shows(pilot, "→ preview, previous")
        assert app.main.prompt.line.value == "previ"
        await pilot.press("enter")
        await shows(pilot, "✗ 'previ' may be preview, previous; Tab completes what is clear")


def test_a_click_presses_what_stands_in_its_column() -> None:
    enter = next(key for key in KEYS if key.word == "open")
    shown = (Span("前 "), *key_piece(enter))
    assert [pressed_at(shown, x) for x in (-1, 0, 2, 3, 12, 13)] == ["", "", "", "enter", "enter", ""]


def test_a_command_is_known_by_a_beginning_that_only_one_has_and_else_its_candidates_are_named() -> None:
    settings = Settings()
    for typed, word in (("sn", "snooze"), ("SNOOZE", "snooze"), ("retry", "retry"), ("ackn", "acknowledge")):
        assert getattr(meaning_of(typed, settings), "word", "") == word
    assert meaning_of("theme d", settings) is ThemeName.DARK
    told = meaning_of("re", settings)
    assert isinstance(told, Unknown)
    assert told.words.startswith("'re' may be reassign, redraw, refresh, reject, ")
    assert isinstance(meaning_of("", settings), Unknown)
    assert isinstance(meaning_of("snoozed", settings), Unknown)


def test_tab_completes_as_far_as_it_is_clear_and_names_the_rest() -> None:
    settings = Settings()
    assert completed("sn", settings) == ("snooze", "")
    assert completed("rej", settings) == ("reject", "")
    assert completed("zz", settings) == ("zz", "")
    assert completed("prev", settings) == ("previ", "preview, previous")
