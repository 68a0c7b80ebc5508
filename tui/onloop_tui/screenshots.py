"""Pictures of a real store: `python -m onloop_tui.screenshots --store DIR --out screenshots`; it only looks."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from onloop.errors import BadInput, OnloopError
from onloop.gateway.home import find_home
from onloop_tui.app import Dashboard
from onloop_tui.place import Place, place_of
from onloop_tui.session import Session
from onloop_tui.widgets.sheet import Mode

SIZES = ((80, 24), (140, 45))
_PATIENCE_S = 20.0
_LOOK_S = 0.02


async def take_pictures(place: Place, out: Path, sizes: Sequence[tuple[int, int]] = SIZES) -> tuple[Path, ...]:
    """Write the Inbox and, where something needs a person, a sheet, once per size; the answer is what was written."""
    place.mark()
    out.mkdir(parents=True, exist_ok=True)
    return tuple([path for size in sizes for path in await _pictures(place, out, size)])


async def _pictures(place: Place, out: Path, size: tuple[int, int]) -> list[Path]:
    app = Dashboard(Session(place, read_only=True))
    suffix = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        await _wait(pilot, lambda: app.main.snapshot.seq > 0, "the store to be read")
        written = _written(app, out / f"inbox-{suffix}")
        if app.main.inbox.focused_group is not None:
            await pilot.press("enter")
            await _wait(pilot, lambda: app.main.sheet.mode is Mode.SHOWN, "the sheet to be read")
            written += _written(app, out / f"sheet-{suffix}")
    return written


async def _wait(pilot: Pilot[str], holds: Callable[[], bool], what: str) -> None:
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(_LOOK_S)
    raise BadInput(f"waited {_PATIENCE_S:.0f} s for {what}", hint="give a store with events in it: --store DIR")


def _written(app: Dashboard, stem: Path) -> list[Path]:
    """The screen as SVG, and as PNG where resvg is installed."""
    svg = app.export_screenshot(title="onloop", simplify=True)
    files = [stem.with_suffix(".svg")]
    files[0].write_text(svg, encoding="utf-8")
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        return files
    picture = svg_to_bytes(svg_string=svg, monospace_family="DejaVu Sans Mono")
    files.append(stem.with_suffix(".png"))
    files[1].write_bytes(bytes(picture))
    return files


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures, and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m onloop_tui.screenshots", description=__doc__)
    parser.add_argument("--store", help="the store's folder", required=True)
    parser.add_argument("--out", help="the folder for the pictures", type=Path, default=Path("screenshots"))
    args = parser.parse_args(argv)
    try:
        for path in asyncio.run(take_pictures(place_of(find_home(args.store)), args.out)):
            sys.stdout.write(f"{path}\n")
    except OnloopError as problem:
        sys.stderr.write(f"onloop: {problem.message}\n  → {problem.hint}\n")
        return problem.exit.value
    return 0


if __name__ == "__main__":
    sys.exit(main())
