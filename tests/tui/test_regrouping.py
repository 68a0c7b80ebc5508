"""In the Inbox a person tells the texts of a cause apart, makes causes one, and takes it back; nothing is lost."""

from __future__ import annotations

from support.tui_scenes import busy, playing, screen_text, shows, until


async def test_texts_are_told_apart_made_one_and_grouped_as_before_by_one_key_each() -> None:
    scene = busy()
    scene.fails("r7k2m.9", "got 3, want 4")
    scene.fails("r7k2m.10", "got 5, want 4")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "2 texts  ", "blocked 6 in 2 causes")
        await pilot.press("G", "s")
        await shows(pilot, "each of 2 texts is a cause of its own; u takes it back", "blocked 6 in 3 causes")
        await pilot.press("G", "s")
        await shows(pilot, "have the same text")
        await pilot.press("space", "k", "space", "m")
        await shows(pilot, "2 causes are one now", "blocked 6 in 2 causes", "regrouped  2 texts")
        await pilot.press("u")
        await shows(pilot, "grouped as before", "blocked 6 in 2 causes")
        await until(pilot, lambda: "regrouped" not in screen_text(app))
