"""What the figures of the loop cost: `python tests/benchmarks/loop.py [EVENTS]` prints processor time and memory.

The log is planted (tests/measures) and made in parts, so that only the fold is measured, and nothing else grows.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from onloop.records import replace

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("core", "tui", "tests")]

from measures.planted_log import PlantedLog  # noqa: E402
from onloop.insight.measures.loop_fold import LoopFold  # noqa: E402
from onloop.store.port import Recorded  # noqa: E402

TASKS = 500
"""How many tasks each part of the log has."""


def parts(events: int) -> Iterator[list[Recorded]]:
    """So many events at least, in parts, each with tasks of its own."""
    seq, number = 0, 0
    while seq < events:
        made = PlantedLog(number, frozenset(), TASKS).events
        yield [_moved(each, seq, number) for each in made]
        seq, number = seq + len(made), number + 1


def _moved(each: Recorded, seq: int, number: int) -> Recorded:
    task = each.task if each.task == each.run else f"p{number}{each.task}"
    return replace(each, seq=each.seq + seq, task=task)


def main() -> None:
    """Fold the log, and say what that took."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    fold, spent, count, before = LoopFold(), 0.0, 0, 0
    for part in parts(wanted):
        before = before or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        fold.take(part)
        spent += time.process_time() - began
        count += len(part)
    began = time.process_time()
    figures = fold.figures(0)
    told = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(
        f"{count} events, {figures.touches.ended} tasks ended: folded in {spent:.1f} s "
        f"({spent / count * 1e6:.1f} s per million), figures in {told * 1000:.0f} ms, "
        f"{grown / 1024:.0f} MiB more since the first part\n"
    )


if __name__ == "__main__":
    main()
