"""Pictures of a real store: `python -m onloop_tui.screenshots` plays a demo for them, `--store DIR` uses yours."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from onloop.demo.crew import Crew
from onloop.demo.folder import DemoFolder, begin, prepare
from onloop.demo.scenario import Pattern
from onloop.errors import BadInput, OnloopError
from onloop.home import find_home
from onloop.store.port import TaskFilter
from onloop.views.overview_projector import overview_of
from onloop_tui.app import Dashboard
from onloop_tui.bindings import VIEWS, Where
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess, access_of

SIZES = ((80, 24), (140, 45))
DEMO_PACE_S = 0.4
DEMO_S = 90.0
ENOUGH_CAUSES, ENOUGH_RUNNING = 3, 2
"""A demo is ready for pictures when this many causes wait for a person while this many agents work."""
_PATIENCE_S = 20.0
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its view, and the keys pressed before it is taken."""

    name: str
    view: Where
    keys: tuple[str, ...] = ()
    sheet: bool = False


SHOTS = (
    *(Shot(view.name.lower(), view) for view in VIEWS),
    Shot("sheet", Where.INBOX, ("g", "enter"), sheet=True),
)


async def take_pictures(place: StoreAccess, out: Path, sizes: Sequence[tuple[int, int]] = SIZES) -> tuple[Path, ...]:
    """Write pictures of every view, and of a sheet if something needs a person, for each size; returns the files."""
    place.mark()
    out.mkdir(parents=True, exist_ok=True)
    return tuple([path for size in sizes for path in await _pictures(place, out, size)])


async def _pictures(place: StoreAccess, out: Path, size: tuple[int, int]) -> list[Path]:
    app = Dashboard(Session(place, read_only=True))
    written: list[Path] = []
    async with app.run_test(size=size) as pilot:
        await _wait(pilot, lambda: app.main.snapshot.seq > 0, "the store to be read")
        for shot in SHOTS:
            if shot.sheet and app.main.inbox.focused_group is None:
                continue
            app.main.action_view(shot.view.name.lower())
            await pilot.pause(_LOOK_S)
            await pilot.press(*shot.keys)
            if shot.sheet:
                await _wait(pilot, lambda: app.main.sheet.mode is Mode.SHOWN, "the sheet to be read")
            await _wait(pilot, lambda: all(worker.group == "feed" for worker in app.workers), "what is read aside")
            await pilot.pause(_LOOK_S)
            written += _written(app, out / f"{shot.name}-{size[0]}x{size[1]}")
    return written


async def _wait(pilot: Pilot[str], holds: Callable[[], bool], what: str) -> None:
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(_LOOK_S)
    raise BadInput(f"waited {_PATIENCE_S:.0f} s for {what}", hint="give a store that contains events: --store DIR")


def _written(app: Dashboard, stem: Path) -> list[Path]:
    """The screen as SVG, and as PNG if resvg is installed."""
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


@contextmanager
def played_demo() -> Iterator[StoreAccess]:
    """A demo that plays unattended, once there is enough to see in it; its processes end with the block."""
    with tempfile.TemporaryDirectory(prefix="onloop-pictures-") as path:
        folder = DemoFolder(Path(path))
        folder.path.chmod(0o700)
        prepare(folder, Pattern.FLEET)
        opened, _, _ = begin(folder, "you")
        crew, began = Crew(folder, DEMO_PACE_S), time.monotonic()
        try:
            while time.monotonic() - began < DEMO_S:
                crew.start_missing()
                with opened.gateway.store.reading() as at:
                    overview = overview_of(at.tasks(TaskFilter()))
                if len(overview.groups) >= ENOUGH_CAUSES and overview.working >= ENOUGH_RUNNING:
                    break
                time.sleep(_LOOK_S)
            yield access_of(folder.home)
        finally:
            crew.stop()
            opened.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures, and print their paths."""
    parser = argparse.ArgumentParser(prog="python -m onloop_tui.screenshots", description=__doc__)
    parser.add_argument("--store", help="the folder of a store; without it, a demo is played")
    parser.add_argument("--out", help="the folder for the pictures", type=Path, default=Path("screenshots"))
    args = parser.parse_args(argv)
    try:
        if args.store:
            written = asyncio.run(take_pictures(access_of(find_home(args.store)), args.out))
        else:
            with played_demo() as place:
                written = asyncio.run(take_pictures(place, args.out))
    except OnloopError as problem:
        sys.stderr.write(f"onloop: {problem.message}\n  → {problem.hint}\n")
        return problem.exit.value
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
