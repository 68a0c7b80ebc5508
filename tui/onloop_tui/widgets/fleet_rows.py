"""The rows of one run: its causes, its repositories, or the repositories of the row that was drilled into."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onloop.machine.task import Task
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line
from onloop_tui.model.filter.filters import EVERYTHING, Filter
from onloop_tui.model.fleet.matrix import CauseRow, Matrix, first_waiting, run_order, steps_of
from onloop_tui.model.fleet.matrix_rows import (
    cause_columns,
    cause_heading,
    cause_line,
    repository_columns,
    repository_heading,
    repository_line,
)
from onloop_tui.model.fleet.repository_arrangement import (
    arranged_repository,
    arranged_repository_heading,
    repository_places,
    repository_plan,
    shared_in_run,
)
from onloop_tui.model.ground.places import NO_PLACES, in_places
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.widgets.row_view import RowView

REFILTER_MS = 10_000
"""How often a filter by age checks all repositories again, even without changes."""


class FleetRows(RowView):
    """Follows one run; only changed tasks are counted again. `clock` gives the time in ms."""

    def __init__(self, clock: Callable[[], int], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._clock = clock
        self._index = FlatRows()
        self._counted = False
        self._filtered_at = 0
        self._by_cause = True
        self.ids: tuple[str, ...] = ()
        self.steps: tuple[str, ...] = ()
        self.runs: tuple[str, ...] = ()
        """All runs, in the order of `<` and `>`."""
        self.drilled: str | None = None
        """The row whose repositories are shown; None if all are shown."""
        self.filter = EVERYTHING
        self.matrix = Matrix()
        self.snapshot = Snapshot()
        self.arrangement = RowArrangement()
        self._shared: Mapping[str, str] = {}
        self._places = NO_PLACES

    @property
    def run_id(self) -> str:
        """The run that is shown; empty if there is none."""
        return self.matrix.run

    @property
    def turns(self) -> tuple[str, ...]:
        """The runs that `<` and `>` go through: live ones, unless an ended one is shown."""
        lines = {line.run: line for line in self.snapshot.overview.runs}
        live = tuple(run for run in self.runs if lines[run].live)
        return live if self.run_id in live else self.runs

    @property
    def shows_causes(self) -> bool:
        """Whether the rows are causes; otherwise they are repositories."""
        return self._by_cause and self.drilled is None

    @property
    def waves_left(self) -> tuple[int, ...]:
        """How many go on without a person, in the order of the waves that are left."""
        return self.matrix.left

    @property
    def row_here(self) -> CauseRow | None:
        """The row of counts under the cursor, or the one that counts the repository under the cursor."""
        cursor = self.cursor or ""
        return self.matrix.row(cursor) if self.shows_causes else self.matrix.row_of(cursor)

    # -- news

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot. If no run is shown or it is gone, start with the run of the Inbox's first row."""
        before, self.snapshot = self.snapshot, snapshot
        if snapshot.overview is not before.overview:
            self.runs = run_order(snapshot)
        waiting = None
        if self.run_id not in self.runs:
            waiting = first_waiting(snapshot)
            self._begin(waiting.run if waiting is not None else self.runs[0] if self.runs else "")
        changed = snapshot.changed_since(before.seq) if snapshot.seq != before.seq else frozenset()
        self.matrix.take(snapshot, changed if self._counted else None)
        self._counted = True
        if self.arrangement.order and not self._places:
            self.order_anew()
        self._draw()
        if waiting is not None:
            self.stand_on(waiting.task)

    def tick(self) -> None:
        """Update ages, and a filter by age."""
        if self.filter.is_timed and abs(self._clock() - self._filtered_at) >= REFILTER_MS:
            self._recount()
        self.renew()

    def look_at(self, run: str) -> None:
        """Show another run, with the cursor on its first row."""
        self._begin(run)
        self.drilled = None
        self._recount()
        self.edge(-1)

    def show_only(self, wanted: Filter) -> None:
        """Count and show only repositories that match; `EVERYTHING` counts all."""
        self.filter = wanted
        self._recount()

    def _recount(self) -> None:
        self._begin(self.run_id)
        self.take(self.snapshot)

    def _begin(self, run: str) -> None:
        """Forget all counts, so that the next snapshot is counted from the start."""
        if run != self.run_id:
            self.drilled, self._places = None, NO_PLACES
        self._counted, self._filtered_at = False, self._clock()
        self.matrix = Matrix(run, self._fits if self.filter else None)
        tasks = self.snapshot.tasks
        definition = self.snapshot.definitions.get(tasks[run].definition) if run in tasks else None
        self.steps = steps_of(definition, (task for task in tasks.values() if task.run == run))

    def _fits(self, task: Task, cause: str) -> bool:
        return self.filter.matches(task, self._clock(), cause)

    # -- ways of looking

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show the repositories in these columns and this order; causes stand as the Inbox has them."""
        self.arrangement = wanted
        self.order_anew()

    def order_anew(self) -> None:
        """Let the repositories stand in the order that was asked for as they are now."""
        tasks = map(self.matrix.task, self.matrix.ids)
        self._places = repository_places(tasks, self.snapshot, self.arrangement.order, self._clock())
        self._draw()

    @property
    def plan(self) -> ColumnPlan | None:
        """The chosen columns that fit; None where the rows are as they are by themselves."""
        if self.shows_causes or not self.arrangement.columns:
            return None
        return repository_plan(self.arrangement, self.room, self._shared)

    def drill(self) -> None:
        """Show the repositories of the row under the cursor."""
        self.drilled = self.cursor
        self._draw()
        self.edge(-1)

    def undrill(self) -> None:
        """Leave the row that was drilled into, and put the cursor on it."""
        drilled, self.drilled = self.drilled, None
        self._draw()
        self.go_to(drilled or "")

    def turn(self) -> None:
        """Switch between causes and repositories; the cursor stays on the same subject."""
        here, drilled = self.cursor, self.drilled
        self._by_cause, self.drilled = not self.shows_causes, None
        self._draw()
        if drilled is not None:
            self.go_to(drilled)
        elif here is not None and self._by_cause:
            self.stand_on(here)
        elif here is not None:
            self.go_to(next(iter(self.matrix.members(here)), ""))

    def stand_on(self, task_id: str) -> None:
        """Put the cursor on a repository, or on the row that counts it."""
        if self.drilled is not None and not self.go_to(task_id):
            self.undrill()
        row = self.matrix.row_of(task_id)
        self.go_to(row.key if self.shows_causes and row is not None else task_id)

    def next_needing(self, step: int) -> bool:
        """Put the cursor on the next (1) or previous (-1) row that needs a person, cyclically; whether one exists."""
        ids, here = self.ids, self.position - 1
        around = (ids[(here + step * i) % len(ids)] for i in range(1, len(ids) + 1))
        target = next((each for each in around if self._needs(each)), None)
        return target is not None and self.go_to(target)

    def _needs(self, row_id: str) -> bool:
        row = self.matrix.row(row_id) if self.shows_causes else self.matrix.row_of(row_id)
        return row is not None and row.is_open

    # -- lines

    def heading(self, width: int) -> tuple[Line, ...]:
        """The names of the columns, for lines of that width."""
        if self.shows_causes:
            return cause_heading(cause_columns(self.steps, width))
        if (plan := self.plan) is not None:
            return (arranged_repository_heading(plan, self.arrangement.order),)
        return repository_heading(repository_columns(self.steps, width), drilled=self.drilled is not None)

    def _draw(self) -> None:
        if self.shows_causes:
            ids = tuple(row.key for row in self.matrix.rows)
        else:
            found = self.matrix.ids if self.drilled is None else self.matrix.members(self.drilled)
            ids = tuple(in_places(found, self._places))
            self._shared = shared_in_run(tuple(map(self.matrix.task, ids)), self.arrangement)
        if ids != self.ids:
            self.ids, self._index = ids, FlatRows(ids)
        if self.shows_causes:
            self.show(self._index, self._cause_line, self._cause_version)
        else:
            self.show(self._index, self._repository_line, self._repository_version)

    def _cause_line(self, key: str, width: int) -> Line:
        row = self.matrix.row(key)
        return cause_line(row, cause_columns(self.steps, width), self._clock()) if row is not None else ()

    def _cause_version(self, key: str) -> object:
        row = self.matrix.row(key)
        return (self.run_id, row.looks if row is not None else None)

    def _repository_line(self, task_id: str, width: int) -> Line:
        task, columns = self.matrix.task(task_id), repository_columns(self.steps, width)
        if (plan := self.plan) is not None:
            return arranged_repository(task, plan, self.snapshot, self._clock(), width)
        cause, is_drilled = self.matrix.cause_of(task_id), self.drilled is not None
        return repository_line(task, cause, columns, self.snapshot.house, self._clock(), drilled=is_drilled)

    def _repository_version(self, task_id: str) -> object:
        chosen = (self.arrangement.columns, tuple(self._shared))
        return (self.matrix.task(task_id).version, self.matrix.cause_of(task_id), self.drilled, chosen)
