"""A directed graph as a DOT file says it: nodes and edges in the order of the file, each with its place."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.records import Record
from onloop.workflow.positioned_tree import Position


class DotValue(Record):
    """The value of an attribute, as text, and where it begins."""

    text: str
    at: Position


Attributes = Mapping[str, DotValue]


class DotNode(Record):
    """A node with its attributes, defaults included. `is_declared`: it is more than the end of an edge."""

    name: str
    at: Position
    attributes: Attributes
    is_declared: bool = True

    def text(self, *names: str) -> str:
        """The first of these attributes that it has, or nothing."""
        return next((self.attributes[name].text for name in names if name in self.attributes), "")

    def place(self, *names: str) -> Position:
        """Where the first of these attributes is, or else the node."""
        return next((self.attributes[name].at for name in names if name in self.attributes), self.at)

    def is_set(self, name: str) -> bool:
        """Whether the attribute is true."""
        return self.text(name).lower() == "true"


class DotEdge(Record):
    """An edge between two nodes, by their names."""

    start: str
    goal: str
    at: Position
    attributes: Attributes

    def text(self, name: str) -> str:
        """An attribute of it, or nothing."""
        return self.attributes[name].text if name in self.attributes else ""


class DotGraph(Record):
    """A whole file."""

    name: str
    attributes: Attributes
    nodes: Mapping[str, DotNode]
    edges: tuple[DotEdge, ...]

    def leaving(self) -> Mapping[str, tuple[DotEdge, ...]]:
        """The edges out of each node, in the order of the file."""
        found: dict[str, list[DotEdge]] = {}
        for edge in self.edges:
            found.setdefault(edge.start, []).append(edge)
        return {name: tuple(edges) for name, edges in found.items()}
