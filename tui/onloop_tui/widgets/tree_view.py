"""The live tree of runs and tasks, with folds, a filter, and a cursor that can follow changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from textual.cache import LRUCache
from textual.message import Message

from onloop.attention.idle import idle_reason
from onloop.attention.items import item_of
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.records import replace
from onloop.views.task_columns import ordered_ids
from onloop_tui.background import in_background
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan
from onloop_tui.model.drawing.text_line import Line, fitted
from onloop_tui.model.filter.filters import EVERYTHING, Filter
from onloop_tui.model.ground.places import NO_PLACES, places_in
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.ended_fold import ENDED_RUNS, EndedFold
from onloop_tui.model.tree.tree_arrangement import (
    MOST_ROWS,
    arranged_row,
    order_rows,
    shared_in_tree,
    tree_column_row,
    tree_plan,
)
from onloop_tui.model.tree.tree_index import TreeIndex
from onloop_tui.model.tree.tree_matches import Matches
from onloop_tui.model.tree.tree_node import Node, TreeStanding, standing_in
from onloop_tui.model.tree.tree_rows import RowPosition, ended_pieces, gates_of, row_line
from onloop_tui.widgets.row_view import RowView

REFILTER_MS = 10_000
"""How often a filter by age checks all tasks again, even without changes."""
_KEPT_GATES = 4_096
AT_ONCE, AT_A_TIME = 10_000, 3_000
"""How many tasks a filter tests at its letter, and then again and again between keys, until all are tested."""
LARGE = 5_000
"""Of more tasks than this, the tree is made aside: it would keep the keys waiting."""


class TreeView(RowView):
    """Rows over a `TreeIndex`; `clock` gives the time in ms. The first tree of a large store is made in a thread."""

    class Made(Message):
        """The tree of a large store is there."""

    class Sifted(Message):
        """All tasks of a large store were tested by the filter."""

    def __init__(self, clock: Callable[[], int], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._clock = clock
        self._filtered_at = 0
        self._applied = EVERYTHING
        self._gates: LRUCache[tuple[str, int], Line] = LRUCache(_KEPT_GATES)
        self._causes: LRUCache[tuple[str, int], str] = LRUCache(_KEPT_GATES)
        self.index = TreeIndex()
        self.ended = EndedFold(self.index)
        self.snapshot = Snapshot()
        self.filter = EVERYTHING
        self.following = False
        self._idle: Mapping[str, Reason] = {}
        self.is_being_made = False
        self._awaited: str | None = None
        self.arrangement = RowArrangement()
        self.shared: Mapping[str, str] = {}
        """What all rows have in common in the chosen columns."""
        self._places = NO_PLACES

    # -- news

    def take(self, snapshot: Snapshot, changed: Collection[str] | None) -> None:
        """Show this snapshot; `changed` are the tasks that changed, None if that is unknown."""
        self.snapshot = snapshot
        if self.is_being_made:
            return  # what has changed is looked at once it is there
        if not self.index.size and len(snapshot.tasks) > LARGE:
            self.is_being_made = True
            in_background(self, self._make, group="tree")
        else:
            self._take(changed, is_first=not self.index.size)

    async def _make(self) -> None:
        made = await asyncio.to_thread(TreeIndex, tuple(self.snapshot.tasks.values()))
        self.is_being_made = False
        self._begin_anew(made)
        self._take(None, is_first=True)
        if self._awaited is not None:
            self.go_to(self._awaited)
        self._awaited = None
        self.post_message(self.Made())

    def _take(self, changed: Collection[str] | None, *, is_first: bool) -> None:
        self.ended.only = self.snapshot.run or None
        fresh = list(self._changed(changed))
        self._idle = self._idle_now()
        self.index.apply(fresh)
        self.index.take_idle(frozenset(self._idle), self.snapshot.whose)
        if self.arrangement.order and not self._places:
            self.order_anew()
        self._draw()
        if is_first:
            self.next_needing(1)
        elif self.following and fresh:
            newest = max(fresh, key=lambda task: (task.updated_at, task.id))
            self._stand_on(self.index.shown(newest.id))

    def tick(self, snapshot: Snapshot | None = None) -> None:
        """Update ages, a filter by age, and whom tasks need in this snapshot, in which no task has changed."""
        if snapshot is not None and snapshot.seq == self.snapshot.seq:
            self.snapshot = snapshot
        self._idle = self._idle_now()
        self.index.take_idle(frozenset(self._idle), self.snapshot.whose)
        if self.filter.is_timed and abs(self._clock() - self._filtered_at) >= REFILTER_MS:
            self._apply_filter()
        self._draw()
        self.renew()

    def follow(self, following: bool) -> None:
        """Let the cursor follow changes, until a person moves it."""
        self.following = following

    def _changed(self, changed: Collection[str] | None) -> Iterable[Task]:
        tasks = self.snapshot.tasks
        if changed is not None:
            return [tasks[task_id] for task_id in changed if task_id in tasks]
        if not self.snapshot.run and not self.index.ids() <= set(tasks):
            self._begin_anew()
        return self.index.unlike(tasks.values())

    def _begin_anew(self, index: TreeIndex | None = None) -> None:
        """Draw `index` from now on, or an empty one because another store has replaced this one; forget the rest."""
        self.index = TreeIndex() if index is None else index
        self.ended = EndedFold(self.index)
        self.ended.only = self.snapshot.run or None
        if self._places:
            self.index.stand_in(TreeStanding(self._places))
        for drawn in (self._strips, self._gates, self._causes):
            drawn.clear()
        self._painted.clear()
        self._apply_filter()

    def _idle_now(self) -> Mapping[str, Reason]:
        """The reasons why agents are idle now, by task."""
        tasks, now = self.snapshot.tasks, self._clock()
        held = [(tasks[lease.task], lease) for lease in self.snapshot.leases.values() if lease.task in tasks]
        reasons = [(task.id, idle_reason(task, lease, now)) for task, lease in held]
        return {task_id: idle[0] for task_id, idle in reasons if idle is not None}

    # -- columns and order

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show these columns in this order; of a large store the order is worked out aside."""
        is_ordered, self.arrangement = wanted.order != self.arrangement.order, wanted
        if is_ordered or wanted.order:
            self.order_anew()
        self._draw()

    def order_anew(self) -> None:
        """Let the tasks stand in the order that was asked for as they are now."""
        if len(self.snapshot.tasks) > LARGE:
            in_background(self, self._order_aside, group="order", exclusive=True)
        else:
            self._stand_in(self._standing_now(self.snapshot, self.arrangement.order))

    async def _order_aside(self) -> None:
        order = self.arrangement.order
        standing = await asyncio.to_thread(self._standing_now, self.snapshot, order)
        if order == self.arrangement.order:
            self._stand_in(standing)

    def _standing_now(self, snapshot: Snapshot, order: str) -> TreeStanding:
        places = places_in(ordered_ids(order_rows(snapshot, self._clock()), order)) if order else NO_PLACES
        return standing_in(snapshot.tasks.values(), places)

    def _stand_in(self, standing: TreeStanding) -> None:
        if standing.places or self._places:
            self._places = standing.places
            self.index.stand_in(standing)
            self._draw()

    def plan(self, width: int) -> ColumnPlan:
        """The chosen columns that fit."""
        return tree_plan(self.arrangement, width, self.shared)

    def _shared_now(self) -> Mapping[str, str]:
        if not self.arrangement.columns or len(self.ended) > MOST_ROWS:
            return {}
        nodes = (self.index.node(self.ended.at(row)) for row in range(len(self.ended)))
        return shared_in_tree((node.task for node in nodes if node is not None), self.arrangement)

    # -- folds

    def unfold(self) -> None:
        """Right: unfold the row; if it is unfolded, go to its first child."""
        self.touched()
        node = self.node
        if node is None or not node.children:
            return
        if not self._set_open(node, True):
            self.move(1)

    def fold(self) -> None:
        """Left: fold the row; if it is folded, go to its parent."""
        self.touched()
        node = self.node
        if node is not None and not self._set_open(node, False) and node.parent is not None:
            self._stand_on(node.parent.id)

    def fold_all(self, *, is_open: bool) -> None:
        """Fold or unfold everything; the cursor goes to the nearest remaining parent."""
        self.touched()
        self.index.set_all_open(is_open)
        self._draw()

    def turn_ended(self) -> None:
        """Show or hide the runs that have ended."""
        self.ended.is_open = not self.ended.is_open
        self._draw()

    def let_go(self) -> None:
        """Fold away the ended run that the cursor has left."""
        if self.ended.kept is not None and self._top_of(self.cursor) != self.ended.kept:
            self._draw()

    def _top_of(self, row_id: str | None) -> str | None:
        node = self.index.node(row_id) if row_id is not None else None
        return node.top.id if node is not None else None

    def _set_open(self, node: Node, is_open: bool) -> bool:
        changed = self.index.set_open(node.id, is_open)
        self._draw()
        return changed

    # -- the filter

    def show_only(self, wanted: Filter) -> None:
        """Show tasks that match and their parents; `EVERYTHING` shows all."""
        self.filter = wanted
        self._apply_filter()
        self._draw()

    @property
    def matching(self) -> int:
        """How many tasks the filter leaves."""
        alone = self.index.node(self.ended.only or "")
        return self.index.matching if alone is None else alone.hits

    def _apply_filter(self) -> None:
        self._filtered_at = self._clock()
        narrower, again = self.filter.narrows(self._applied), self.filter == self._applied
        self._applied = self.filter
        self.index.filter(self._fitting() if self.filter else None, narrower=narrower, most=AT_ONCE, again=again)
        if not self.index.matches.is_whole:
            in_background(self, self._sift, group="sift", exclusive=True)

    async def _sift(self) -> None:
        while self.index.matches.go_on(AT_A_TIME):
            if len(self.ended) < self.size.height:
                self._draw()
            await asyncio.sleep(0)
        self._draw()
        self.post_message(self.Sifted())

    def _fitting(self) -> Matches:
        """The filter as a test of a task. It runs for every task at every letter, so common parts are computed once."""
        matches, timed, caused = self.filter.matches, self.filter.is_timed, self.filter.asks_for_cause

        def fits(task: Task) -> bool:
            idle = self._idle.get(task.id) if self._idle else None
            if idle is not None:
                task = replace(task, reason=idle)
            return matches(task, self._clock() if timed else 0, self._cause(task) if caused else "")

        return fits

    def _cause(self, task: Task) -> str:
        key = (task.id, task.version)
        cause = self._causes.get(key)
        if cause is None:
            item = item_of(task)
            cause = self._causes[key] = item.cause if item else ""
        return cause

    # -- the cursor

    @property
    def node(self) -> Node | None:
        """The node under the cursor."""
        return self.index.node(self.cursor) if self.cursor is not None else None

    def touched(self) -> None:
        """Stop following, because a person moved the cursor."""
        self.following = False

    def successor(self, row_id: str) -> str | None:
        """From a row that was folded away or filtered out, the cursor goes to the nearest visible parent."""
        return self.index.shown(row_id)

    def go_to(self, row_id: str) -> bool:
        """Put the cursor on a task, unfolding its parents; whether the filter shows it. One being made is awaited."""
        if self.is_being_made:
            self._awaited = row_id
            return True
        node = self.index.node(row_id)
        self.index.matches.look_first([] if node is None else [node])
        self.index.reveal(row_id)
        self._draw(row_id)
        return super().go_to(row_id)

    def next_needing(self, step: int) -> bool:
        """Put the cursor on the next (1) or previous (-1) task that needs a person, cyclically; whether one exists."""
        target = self.index.next_needing(self.cursor, step, self.ended.only)
        return target is not None and self.go_to(target)

    def _stand_on(self, row_id: str | None) -> None:
        if row_id is not None:
            super().go_to(row_id)

    # -- lines

    def _draw(self, wanted: str | None = None) -> None:
        self.ended.kept = self._top_of(wanted or self.cursor)
        self.shared = self._shared_now()
        self.show(self.ended, self._line, self._version)

    def _version(self, task_id: str) -> tuple[object, ...]:
        if task_id == ENDED_RUNS:
            return (self.ended.count, self.ended.is_open, True)
        node = self.index.held(task_id)
        columns = (self.arrangement.columns, *self.shared) if self.arrangement.columns else ()
        return (node.stamp, self.index.is_open(node), bool(node.children), *columns)

    def _line(self, task_id: str, width: int) -> Line:
        if task_id == ENDED_RUNS:
            return fitted(ended_pieces(self.ended.count, is_open=self.ended.is_open), width)
        node = self.index.held(task_id)
        above = node.parent.task if node.parent is not None else None
        place = RowPosition(node.depth, self.index.is_open(node) if node.children else None, node.tally, above)
        if self.arrangement.columns:
            cells = tree_column_row(node.task, self.snapshot, self._clock())
            return arranged_row(node.task, place, self.plan(width), cells, self.snapshot, width)
        gates = () if node.children else self._gates_of(node.task)
        lease = self.snapshot.leases.get(task_id)
        within = len(self.snapshot.sub_agents.get(task_id, ()))
        return row_line(
            node.task, place, gates, self.snapshot.house, self._clock(), width, lease, within, self.snapshot.viewer
        )

    def _gates_of(self, task: Task) -> Line:
        key = (task.id, task.version)
        gates = self._gates.get(key)
        if gates is None:
            gates = self._gates[key] = gates_of(task, self.snapshot.definitions)
        return gates
