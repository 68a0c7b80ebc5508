"""A diff of 50 MB beside one of 50 KB: open → first rows, a key, jumps to an end, a search, and what memory it takes.

.venv/bin/python tests/benchmarks/diffs.py [BYTES…]
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from benchmarks.figures import say  # noqa: E402
from onloop_tui.diff.diff_screen import DiffScreen  # noqa: E402
from support.tui_decisions import type_in  # noqa: E402
from support.tui_reading import open_reader, reading  # noqa: E402
from support.tui_scenes import playing  # noqa: E402

SIZES = (50_000, 50_000_000)
LARGEST_TEXT = 30_000_000
"""What the figures have been measured with; changed in every line, half of it is enough."""
KEYS = 200
PATIENCE_S = 60.0
LINE = "    total_{0} = price_{0} * (1 + rate)  # what line {0} of the cart costs\n"


def program(size: int, word: str = "rate") -> str:
    """A program of about so many bytes."""
    lines: list[str] = []
    room = size
    while room > 0:
        lines.append(LINE.format(len(lines)).replace("rate", word))
        room -= len(lines[-1])
    return "".join(lines)


async def came(screen: DiffScreen, patience_s: float = PATIENCE_S) -> None:
    """Wait until what is asked for is on the screen."""
    end = time.perf_counter() + patience_s
    while time.perf_counter() < end:
        shown = screen.patch._screen()
        if (
            screen.patch.last is not None
            and shown
            and not any("┆ …" in span.text for _, line in shown for span in line)
        ):
            return
        await asyncio.sleep(0.002)
    raise TimeoutError("nothing came")


def keys(screen: DiffScreen) -> str:
    """What a key costs the app's own thread, from its action to the rows drawn anew: whatever else the machine does."""
    pane, times = screen.patch, []
    for number in range(KEYS):
        began = time.thread_time()
        screen.action_page(1) if number % 4 == 0 else screen.action_move(1 if number % 4 < 3 else -1)
        screen.draw()
        for y in range(pane.size.height):
            pane.render_line(y)
        times.append((time.thread_time() - began) * 1000)
    times.sort()
    return f"p50 {statistics.median(times):.1f} ms, p95 {times[int(KEYS * 0.95) - 1]:.1f} ms, worst {times[-1]:.1f} ms"


async def measure(size: int, *, is_new: bool) -> None:
    """One file of that size: all of it new, or changed in every line."""
    with tempfile.TemporaryDirectory() as folder:
        before = {"other.txt": "x\n"} if is_new else {"cart.py": program(size // 2, "tax")}
        scene, _ = reading(Path(folder), before, {"cart.py": program(size if is_new else size // 2)})
        app = scene.dashboard()
        async with playing(app) as pilot:
            screen = await open_reader(pilot, scene, app)
            began = time.perf_counter()
            await pilot.press("enter")
            await came(screen)
            first = (time.perf_counter() - began) * 1000
            while screen.patch.last is None or screen.patch.last.is_counting:
                await asyncio.sleep(0.01)
            whole = time.perf_counter() - began
            cost = keys(screen)
            await came(screen)
            jumps = []
            for key in ("G", "g", "G"):
                began = time.perf_counter()
                await pilot.press(key)
                await came(screen)
                jumps.append((time.perf_counter() - began) * 1000)
            total = screen.patch.last.total
            began = time.perf_counter()
            await pilot.press("g", "/")
            await type_in(pilot, f"line {total // 4} of")
            await pilot.press("enter")
            while screen.patch.cursor < 100 and time.perf_counter() - began < PATIENCE_S:
                await asyncio.sleep(0.005)
            search = time.perf_counter() - began
        kind = "new" if is_new else "changed"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say(
            f"{size / 1e6:g} MB, {kind}: {total:,} rows · first rows {first:.0f} ms · all counted {whole:.1f} s"
            f" · a key {cost} · to an end {max(jumps):.0f} ms · search {search:.1f} s"
            f" · memory {memory:.0f} MB"
        )


async def main() -> None:
    """Both sizes, new and changed; or those given as arguments."""
    for size in tuple(map(int, sys.argv[1:])) or SIZES:
        for is_new in (True, False):
            await measure(min(size, LARGEST_TEXT) if is_new else size, is_new=is_new)


if __name__ == "__main__":
    asyncio.run(main())
