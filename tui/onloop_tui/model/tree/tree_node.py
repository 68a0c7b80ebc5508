"""One task in the tree: its place, its fold, and what is counted below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from onloop.machine.task import Kind, Task
from onloop_tui.model.ground.rollup import NONE, RollupCategory, Tally, add

_LONGEST_NUMBER = 18

Key = tuple[int, int, str]
"""Where a task stands among its siblings."""


class Node:
    """A task with the tasks below it. Only the index that holds it changes it."""

    __slots__ = ("_counts", "children", "depth", "hits", "id", "key", "matched", "open", "parent", "stamp", "standing",
                 "task")  # fmt: skip

    def __init__(self, task: Task, standing: RollupCategory, *, is_open: bool) -> None:
        self.id = task.id
        self.task = task
        self.key = key_of(task)
        self.standing = standing
        self.parent: Node | None = None
        self.children: list[Node] = []
        self.open = is_open
        self.depth = 0
        self._counts: list[int] | None = None
        self.matched = False
        self.hits = 0
        self.stamp = 0

    @property
    def counts(self) -> list[int]:
        """How many of each category are below it; most tasks have nothing below them, and keep no list."""
        if self._counts is None:
            self._counts = list(NONE)
        return self._counts

    @property
    def tally(self) -> Tally:
        """What is below it."""
        return Tally(tuple(self._counts or NONE))

    @property
    def amounts(self) -> list[int]:
        """What it adds to whatever stands above it: itself and all below it."""
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
        """Its place in the whole tree: paths sort as the rows do."""
        keys = [self.key]
        node = self
        while node.parent is not None:
            node = node.parent
            keys.append(node.key)
        return tuple(reversed(keys))

    def redrawn(self) -> None:
        """Its line is another one now."""
        self.stamp += 1

    def is_within(self, other: Node) -> bool:
        """Whether it is `other`, or somewhere below it."""
        node: Node | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is not None

    def all_below(self) -> Iterator[Node]:
        """It and everything below it, parents first, to any depth."""
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
    """Put new nodes below their parents and count, each node looked at a few times; the answer is the tops, in order.

    What is in a ring of parents is broken open, and stands at the top.
    """
    tops: list[Node] = []
    for node in nodes.values():
        node.parent = nodes.get(node.task.parent) if node.task.parent is not None else None
        (tops if node.parent is None else node.parent.children).append(node)
    reached = {node.id for node in all_of(tops)}
    for node in nodes.values():
        if node.id not in reached and node.parent is not None:
            node.parent.children.remove(node)
            node.parent = None
            tops.append(node)
            reached.update(each.id for each in node.all_below())
    tops.sort(key=_key)
    ordered = list(all_of(tops))
    for node in reversed(ordered):
        node.children.sort(key=_key)
        if node.parent is not None:
            add(node.parent.counts, node.amounts)
    return tops


def _key(node: Node) -> Key:
    return node.key


def key_of(task: Task) -> Key:
    """Runs stand in the order in which they began; children by the number at the end of their ids."""
    if task.parent is None:
        return (task.created_at, 0, task.id)
    number = task.id.rpartition(".")[2]
    if number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
        return (0, int(number), task.id)
    return (1, 0, task.id)


def may_match(task: Task) -> bool:
    """Whether a filter may find the task itself: a fleet's root is found by its children only."""
    return task.kind is Kind.WORK


def needing_below(node: Node) -> Iterator[str]:
    """The tasks below it that need a person, in their order."""
    waiting = list(reversed(node.children))
    while waiting:
        each = waiting.pop()
        if each.standing is RollupCategory.NEEDS_PERSON:
            yield each.id
        if each.counts[RollupCategory.NEEDS_PERSON]:
            waiting.extend(reversed(each.children))
