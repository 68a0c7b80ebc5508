"""Which nodes of a tree match a filter, and how many below each; all of a large tree are tested a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from onloop.machine.task import Task
from onloop_tui.model.tree.tree_node import Node, may_match

Matches = Callable[[Task], bool]


class TreeMatches:
    """Marks nodes as `matched`, and keeps their `hits`; `touched` hears of each node for which that changes."""

    def __init__(self, touched: Callable[[Node], None]) -> None:
        self._touched = touched
        self._test: Matches | None = None
        self._found: dict[str, Node] = {}
        self._left: Iterator[Node] = iter(())
        self.is_whole = True
        """Whether every node was tested."""

    @property
    def is_on(self) -> bool:
        """Whether there is a filter."""
        return self._test is not None

    def begin(self, test: Matches | None, nodes: Iterable[Node], *, narrower: bool) -> None:
        """Take this test, with which `go_on` tests the nodes. With `narrower`, only those that match now may match."""
        before = list(self._found.values())
        asked = chain(before, self._left) if narrower and self.is_on else nodes
        self._found.clear()
        for node in before:
            node.matched, node.hits = False, 0
        for node in {node.parent or node for node in before}:
            self._touched(node)
            above: Node | None = node
            while above is not None:
                above.hits = 0
                above = above.parent
        self._test = test
        self._left, self.is_whole = iter(asked if test is not None else ()), test is None

    def begin_again(self, test: Matches, nodes: Iterable[Node]) -> None:
        """Test all nodes with what asks the same of a later time: until its turn comes, each stays as it was found."""
        self._test, self._left, self.is_whole = test, iter(nodes), False

    def go_on(self, most: int | None = None) -> bool:
        """Test the next nodes, at most so many, or all; whether some are left."""
        if self.is_whole:
            return False
        portion = list(islice(self._left, most))
        self._look_at(portion)
        self.is_whole = most is None or len(portion) < most
        return not self.is_whole

    def look_first(self, nodes: Iterable[Node]) -> None:
        """Test these now, where their turn may not have come: somebody asks for them."""
        if not self.is_whole:
            self._look_at(nodes)

    def look(self, node: Node) -> None:
        """Test the node as it is now."""
        self._look_at((node,))

    def _look_at(self, nodes: Iterable[Node]) -> None:
        """Test nodes; what is carried up from those with one parent is carried once."""
        test, found = self._test, self._found
        if test is None:
            return
        more: dict[Node, int] = {}
        for node in nodes:
            task = node.task
            matched = may_match(task) and test(task)
            if node.matched is matched:
                continue
            node.matched = matched
            if matched:
                found[node.id] = node
            else:
                found.pop(node.id, None)
            sign = 1 if matched else -1
            node.hits += sign
            above = node.parent or node
            more[above] = more.get(above, 0) + sign * (node.parent is not None)
        for above, count in more.items():
            self.carry(above, count)
            self._touched(above)

    def forget(self, node: Node) -> None:
        """The node is there no more."""
        self._found.pop(node.id, None)

    def carry(self, node: Node | None, more: int) -> None:
        """So many more below the node match."""
        while node is not None and more:
            node.hits += more
            node = node.parent

    def passes(self, node: Node) -> bool:
        """Whether the node is shown: it or one below it matches."""
        return self._test is None or node.hits > 0
