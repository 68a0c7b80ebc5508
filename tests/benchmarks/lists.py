"""A list that lives: our tree beside Textual's Tree and DataTable, at 10,000 and 100,000 rows, rendered to bytes.

.venv/bin/python tests/benchmarks/lists.py [ROWS …]
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from onloop.records import replace

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "core", "tui")]

from textual.app import ComposeResult  # noqa: E402
from textual.driver import Driver  # noqa: E402
from textual.drivers.headless_driver import HeadlessDriver  # noqa: E402
from textual.events import Key  # noqa: E402
from textual.pilot import Pilot  # noqa: E402
from textual.widget import Widget  # noqa: E402
from textual.widgets import DataTable, Tree  # noqa: E402
from textual.widgets.tree import TreeNode  # noqa: E402

from benchmarks.figures import say  # noqa: E402
from onloop.machine.state import Reason, State  # noqa: E402
from onloop.machine.task import Kind, Task  # noqa: E402
from onloop_tui.model.filter.filters import Filter, parse  # noqa: E402
from onloop_tui.model.ground.snapshot import Snapshot  # noqa: E402
from onloop_tui.widgets.tree_view import TreeView  # noqa: E402
from support.tui_lists import ListApp  # noqa: E402
from support.tui_scenes import NOON, REMEDIATION  # noqa: E402

SIZE = (140, 45)
PER_RUN = 100
KEYS, OTHERS = 60, 9
SETTLE_S = 0.08
PATIENCE_S = 60.0
FILTERS = ("repo:*9", "repo:*8")
SUBJECTS = ("TreeView", "Tree", "DataTable")
FIGURES = {
    "build_ms": "tasks → first paint, ms of CPU",
    "key_p95_ms": "key → paint, p95, ms on the clock",
    "key_ms": "key → paint, ms of CPU",
    "add_ms": "add a leaf → paint, ms of CPU",
    "visible_ms": "change a row in sight → paint, ms of CPU",
    "far_ms": "change a row out of sight, ms of CPU",
    "filter_ms": "another filter → paint, ms of CPU",
    "memory_mb": "memory for the list, MB",
}


class Silent(HeadlessDriver):
    """Takes all bytes that a terminal would get, and says when there were some."""

    painted: ClassVar[asyncio.Event]

    @property
    def is_headless(self) -> bool:
        """No: a headless driver would spare the rendering."""
        return False

    def write(self, data: str) -> None:  # noqa: ARG002 - the bytes are all the same to it
        """Take a frame."""
        self.painted.set()


def tasks_of(rows: int) -> list[Task]:
    """Fleets of a hundred, at work."""
    made: list[Task] = []
    for number in range(max(1, rows // (PER_RUN + 1))):
        run = f"run{number}"
        root = Task(run, run, "patch kvlite (CVE-2026-1)", Kind.FLEET, "d", "cve", "human:ana", NOON + number, NOON)
        root = replace(root, state=State.WORKING, reason=Reason.CHILDREN_RUNNING, definition=REMEDIATION.digest)
        made += [root, *(child(root, index) for index in range(1, PER_RUN + 1))]
    return made


def child(root: Task, index: int) -> Task:
    """One repository of a fleet."""
    return replace(
        root, id=f"{root.id}.{index}", kind=Kind.WORK, parent=root.id, repo=f"repo{index}", reason=None,
        step="develop.remediate", holder="agent:coder", since=NOON, visits={"develop.remediate": 1},
    )  # fmt: skip


class Ours:
    """The live tree of the dashboard."""

    def __init__(self) -> None:
        self.widget = TreeView(lambda: NOON)
        self._tasks: dict[str, Task] = {}
        self._snapshot = Snapshot(tasks=self._tasks, definitions={REMEDIATION.digest: REMEDIATION})

    def build(self, tasks: Sequence[Task]) -> None:
        """Show these."""
        self._tasks.update((task.id, task) for task in tasks)
        self.widget.take(self._snapshot, None)

    def go_to(self, task_id: str) -> None:
        """Cursor."""
        self.widget.go_to(task_id)

    def put(self, task: Task) -> None:
        """One task is new, or another one now."""
        self._tasks[task.id] = task
        self.widget.take(self._snapshot, {task.id})

    def filter(self, wanted: Filter, tasks: Sequence[Task]) -> None:  # noqa: ARG002 - it has them
        """Show what fits."""
        self.widget.show_only(wanted)


def words(task: Task) -> tuple[str, ...]:
    """What the others show of a task; less than a row of ours says."""
    return (task.state.value, task.id, task.repo or task.title, task.step or "", task.holder or "", str(task.version))


def fitting(wanted: Filter, tasks: Iterable[Task]) -> list[Task]:
    """What fits, and the roots above it."""
    return [task for task in tasks if task.parent is None or wanted.matches(task, NOON, "")]


class TextualTree:
    """Textual's Tree, used as its documentation says."""

    def __init__(self) -> None:
        self.widget: Tree[str] = Tree("runs")
        self._nodes: dict[str, TreeNode[str]] = {}

    def build(self, tasks: Sequence[Task]) -> None:
        """Show these."""
        for task in tasks:
            self._add(task)
        self.widget.root.expand()

    def _add(self, task: Task) -> None:
        above = self._nodes[task.parent] if task.parent else self.widget.root
        label = "  ".join(words(task))
        is_root = task.parent is None
        self._nodes[task.id] = above.add(label, expand=True) if is_root else above.add_leaf(label)

    def go_to(self, task_id: str) -> None:
        """Cursor."""
        self.widget.move_cursor(self._nodes[task_id])

    def put(self, task: Task) -> None:
        """One task is new, or another one now."""
        node = self._nodes.get(task.id)
        if node is None:
            self._add(task)
        else:
            node.set_label("  ".join(words(task)))

    def filter(self, wanted: Filter, tasks: Sequence[Task]) -> None:
        """Show what fits: it has no filter, so it is built anew."""
        self.widget.clear()
        self._nodes.clear()
        self.build(fitting(wanted, tasks))


