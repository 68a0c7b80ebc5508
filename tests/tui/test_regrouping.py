"""In the Inbox a person tells the texts of a cause apart, makes causes one, and takes it back; nothing is lost."""

from __future__ import annotations

from support.tui_scenes import Scene, playing, screen_text, shows, until


async def test_texts_are_told_apart_made_one_and_grouped_as_before_by_one_key_each() -> None:
    scene = Scene()
    scene.enrol("ana")
    for task, words in zip(
        scene.fleet(["billing", "cart", "links"]), ("got 3, want 4", "got 5, want 4", "no name 'x'"), strict=True
    ):
        scene.fails(task, words)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "2 texts  ", "blocked 3 in 2 causes")
        await pilot.press("g", "s")
        await shows(pilot, "each of 2 texts is a cause of its own; u takes it back", "blocked 3 in 3 causes")
        await pilot.press("s")
        await shows(pilot, "have the same text")
        await pilot.press("R", "asterisk", "m")
        await shows(pilot, "3 causes are one now", "blocked 3 in 1 cause)", "regrouped  3 texts")
        await pilot.press("escape", "u")
        await shows(pilot, "grouped as before", "blocked 3 in 2 causes")
        await until(pilot, lambda: "regrouped" not in screen_text(app))
