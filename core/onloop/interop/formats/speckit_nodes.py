"""Fields of a positioned tree, as far as they are what they should be."""

from __future__ import annotations

from onloop.workflow.positioned_tree import MapNode, Node, Position, Scalar


def field(node: Node | None, name: str) -> Node | None:
    """The value of a mapping's field, if it is there."""
    return node.fields[name].value if isinstance(node, MapNode) and name in node.fields else None


def text_of(node: Node | None, name: str) -> str:
    """A field that is text, or nothing."""
    found = field(node, name)
    return found.value if isinstance(found, Scalar) and isinstance(found.value, str) else ""


def number(node: Node, name: str) -> int | None:
    """A field that is a whole number."""
    found = field(node, name)
    value = found.value if isinstance(found, Scalar) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def place(node: MapNode, *names: str) -> Position:
    """Where the first of these fields is, or else the mapping."""
    return next((node.fields[name].position for name in names if name in node.fields), node.position)
