"""The guides in the dashboard: listed, chosen, read, and left again, with the keys of everywhere."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from onloop.guides.catalogue import TOPICS, Guide, guide, guides
from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from onloop_tui.model.help.guide_lines import guide_lines, list_lines
from onloop_tui.screens.help_screen import HelpScreen
from support.tui_scenes import busy, play, screen_lines, screen_text, shows, until


def _cursor(app: Dashboard) -> str:
    return next(line for line in screen_lines(app) if "▶" in line)


def test_the_guides_are_listed_behind_the_keys_and_one_is_read() -> None:
    app = busy().dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("?", "enter", "g")
        await shows(pilot, "guides · Enter reads", guide("tutorial").title, guide("engineer").summary)
        await pilot.press("j", "j")
        await until(pilot, lambda: "approver" in _cursor(app))
        await pilot.press("enter")
        await shows(pilot, "# For approvers", "## The short way")
        await pilot.press("escape")
        await until(pilot, lambda: "approver" in _cursor(app))
        await pilot.press("escape")
        await shows(pilot, "keys · Enter lists the guides")
        await pilot.press("escape")
        await shows(pilot, "◆ approve")

    asyncio.run(play(app, story, (140, 45)))


def test_the_cursor_of_the_list_stays_in_sight_to_its_end() -> None:
    app = busy().dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("?", "enter", "G")
        await until(pilot, lambda: TOPICS[-1] in _cursor(app))
        await pilot.press("pageup", "g")
        await until(pilot, lambda: TOPICS[0] in _cursor(app))

    asyncio.run(play(app, story, (80, 24)))


def test_a_guide_scrolls_and_the_next_one_begins_at_its_top() -> None:
    app = busy().dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("?", "enter", "g", "enter", "G")
        await shows(pilot, "is marked for ever as one")
        await pilot.press("]")
        await shows(pilot, "engineer · ]", "# For engineers")
        await pilot.press("[", "[")
        await shows(pilot, f"{TOPICS[-1]} · ]", "# Design")
        await pilot.press("q")
        await shows(pilot, "◆ approve")

    asyncio.run(play(app, story, (80, 24)))


def test_the_palette_opens_a_guide() -> None:
    app = busy().dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("ctrl+p", *"guide words")
        await shows(pilot, "Words: what onloop calls things")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await shows(pilot, "# Words")

    asyncio.run(play(app, story, (140, 45)))


def test_every_guide_fits_the_narrowest_screen() -> None:
    for each in guides():
        for width in (60, 79, 139):
            assert max(map(width_of, guide_lines(each, width))) <= width, each.name


def test_what_looks_like_markup_in_a_guide_is_shown_as_it_is() -> None:
    found = Guide("x", "x", "x", "# x\n\nx\n\n```sh\n[red]not markup[/red] \x1b[31m\n```\n")

    assert "[red]not markup[/red] ␛[31m" in "\n".join(map(plain, guide_lines(found, 80)))


def test_the_list_says_which_row_the_cursor_is_in() -> None:
    lines, row = list_lines(guides(), 2, 140)

    assert plain(lines[row]).startswith("▶ approver")
    assert sum("▶" in plain(line) for line in lines) == 1
    assert any(span.tone is Tone.STRONG for span in lines[row])


def test_help_opens_at_the_keys() -> None:
    app = busy().dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("?")
        await shows(pilot, "everywhere")
        assert "tutorial" not in screen_text(app)

    asyncio.run(play(app, story, (140, 45)))
