"""What one connection remembers of runs between its transactions, as long as nobody else has changed them.

A run's row counts the transactions that changed anything of it. Whoever has it locked, and finds the count that they
left, need not read the rest again.
"""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import MutableRecord, field
from onloop.store.postgres.pending_changes import Place, Sealed
from onloop.store.rows import StoreRow

MOST_RUNS, MOST_ROWS, MOST_WORKFLOWS = 512, 4_096, 64
"""The most runs that are remembered, the most rows and tasks of one run, and the most workflows."""

Whole = tuple[type[StoreRow], str]
"""A kind of row and a task, of which all such rows are known."""


class RunMemory(MutableRecord):
    """What is known of a run at its `turn`: tasks, rows by kind and key (None: there is none), and what is complete."""

    turn: int
    tasks: dict[str, Task] = field(default_factory=dict)
    rows: dict[Place, Sealed | None] = field(default_factory=dict)
    whole: set[Whole] = field(default_factory=set)


class Memories(MutableRecord):
    """What is remembered of each run, the one that was used last at the end; and of the whole store, at its count."""

    runs: dict[str, RunMemory] = field(default_factory=dict)
    house: StoreState | None = None
    house_count: int = -1
    workflows: dict[str, Sealed] = field(default_factory=dict)
    """Rows of pinned workflows by digest, which are never changed."""
    oldest_answer: int = 0
    """No answer that is remembered under a key was given before that time (ms)."""

    def of(self, run: str, turn: int) -> RunMemory | None:
        """What is known of the run, if nobody has changed it since."""
        known = self.runs.get(run)
        return known if known is not None and known.turn == turn else None

    def keep(self, run: str, memory: RunMemory) -> None:
        """Remember a run as it was left; one that is too large is forgotten."""
        self.runs.pop(run, None)
        if len(memory.tasks) + len(memory.rows) > MOST_ROWS:
            return
        while len(self.runs) >= MOST_RUNS:
            del self.runs[next(iter(self.runs))]
        self.runs[run] = memory

    def keep_workflow(self, digest: str, row: Sealed) -> None:
        """Remember a workflow, in place of the one that was kept first, if they are many."""
        while len(self.workflows) >= MOST_WORKFLOWS:
            del self.workflows[next(iter(self.workflows))]
        self.workflows[digest] = row

    def forget(self, runs: Iterable[str]) -> None:
        """These runs are not known any more."""
        for run in runs:
            self.runs.pop(run, None)
