"""How long the Fleet takes with 10,000 repositories: `python tests/benchmarks/matrix.py`; not a test."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from onloop.records import replace

ROOT_FOLDER = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT_FOLDER / part) for part in ("tests", "core", "tui")]

from onloop.machine.state import Reason, State  # noqa: E402
from onloop.machine.store_state import StoreState  # noqa: E402
from onloop.machine.task import Kind, Task  # noqa: E402
from onloop.views.overview_projector import OverviewProjector  # noqa: E402
from onloop_tui.model.fleet.matrix import Matrix  # noqa: E402
from onloop_tui.model.ground.snapshot import Snapshot  # noqa: E402

NOON = 1_800_000_000_000
STEPS = ("develop.remediate", "ship.approve", "ship.merge")
ROOT = Task("r", "r", "patch kvlite", Kind.FLEET, "d", "cve", "human:ana", NOON, NOON, state=State.WORKING)
STANDS = (
    (State.WORKING, None),
    (State.SUBMITTED, Reason.READY),
    (State.COMPLETED, None),
    (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED),
    (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED),
)


def repository(number: int, turn: int) -> Task:
    state, reason = STANDS[(number + turn) % len(STANDS)]
    return replace(
        ROOT,
        id=f"r.{number}",
        kind=Kind.WORK,
        parent="r",
        repo=f"repo-{number}",
        step=STEPS[number % 3],
        state=state,
        reason=reason,
        detail=f"cause {'abc'[number % 3]}",
        since=NOON + number,
        version=turn,
    )


def ms(work: Callable[[], object], times: int) -> tuple[float, float]:
    """The median and the worst of so many runs."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent), max(spent)


def follow(matrix: Matrix, moments: Iterator[tuple[Snapshot, frozenset[str]]]) -> None:
    """Take the next moment."""
    matrix.take(*next(moments))


def say(words: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{words}\n")


def main(count: int) -> None:
    """Measure, and print a line for each."""
    gallery = OverviewProjector()
    tasks = [ROOT, *(repository(i, 0) for i in range(count))]
    snapshot = Snapshot().after(tasks, StoreState(), 1, overview=gallery.after(tasks))
    matrix = Matrix("r")
    say(f"count all {count}: {ms(lambda: matrix.take(snapshot, None), 5)[0]:.1f} ms")
    turns = iter(range(1, 1_000_000))

    def change(many: int) -> tuple[Snapshot, frozenset[str]]:
        nonlocal snapshot
        turn = next(turns)
        changed = [repository((turn * 37 + i) % count, turn) for i in range(many)]
        snapshot = snapshot.after(changed, StoreState(), turn + 1, overview=gallery.after(changed))
        return snapshot, frozenset(task.id for task in changed)

    for many in (1, 20, 500):
        moments = [change(many) for _ in range(30)]
        matrix.take(moments[0][0], None)
        waiting = iter(moments[1:])
        median, worst = ms(partial(follow, matrix, waiting), 29)
        say(f"{many:>4} changed of {count}: median {median:.2f} ms, worst {worst:.2f} ms")
    say(f"rows and counts: {ms(lambda: (matrix.rows, matrix.counts), 20)[0]:.2f} ms")
    largest = max(matrix.rows, key=lambda row: len(row.members)).key
    say(f"members of the largest row: {ms(lambda: matrix.members(largest), 20)[0]:.2f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
