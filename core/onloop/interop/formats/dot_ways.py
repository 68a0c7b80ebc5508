"""Which way of a foreign graph becomes the order of steps: where a pass leads on, and where a failure leads back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from onloop.interop.formats.dot_dialects import NodeKind, answer_of, outcome_of
from onloop.interop.formats.dot_graph import DotEdge
from onloop.interop.formats.losses import FileRefused
from onloop.records import Record
from onloop.workflow.positioned_tree import Position


class WayOn(Record):
    """The edge on which work goes on, the one that a failure or a rejection takes, and all others.

    `is_asked` says that only an agent's word would choose between them, so that a person must.
    """

    on: DotEdge
    back: DotEdge | None = None
    others: tuple[DotEdge, ...] = ()
    is_asked: bool = False


def way_on(
    kind: NodeKind, at: Position, leaving: Mapping[str, Sequence[DotEdge]], name: str, passed: Collection[str]
) -> WayOn:
    """The way out of the node of that name, as one of that kind; `passed` are the nodes before it on the way."""
    edges = leaving.get(name, ())
    distinct = tuple({edge.goal: edge for edge in reversed(edges)}.values())[::-1]
    if not edges:
        raise FileRefused(at, "no edge leads on from here", "lead it to the node of shape Msquare")
    if kind is NodeKind.HUMAN and all(_sense(edge) is False for edge in edges):
        hint = "lead a choice whose label begins with Approve to what comes next"
        raise FileRefused(edges[0].at, "a person can only reject here, and it would lead on", hint)
    if len(distinct) == 1:
        return WayOn(edges[0])
    on = _onward(kind, at, edges, passed, leaving)
    rest = tuple(edge for edge in edges if edge is not on and edge.goal != on.goal)
    back = _backward(rest, passed)
    others = tuple(edge for edge in rest if edge is not back)
    return WayOn(on, back, others, kind is not NodeKind.TOOL and kind is not NodeKind.HUMAN)


def _onward(
    kind: NodeKind,
    at: Position,
    edges: Sequence[DotEdge],
    passed: Collection[str],
    leaving: Mapping[str, Sequence[DotEdge]],
) -> DotEdge:
    """The edge of a pass: by its condition or its words, else that on which most work and most checks lie."""
    positive = [edge for edge in edges if _sense(edge) is True]
    forward = [edge for edge in edges if edge.goal not in passed and _sense(edge) is not False]
    found = [edge for edge in positive if edge in forward] or positive or forward
    if not found:
        raise FileRefused(at, "every way from here leads back", "let one edge lead on")
    goals = {edge.goal for edge in found}
    if kind is NodeKind.HUMAN and len(goals) > 1:
        choices = ", ".join(repr((edge.text("label") or edge.goal)[:40]) for edge in found[:6])
        hint = "begin the label of one with Approve and those of the others with Reject: a person approves or rejects"
        raise FileRefused(at, f"which of its choices approves is not said: {choices}", hint)
    if positive:
        return found[0]

    def worth(edge: DotEdge) -> tuple[int, int, bool]:
        return _weight(edge), len(reached_from(edge.goal, leaving, passed)), not edge.text("condition")

    return max(found, key=worth)


def _backward(rest: Sequence[DotEdge], passed: Collection[str]) -> DotEdge | None:
    """The edge of a failure: one that says so, else one that leads back, else the first."""
    said = [edge for edge in rest if _sense(edge) is False]
    back = [edge for edge in rest if edge.goal in passed]
    found = [edge for edge in said if edge in back] or said or back or [e for e in rest if not e.text("condition")]
    return found[0] if found else (rest[0] if rest else None)


def _sense(edge: DotEdge) -> bool | None:
    condition = edge.text("condition")
    return outcome_of(condition) if condition else answer_of(edge.text("label"))


def _weight(edge: DotEdge) -> int:
    try:
        return int(edge.text("weight") or 0)
    except ValueError:
        return 0


def reached_from(name: str, leaving: Mapping[str, Sequence[DotEdge]], without: Collection[str]) -> tuple[str, ...]:
    """What some way from a node leads to, nearest first, that node included; ways end at `without`, which count."""
    found: dict[str, None] = {name: None}
    waiting, place = [name], 0
    while place < len(waiting):
        here, place = waiting[place], place + 1
        for edge in () if here in without else leaving.get(here, ()):
            if edge.goal not in found:
                found[edge.goal] = None
                waiting.append(edge.goal)
    return tuple(found)
