"""What following 10,000 live tasks costs: `PYTHONPATH=core:tui:tests python tests/benchmarks/attention.py`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from gateway.test_gallery import many
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, StoreState
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop.views.overview import board_at
from onloop.views.overview_projector import OverviewProjector
from support.scenario import NOON
from support.steps import HOUR

COUNT = 10_000
FROZEN = StoreState(freezes={"all": Frozen("all", "human:ana", "")})


def asking() -> list[Task]:
    """Nearly as many causes as tasks: every question is another one."""
    root, *tasks = many(COUNT, 1)
    words = ("".join(chr(97 + int(digit)) for digit in str(n)) for n in range(COUNT))
    return [
        root,
        *(replace(task, reason=Reason.QUESTION, detail=word) for task, word in zip(tasks, words, strict=True)),
    ]


def working() -> list[Task]:
    """All at work, each with a holder."""
    root, *tasks = many(COUNT, 1)
    return [root, *(replace(task, state=State.WORKING, reason=None, holder="agent:a", epoch=1) for task in tasks)]


def took_ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def measure(label: str, tasks: Sequence[Task]) -> str:
    """One line of the table."""
    gallery = OverviewProjector()
    first = took_ms(lambda: gallery.after(tasks))
    news = [replace(tasks[n * 20], detail=f"tests: {'abc'[n % 3]} failed", version=n) for n in range(1, 400)]
    costs = sorted(took_ms(lambda change=change: gallery.after([change])) for change in news)  # type: ignore[misc]
    far = NOON + 1000 * HOUR
    leases = [Lease(task.id, 1, "agent:a", far, far, far) for task in tasks if task.holder]
    boards = [
        min(took_ms(lambda h=house: board_at(gallery.picture, gallery.tasks, h, leases, NOON + HOUR)) for _ in range(5))  # type: ignore[misc]
        for house in (StoreState(), FROZEN)
    ]
    numbers = (first, costs[len(costs) // 2], costs[len(costs) * 95 // 100], *boards)
    return f"| {label} | {len(gallery.picture.groups)} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |\n"


def main() -> None:
    sys.stdout.write("| 10,000 tasks | groups | first ms | change p50 | change p95 | board | board, all frozen |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for label, tasks in (("failing", many(COUNT, 3)), ("asking", asking()), ("working", working())):
        sys.stdout.write(measure(label, tasks))


if __name__ == "__main__":
    main()
