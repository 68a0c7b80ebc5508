"""One task in the tree: its position, its fold, and the counts below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop_tui.model.ground.places import NO_PLACES, Places
from onloop_tui.model.ground.rollup import NONE, RollupCategory, Tally, add, is_over

_LONGEST_NUMBER = 18

Key = tuple[int, int, int, str]
"""The sort key of a task among its siblings: the place that a person's order gives it, then its own."""
_CHILDLESS: list[Node] = []
"""What every node without children has; nothing is ever added to it."""


class Node:
    """A task with the tasks below it. Only its index changes it."""

    __slots__ = ("_counts", "children", "depth", "hits", "id", "key", "matched", "open", "over", "parent", "stamp",
                 "standing", "task")  # fmt: skip

    def __init__(self, task: Task, standing: RollupCategory, *, is_open: bool, places: Places = NO_PLACES) -> None:
        self.id = task.id
        self.task = task
        self.key = key_of(task, places)
        self.standing = standing
        self.parent: Node | None = None
        self.children = _CHILDLESS
        self.open = is_open
        self.depth = 0
        self._counts: list[int] | None = None
        self.matched = False
        self.hits = 0
        self.stamp = 0
        self.over = False

    @property
    def counts(self) -> list[int]:
        """The counts by category below it. Most tasks have nothing below them and store no list."""
        if self._counts is None:
            self._counts = list(NONE)
        return self._counts

    @property
    def tally(self) -> Tally:
        """The tally of the tasks below it."""
        return Tally(tuple(self._counts or NONE))

    @property
    def amounts(self) -> list[int]:
        """What it adds to the counts above it: itself and all tasks below it."""
        whole = list(self._counts or NONE)
        whole[self.standing] += 1
        return whole

    @property
    def top(self) -> Node:
        """The task at the top of its run."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    @property
    def path(self) -> tuple[Key, ...]:
        """Its position in the whole tree: paths sort like the rows."""
        keys = [self.key]
        node = self
        while node.parent is not None:
            node = node.parent
            keys.append(node.key)
        return tuple(reversed(keys))

    @property
    def has_ended(self) -> bool:
        """Whether it and all below it hold nothing up any more."""
        return is_over(self.standing) and not self.tally.live

    @property
    def place(self) -> tuple[bool, Key]:
        """Its position among the runs: those that have ended come last. `over` is what its index knows of that."""
        return (self.over, self.key)

    def add_child(self, child: Node) -> None:
        """Have another node below it, as the last. Most tasks have none, and share a list of none."""
        if self.children is _CHILDLESS:
            self.children = []
        self.children.append(child)

    def redrawn(self) -> None:
        """Note that its line has changed."""
        self.stamp += 1

    def is_within(self, other: Node) -> bool:
        """Whether it is `other`, or somewhere below it."""
        node: Node | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is not None

    def all_below(self) -> Iterator[Node]:
        """The node and all nodes below it, parents first."""
        return all_of([self])


def all_of(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node of these trees, parents first."""
    left = list(nodes)
    left.reverse()
    while left:
        node = left.pop()
        yield node
        left.extend(reversed(node.children))


def planted(nodes: Mapping[str, Node]) -> list[Node]:
    """Attach new nodes to their parents and count them, in linear time; returns the top nodes, in order.

    A cycle of parents is broken, and its node is at the top level.
    """
    for node in nodes.values():
        node.parent = nodes.get(node.task.parent) if node.task.parent is not None else None
        if node.parent is not None:
            node.parent.add_child(node)
    tops = [node for node in nodes.values() if node.parent is None]
    reached = {node.id for node in all_of(tops)}
    for node in nodes.values():
        if node.id not in reached and node.parent is not None:
            node.parent.children.remove(node)
            node.parent = None
            tops.append(node)
            reached.update(each.id for each in node.all_below())
    ordered = list(all_of(tops))
    for node in reversed(ordered):
        node.children = sorted(node.children, key=_key) or _CHILDLESS
        if node.parent is not None:
            add(node.parent.counts, node.amounts)
    for top in tops:
        top.over = top.has_ended
    tops.sort(key=lambda top: top.place)
    return tops


def _key(node: Node) -> Key:
    return node.key


def key_of(task: Task, places: Places = NO_PLACES) -> Key:
    """The sort key: in their places, then runs by their start, children by the number at the end of their ids."""
    place = places.get(task.id, len(places))
    if task.parent is None:
        return (place, task.created_at, 0, task.id)
    number = task.id.rpartition(".")[2]
    if number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
        return (place, 0, int(number), task.id)
    return (place, 1, 0, task.id)


class TreeStanding(Record):
    """The places of tasks in an order, and the sort keys that follow; it can be worked out in a thread."""

    places: Places = NO_PLACES
    keys: Mapping[str, Key] = MappingProxyType({})


def standing_in(tasks: Iterable[Task], places: Places) -> TreeStanding:
    """How these tasks stand in these places."""
    return TreeStanding(places, {task.id: key_of(task, places) for task in tasks})


def stand_in(nodes: Iterable[Node], standing: TreeStanding) -> None:
    """Let the children of all these nodes stand so."""
    known, keys = list(nodes), standing.keys
    for node in known:
        node.key = keys.get(node.id) or key_of(node.task, standing.places)
    for node in known:
        if len(node.children) > 1:
            node.children.sort(key=_key)


def may_match(task: Task) -> bool:
    """Whether a filter may match the task itself: a fleet's root matches only through its children."""
    return task.kind is Kind.WORK


def needing_below(node: Node) -> Iterator[Node]:
    """The nodes below it that need a person, in order; the search ends at the last of them."""
    needing = RollupCategory.NEEDS_PERSON
    left, waiting = node.tally.of(needing), [iter(node.children)]
    while left and waiting:
        each = next(waiting[-1], None)
        if each is None:
            waiting.pop()
            continue
        if each.standing is needing:
            left -= 1
            yield each
        if each.children and each.tally.of(needing):
            waiting.append(iter(each.children))