class TextualTable:
    """Textual's DataTable, used as its documentation says."""

    def __init__(self) -> None:
        self.widget: DataTable[str] = DataTable(cursor_type="row")

    def build(self, tasks: Sequence[Task]) -> None:
        """Show these."""
        if not self.widget.columns:
            for name in ("state", "task", "repo", "step", "holder", "version"):
                self.widget.add_column(name, key=name)
        for task in tasks:
            self.widget.add_row(*words(task), key=task.id)

    def go_to(self, task_id: str) -> None:
        """Cursor."""
        self.widget.move_cursor(row=self.widget.get_row_index(task_id))

    def put(self, task: Task) -> None:
        """One task is new, or another one now."""
        if task.id not in self.widget.rows:
            self.widget.add_row(*words(task), key=task.id)
        else:
            self.widget.update_cell(task.id, "version", str(task.version))

    def filter(self, wanted: Filter, tasks: Sequence[Task]) -> None:
        """Show what fits: it has no filter, so it is built anew."""
        self.widget.clear()
        self.build(fitting(wanted, tasks))


Subject = Ours | TextualTree | TextualTable
MAKERS: dict[str, Callable[[], Subject]] = dict(zip(SUBJECTS, (Ours, TextualTree, TextualTable), strict=True))


class Bench(ListApp):
    """One list, over all of the screen."""

    def __init__(self, widget: Widget) -> None:
        super().__init__(driver_class=Silent)
        self._widget = widget

    def compose(self) -> ComposeResult:
        """The list."""
        yield self._widget

    def on_key(self, event: Key) -> None:
        """Ours has its keys from the screen; the others bring their own."""
        if event.key == "down" and isinstance(self._widget, TreeView):
            self._widget.move(1)


def resident_mb() -> float:
    """What the process takes of memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def until_paint(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of CPU and on the clock from `act` to the terminal's bytes; then everything may settle."""
    Silent.painted.clear()
    cpu, clock = time.process_time(), time.perf_counter()
    act()
    await asyncio.wait_for(Silent.painted.wait(), PATIENCE_S)
    took = (time.process_time() - cpu) * 1000, (time.perf_counter() - clock) * 1000
    await asyncio.sleep(SETTLE_S)
    return took


