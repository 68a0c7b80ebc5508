"""How the reader of a change looks: one column, two beside each other, without colour, and in a small terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop_tui.app import Dashboard
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.session import Session
from onloop_tui.settings import Settings, ThemeName
from support.tui_reading import Files, Reading, open_reader, reading
from support.tui_scenes import until

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
