"""One run of a store as if it were the whole: for views that are narrowed to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from onloop.attention.board import Board, counts_of
from onloop.attention.groups import Group, group_of
from onloop.attention.scope import whose_needs
from onloop.machine.task import Task
from onloop.records import replace
from onloop.views.overview_projector import OverviewProjector
from onloop_tui.model.ground.journal import Journal
from onloop_tui.model.ground.snapshot import Snapshot


class RunScope:
    """Narrows snapshots of one store to one run, or to nothing if `run` is empty.

    It is given every snapshot that is shown, one after the other, and looks only at tasks that changed.
    """

    def __init__(self, run: str = "") -> None:
        self.run = run
        self._whole = Snapshot()
        self._shown = Snapshot()
        self._tasks: dict[str, Task] = {}
        self._projector = OverviewProjector()

    def of(self, whole: Snapshot) -> Snapshot:
        """The part of the snapshot that is the run; what is said of the whole store stays in it."""
        if not self.run:
            return whole
        before, self._whole = self._whole, whole
        if whole is not before:
            self._shown = self._narrowed(before, whole)
        return self._shown

    @property
    def elsewhere(self) -> int:
        """How many need the person who looks in other runs."""
        return self._whole.board.counts.needs_you - self._shown.board.counts.needs_you if self.run else 0

    def _narrowed(self, before: Snapshot, whole: Snapshot) -> Snapshot:
        shown = self._shown
        if whole.tasks is not before.tasks or not shown.run:
            shown = self._followed(before, whole)
        tasks = shown.tasks
        board = shown.board
        if whole.board is not before.board or not shown.run:
            board = _of_run(whole.board, self.run)
        return replace(
            shown,
            house=whole.house,
            board=board,
            leases={task: lease for task, lease in whole.leases.items() if task in tasks},
            sub_agents={task: within for task, within in whole.sub_agents.items() if task in tasks},
            viewer=whole.viewer,
            scope=whole.scope,
            whose=whose_needs(board),
        )

    def _followed(self, before: Snapshot, whole: Snapshot) -> Snapshot:
        """The run's tasks, and the sums over them, as they are now."""
        changed = whole.changed_since(before.seq) if self._shown.run and whole.house.id == before.house.id else None
        if changed is None:
            self._tasks, self._projector = {}, OverviewProjector()
            fresh = [task for task in whole.tasks.values() if task.run == self.run]
        else:
            fresh = [task for name in changed if (task := whole.tasks[name]).run == self.run]
        past = self._shown.journal if changed is not None else Journal()
        self._tasks = self._tasks | {task.id: task for task in fresh}
        return Snapshot(
            MappingProxyType(self._tasks),
            seq=whole.seq,
            overview=self._projector.after(fresh, whole.definitions),
            definitions=whole.definitions,
            journal=past.after(whole.seq, (task.id for task in fresh)),
            run=self.run,
        )


def _of_run(board: Board, run: str) -> Board:
    """The board with what belongs to the run, or to no run at all."""
    shown, others = _members(board.shown, run), _members(board.others, run)
    hidden = tuple(
        one if len(left.members) == len(one.group.members) else replace(one, group=left)
        for one in board.hidden
        for left in _members((one.group,), run)
    )
    return replace(board, shown=shown, hidden=hidden, others=others, counts=counts_of(shown, hidden, others))


def _members(groups: Iterable[Group], run: str) -> tuple[Group, ...]:
    left = ((group, [item for item in group.members if item.run in {run, ""}]) for group in groups)
    return tuple(group if len(kept) == len(group.members) else group_of(kept) for group, kept in left if kept)


def title_of(tasks: Mapping[str, Task], run: str) -> str:
    """What people call the run: the title of its root, or its id."""
    root = tasks.get(run)
    return root.title if root is not None and root.title else run