async def cpu_of(act: Callable[[], object]) -> float:
    """Milliseconds of CPU that `act` costs, whatever is painted for it."""
    cpu = time.process_time()
    act()
    await asyncio.sleep(SETTLE_S)
    return (time.process_time() - cpu) * 1000


async def measured(app: Bench, subject: Subject, tasks: list[Task]) -> dict[str, float]:
    """Every figure of one list."""
    found: dict[str, float] = {}
    before = resident_mb()
    found["build_ms"], _ = await until_paint(lambda: subject.build(tasks))
    found["memory_mb"] = resident_mb() - before
    gc.collect()
    gc.freeze()
    app.set_focus(subject.widget)
    await asyncio.sleep(SETTLE_S)
    driver = app._driver
    assert isinstance(driver, Driver)
    keys = [await until_paint(lambda: driver.process_message(Key("down", None))) for _ in range(KEYS)]
    found["key_ms"] = statistics.median(cpu for cpu, _ in keys)
    found["key_p95_ms"] = sorted(clock for _, clock in keys)[int(KEYS * 0.95)]
    await until_paint(lambda: subject.go_to(tasks[PER_RUN].id))
    leaves = [child(tasks[0], PER_RUN + number) for number in range(1, OTHERS + 1)]
    found["add_ms"] = await median_cpu([partial(subject.put, leaf) for leaf in leaves])
    near = [replace(tasks[PER_RUN], version=version, holder=f"agent:{version}") for version in range(1, OTHERS + 1)]
    found["visible_ms"] = await median_cpu([partial(subject.put, task) for task in near])
    far = [replace(tasks[-1], version=version) for version in range(1, OTHERS + 1)]
    found["far_ms"] = statistics.median([await cpu_of(partial(subject.put, task)) for task in far])
    wanted = [_understood(FILTERS[number % 2]) for number in range(OTHERS)]
    found["filter_ms"] = await median_cpu([partial(subject.filter, one, tasks) for one in wanted])
    return found


async def median_cpu(acts: Sequence[Callable[[], object]]) -> float:
    """The median CPU of several."""
    return statistics.median([(await until_paint(act))[0] for act in acts])


def _understood(text: str) -> Filter:
    found = parse(text)
    assert isinstance(found, Filter)
    return found


async def one(name: str, rows: int) -> dict[str, float]:
    """All figures of one list in this process."""
    Silent.painted = asyncio.Event()
    tasks = tasks_of(rows)
    subject = MAKERS[name]()
    app = Bench(subject.widget)
    found: dict[str, float] = {}

    async def story(_pilot: Pilot[Any]) -> None:
        await asyncio.sleep(SETTLE_S * 3)
        found.update(await measured(app, subject, tasks))
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=story)
    return found


def asked(name: str, rows: int) -> dict[str, float]:
    """All figures of one list in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, "--one", name, str(rows)], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def report(rows: int) -> dict[str, dict[str, float]]:
    """The table for so many rows: figures, and how many times more the others take."""
    figures = {name: asked(name, rows) for name in SUBJECTS}
    say(f"\n{rows} rows, {SIZE[0]}×{SIZE[1]}{'':29}{'':>8}{SUBJECTS[0]:>12}{SUBJECTS[1]:>20}{SUBJECTS[2]:>20}")
    for key, about in FIGURES.items():
        ours = figures[SUBJECTS[0]][key]
        others = "".join(
            f"{figures[name][key]:>10.1f} {f'({figures[name][key] / max(ours, 0.01):.1f}×)':>9}"
            for name in SUBJECTS[1:]
        )
        say(f"  {about:<46}{ours:>10.2f}{others}")
    return figures


def main(arguments: Sequence[str]) -> None:
    """Tables, then everything as JSON."""
    if arguments[:1] == ["--one"]:
        say(json.dumps(asyncio.run(one(arguments[1], int(arguments[2])))))
        return
    every = {rows: report(rows) for rows in map(int, arguments or ("10000", "100000"))}
    say(json.dumps(every))


if __name__ == "__main__":
    main(sys.argv[1:])
