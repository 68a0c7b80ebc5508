"""Help from where one is: its keys first, the guides from that of the view on, and a search in either."""

from __future__ import annotations

from onloop_tui.command_words import choices
from onloop_tui.settings import Settings
from support.tui_scenes import busy, playing, screen_lines, screen_text, shows, until


async def test_the_keys_of_the_view_come_first_and_enter_lists_the_guides_at_that_of_the_view() -> None:
    app = busy().dashboard()

    async with playing(app, (100, 30)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("3", "question_mark")
        await shows(pilot, "keys · Enter lists the guides")
        assert "in the Fleet" in screen_lines(app)[2]
        await pilot.press("enter")
        await shows(pilot, "▶ fleets")
        await pilot.press("enter")
        await shows(pilot, "fleets · ] the next guide")


async def test_slash_searches_and_n_goes_on_and_esc_closes_only_the_search() -> None:
    app = busy().dashboard()

    async with playing(app, (100, 30)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("question_mark")
        await shows(pilot, "keys · Enter lists the guides")
        assert "newest change" not in screen_text(app) and "the next run" not in screen_text(app)
        await pilot.press("/", *"the next run")
        await until(pilot, lambda: sum("the next run" in line for line in screen_lines(app)) == 2)
        await pilot.press("enter", "/", *"the ru")
        await pilot.press("enter")
        before = screen_text(app)
        await pilot.press("n", "n")
        await until(pilot, lambda: screen_text(app) != before)
        await pilot.press("/", "escape")
        await shows(pilot, "keys · Enter lists the guides")
        await pilot.press("escape")
        await shows(pilot, "[1 Inbox]")


async def test_what_a_command_may_become_is_shown_while_it_is_typed() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("colon", *"pre")
        await shows(pilot, "→ preview, previous")
        await pilot.press("v", "i", "e")
        await shows(pilot, "→ preview (p): more about the row under the cursor")
        await pilot.press("enter")
        await until(pilot, lambda: not app.main.prompt.is_open)


def test_the_choices_are_those_that_begin_so() -> None:
    settings = Settings()
    assert choices("theme ", settings) == "theme ansi, theme dark, theme evening, theme light, theme mono"
    assert choices("", settings) == choices("zzz", settings) == ""
