"""How the reader of a change looks: one column, two beside each other, without colour, and in a small terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.session import Session
from onloop_tui.settings import Settings, ThemeName
from onloop_tui.theme import THEMES
from support.tui_reading import Files, Reading, open_reader, reading
from support.tui_scenes import until

READABLE = 4.5
"""What WCAG 2.1 asks of text at level AA."""
OLD = "".join(f"def price{n}(cart, tax):\n    # what {n} costs\n    return cart.sum({n}) + tax\n\n" for n in range(12))
NEW = OLD.replace("cart.sum(3) + tax", "cart.sum(3) * tax").replace("price8(cart, tax)", "price8(cart, tax, off)")
BEFORE: Files = {"src/cart/prices.py": OLD, "tests/test_prices.py": "x = 1\n"}
CHANGED: Files = {
    "src/cart/prices.py": NEW,
    "src/cart/tax.py": 'RATE = "0.19"\n',
    "tests/test_prices.py": "x = 2\n",
    ".github/workflows/ci.yml": "on: push\n",
    "uv.lock": "kvlite 2.0.1\n" * 60,
}


async def _opened(pilot: Pilot[str], scene: Reading) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    screen = await open_reader(pilot, scene, app)
    screen.file_list.go_to("src/cart/prices.py")
    await pilot.press("enter")
    await until(pilot, lambda: screen.is_in_patch and _is_dressed(screen))
    await pilot.press("n", "j")
    await until(pilot, lambda: screen.patch.cursor > 2 and all(each.group == "feed" for each in app.workers))
    await pilot.pause()


def _is_dressed(screen: DiffScreen) -> bool:
    return any(each.pieces for page in screen.patch._pages.pages.values() for each in page.dressings)


@pytest.mark.parametrize("theme", [ThemeName.DARK, ThemeName.LIGHT])
def test_every_tone_of_a_program_can_be_read_on_what_was_added_and_on_what_was_removed(theme: ThemeName) -> None:
    chosen = THEMES[theme]
    colours = {**chosen.to_color_system().generate(), **chosen.variables}
    tones = ("text-primary", "text-accent", "text-warning", "text-success", "text-error", "foreground")
    for ground in ("success-muted", "error-muted"):
        for tone in tones:
            contrast = contrast_of(Color.parse(colours[tone]), Color.parse(colours[ground]))
            assert contrast >= READABLE, (tone, ground, contrast)


def contrast_of(one: Color, other: Color) -> float:
    """As WCAG 2.1 has it."""

    def light(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    parts = [[light(part / 255) for part in (colour.r, colour.g, colour.b)] for colour in (one, other)]
    low, high = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in parts)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        ((80, 24), ThemeName.DARK),
        ((140, 40), ThemeName.DARK),
        ((180, 40), ThemeName.LIGHT),
        ((180, 40), ThemeName.MONO),
    ],
    ids=["small", "one-column", "two-columns", "mono"],
)
def test_the_reader_looks_like_this(
    snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int], theme: ThemeName
) -> None:
    scene, _ = reading(tmp_path, BEFORE, CHANGED)
    app = Dashboard(Session(scene.place, scene.clock, scene.person(), settings=Settings(theme=theme)))

    async def story(pilot: Pilot[str]) -> None:
        await _opened(pilot, scene)

    assert snap_compare(app, terminal_size=size, run_before=story)
