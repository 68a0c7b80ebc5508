"""All tasks as a tree of rows. A change costs the size of its run; finding a row, the logarithm of all runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from onloop.attention.scope import Whose
from onloop.machine.task import Task
from onloop_tui.model.drawing.prefix_sums import PrefixSums
from onloop_tui.model.ground.places import NO_PLACES
from onloop_tui.model.ground.rollup import RollupCategory, carry, difference, rollup_category_of
from onloop_tui.model.tree.tree_matches import Matches, TreeMatches
from onloop_tui.model.tree.tree_node import Node, TreeStanding, all_of, key_of, planted, stand_in

_EVERYBODYS: Mapping[str, Whose] = {}


class _Chunk:
    """The visible rows of one run."""

    __slots__ = ("places", "position", "rows")

    def __init__(self, position: int) -> None:
        self.position = position
        self.rows: list[Node] = []
        self.places: dict[str, int] | None = None


class TreeIndex:
    """Runs, ended ones last, and the tasks below them to any depth. It is a `RowIndex` over the visible rows.

    `apply` updates changed tasks. A task whose parent is not known (yet) is at the top level.
    """

    def __init__(
        self, tasks: Iterable[Task] = (), opened: Callable[[Task], bool] = lambda task: not task.ended
    ) -> None:
        self._opened = opened
        self._nodes: dict[str, Node] = {}
        self._tops: list[Node] = []
        self._chunks: dict[str, _Chunk] = {}
        self._lengths = PrefixSums()
        self._stale: set[str] = set()
        self._disordered = False
        self._unsorted: dict[str, Node] = {}
        self._orphans: defaultdict[str, list[Node]] = defaultdict(list)
        self._needing: dict[str, Node] = {}
        self._first_ended: int | None = None
        self.matches = TreeMatches(self._touch)
        self._closed_by_hand: set[str] = set()
        self._idle: frozenset[str] = frozenset()
        self._whose: Mapping[str, Whose] = _EVERYBODYS
        self._places = NO_PLACES
        self.apply(tasks)

    def __len__(self) -> int:
        self._settle()
        return self._lengths.total

    def row(self, number: int) -> Node:
        """The node in that row; IndexError past the end."""
        self._settle()
        chunk, offset = self._lengths.place_of(number)
        return self._chunks[self._tops[chunk].id].rows[offset]

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""
        return self.row(row).id

    def row_of(self, row_id: str) -> int | None:
        """The row of a task; None if it is folded away, filtered out or unknown."""
        node = self._nodes.get(row_id)
        if node is None:
            return None
        self._settle()
        chunk = self._chunks[node.top.id]
        if chunk.places is None:
            chunk.places = {each.id: offset for offset, each in enumerate(chunk.rows)}
        offset = chunk.places.get(row_id)
        return None if offset is None else self._lengths.before(chunk.position) + offset

    @property
    def tops(self) -> Sequence[Node]:
        """The runs in order: those that have ended are the last."""
        self._settle()
        return self._tops

    def span_of(self, top: Node) -> tuple[int, int]:
        """The first row of a run, and how many it has."""
        self._settle()
        chunk = self._chunks[top.id]
        return self._lengths.before(chunk.position), len(chunk.rows)

    @property
    def is_filtered(self) -> bool:
        """Whether only what matches is shown."""
        return self.matches.is_on

    @property
    def first_ended(self) -> int:
        """The place among the runs of the first that has ended."""
        self._settle()
        if self._first_ended is None:
            self._first_ended = bisect_left(self._tops, True, key=lambda top: top.over)
        return self._first_ended

    def node(self, task_id: str) -> Node | None:
        """The node of a task, visible or not; None if it is unknown."""
        return self._nodes.get(task_id)

    def held(self, task_id: str) -> Node:
        """The node of a task that must exist; KeyError if it does not."""
        return self._nodes[task_id]

    def unlike(self, tasks: Iterable[Task]) -> list[Task]:
        """Those of the tasks that it does not hold as these very objects."""
        nodes = self._nodes
        return [task for task in tasks if (node := nodes.get(task.id)) is None or node.task is not task]

    def ids(self) -> Set[str]:
        """The ids of all tasks."""
        return self._nodes.keys()

    @property
    def size(self) -> int:
        """The number of tasks, visible or not."""
        return len(self._nodes)

    def shown(self, task_id: str) -> str | None:
        """The task, or its nearest visible ancestor; None if its whole run is filtered out."""
        node, found = self._nodes.get(task_id), None
        while node is not None:
            if self.matches.passes(node) and (found is None or not self.is_open(node)):
                found = node
            elif not self.matches.passes(node):
                found = None
            node = node.parent
        return found.id if found else None

    def next_needing(self, task_id: str | None, step: int, only: str | None = None) -> str | None:
        """The next (1) or previous (-1) task (of run `only`) that needs a person, cyclically, even if folded away."""
        self.matches.look_first(self._needing.values())
        wanted = [node for node in self._needing.values() if not self.is_filtered or node.matched]
        wanted = wanted if only is None else [node for node in wanted if node.top.id == only]
        if not wanted:
            return None
        ordered = sorted((node.path, node.id) for node in wanted)
        here = self._nodes.get(task_id) if task_id is not None else None
        if here is None:
            return ordered[0 if step > 0 else -1][1]
        place = (here.path, here.id)
        index = bisect_right(ordered, place) if step > 0 else bisect_left(ordered, place) - 1
        return ordered[index % len(ordered)][1]

    # -- news

    def apply(self, changed: Iterable[Task]) -> None:
        """Update these tasks; others stay unchanged."""
        fresh: list[Node] = []
        for task in changed:
            node = self._nodes.get(task.id)
            if node is None:
                node = self._nodes[task.id] = Node(
                    task, self._standing(task), is_open=self._opened(task), places=self._places
                )
                fresh.append(node)
            elif node.task is not task:
                self._update(node, task)
        if fresh and len(fresh) == len(self._nodes):
            self._plant()
        else:
            for node in fresh:
                self._attach(node)
                self._adopt(node)
        for node in fresh:
            self._note_need(node)
        for parent in self._unsorted.values():
            parent.children.sort(key=lambda child: child.key)
        self._unsorted.clear()

    def _plant(self) -> None:
        """Build the tree from all nodes at once."""
        self._stale.clear()
        self._first_ended = None
        self._tops = planted(self._nodes)
        self._chunks = {top.id: _Chunk(position) for position, top in enumerate(self._tops)}
        self._lengths = PrefixSums([0] * len(self._tops))
        for top in self._tops:
            if top.task.parent is not None and top.task.parent not in self._nodes:
                self._orphans[top.task.parent].append(top)
        self._stale.update(self._chunks)
        for node in self._nodes.values() if self.is_filtered else ():
            self.matches.look(node)

    def take_idle(self, idle: frozenset[str], whose: Mapping[str, Whose] = _EVERYBODYS) -> None:
        """Set whose agents are idle now, which count as stalled, and whom each task needs that needs a person."""
        turned = self._idle ^ idle
        if whose is not self._whose:
            turned |= {name for name, _ in whose.items() ^ self._whose.items()}
        self._idle, self._whose = idle, whose
        for task_id in turned:
            node = self._nodes.get(task_id)
            if node is not None:
                self._update(node, node.task)

    def _standing(self, task: Task) -> RollupCategory:
        return rollup_category_of(task, idle=task.id in self._idle, whose=self._whose.get(task.id, Whose.YOU))

    def stand_in(self, standing: TreeStanding) -> None:
        """Let runs, and tasks below one parent, stand so; what has no place in it stands after them."""
        self._places, self._disordered = standing.places, True
        stand_in(self._nodes.values(), standing)
        self._stale.update(self._chunks)

    def remove(self, task_id: str) -> None:
        """Remove a task and all tasks below it."""
        node = self._nodes.get(task_id)
        if node is None:
            return
        self._detach(node)
        for each in list(node.all_below()):
            del self._nodes[each.id]
            self.matches.forget(each)
            self._needing.pop(each.id, None)

    def _update(self, node: Node, task: Task) -> None:
        moved = task.parent != node.task.parent
        before, node.task, node.standing = node.standing, task, self._standing(task)
        node.redrawn()
        if node.standing is not before:
            carry(node.parent, difference(before, node.standing))
            self._note_need(node)
            self._note_end(node.top)
        self.matches.look(node)
        if moved:
            self._detach(node)
            node.key = key_of(task, self._places)
            self._attach(node)

    def _note_need(self, node: Node) -> None:
        if node.standing is RollupCategory.NEEDS_PERSON:
            self._needing[node.id] = node
        else:
            self._needing.pop(node.id, None)

    def _note_end(self, top: Node) -> None:
        if top.over is not top.has_ended:
            top.over = top.has_ended
            self._disordered, self._first_ended = True, None

    def _attach(self, node: Node) -> None:
        node.redrawn()
        self.matches.look(node)
        above = node.task.parent
        parent = self._nodes.get(above) if above is not None else None
        if above is not None and parent is None:
            self._orphans[above].append(node)
        if parent is None or parent.is_within(node):
            self._add_top(node)
            return
        if parent.children and node.key < parent.children[-1].key:
            self._unsorted[parent.id] = parent
        node.parent = parent
        parent.add_child(node)
        parent.redrawn()
        carry(parent, node.amounts)
        self._note_end(parent.top)
        self.matches.carry(parent, node.hits)
        self._touch(parent)

    def _adopt(self, node: Node) -> None:
        """Attach children that arrived before their parent."""
        for orphan in self._orphans.pop(node.id, ()):
            if self._nodes.get(orphan.id) is orphan and orphan.parent is None:
                self._detach(orphan)
                self._attach(orphan)

    def _detach(self, node: Node) -> None:
        parent, node.parent = node.parent, None
        if parent is None:
            self._tops.remove(node)
            del self._chunks[node.id]
            self._stale.discard(node.id)
            self._disordered, self._first_ended = True, None
            return
        parent.children.remove(node)
        parent.redrawn()
        carry(parent, [-amount for amount in node.amounts])
        self._note_end(parent.top)
        self.matches.carry(parent, -node.hits)
        self._touch(parent)

    def _add_top(self, node: Node) -> None:
        self._chunks[node.id] = _Chunk(len(self._tops))
        self._stale.add(node.id)
        node.over, self._first_ended = node.has_ended, None
        self._disordered = self._disordered or bool(self._tops and node.place < self._tops[-1].place)
        self._tops.append(node)
        self._lengths.append(0)

    # -- folds

    def is_open(self, node: Node) -> bool:
        """Whether a node is unfolded: a filter unfolds everything that the person does not fold again."""
        return node.open if not self.is_filtered else node.id not in self._closed_by_hand

    def set_open(self, task_id: str, is_open: bool) -> bool:
        """Unfold or fold a task; whether anything changed."""
        node = self._nodes.get(task_id)
        if node is None or not node.children or self.is_open(node) is is_open:
            return False
        self._fold(node, is_open)
        self._touch(node)
        return True

    def set_all_open(self, is_open: bool) -> None:
        """Unfold or fold every task."""
        for node in self._nodes.values():
            self._fold(node, is_open)
        self._stale.update(self._chunks)

    def reveal(self, task_id: str) -> None:
        """Unfold the ancestors of a task."""
        node = self._nodes.get(task_id)
        above = node.parent if node else None
        while above is not None:
            self.set_open(above.id, True)
            above = above.parent

    def _fold(self, node: Node, is_open: bool) -> None:
        if not self.is_filtered:
            node.open = is_open
        elif is_open:
            self._closed_by_hand.discard(node.id)
        else:
            self._closed_by_hand.add(node.id)

    # -- the filter

    def filter(
        self, matches: Matches | None, *, narrower: bool = False, most: int | None = None, again: bool = False
    ) -> None:
        """Show only tasks that match and their ancestors; None shows all. Call it `again` when time changes them.

        With `narrower`, only tasks that match now are tested, because no other task can match. Where there are more
        than `most`, so many are tested, those of live runs first, and `matches.go_on` tests the others.
        """
        if self._disordered:
            self._reorder()
        if matches is None or not self.is_filtered:
            self._closed_by_hand.clear()
            self._stale.update(self._chunks)
        if again and matches is not None and self.is_filtered:
            self.matches.begin_again(matches, all_of(self._tops))
        else:
            self.matches.begin(matches, all_of(self._tops), narrower=narrower)
        self.matches.go_on(most)

    @property
    def matching(self) -> int:
        """The number of tasks that match the filter, of those that were tested."""
        self._settle()
        return sum(top.hits for top in self._tops)

    def _touch(self, node: Node) -> None:
        self._stale.add(node.top.id)

    def _settle(self) -> None:
        """Update the rows of the runs that changed, and the list of runs if it changed."""
        if self._disordered:
            self._reorder()
        for top_id in self._stale:
            chunk = self._chunks.get(top_id)
            if chunk is not None:  # the node may be below another task by now
                chunk.rows, chunk.places = self._flattened(self._nodes[top_id]), None
                self._lengths.put(chunk.position, len(chunk.rows))
        self._stale.clear()

    def _reorder(self) -> None:
        self._tops.sort(key=lambda top: top.place)
        for position, top in enumerate(self._tops):
            self._chunks[top.id].position = position
        self._lengths = PrefixSums(len(self._chunks[top.id].rows) for top in self._tops)
        self._disordered = False

    def _flattened(self, top: Node) -> list[Node]:
        rows: list[Node] = []
        left: list[tuple[Node, int]] = [(top, 0)] if self.matches.passes(top) else []
        while left:
            node, depth = left.pop()
            node.depth = depth
            rows.append(node)
            if node.children and self.is_open(node):
                children = [child for child in node.children if child.hits] if self.is_filtered else node.children
                left.extend((child, depth + 1) for child in reversed(children))
        return rows
