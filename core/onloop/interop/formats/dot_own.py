"""Reads back the DOT that we wrote: what stands in its attributes, and what was changed where it does not count."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping

from onloop.interop.formats.dot_dialects import DIALECTS, DotDialect
from onloop.interop.formats.dot_export import CARRIED, FORMAT, GATE_OF, exported_dot
from onloop.interop.formats.dot_graph import DotEdge, DotGraph, DotNode, DotValue
from onloop.interop.formats.dot_reader import dot_graph
from onloop.interop.formats.losses import FileRefused, ImportedWorkflow, LossKind, LossList
from onloop.workflow.positioned_tree import Position, Scalar
from onloop.workflow.tree_builder import DEEPEST

_NOWHERE = Scalar(Position(1, 1), None, "")
_COUNTS = ("prompt", "timeout", "max_visits", "max_retries", "duration", CARRIED)
_EDGES = "edges of a file that onloop wrote say nothing: change the steps of the workflow instead"
Step = dict[str, object]


def is_own(graph: DotGraph) -> bool:
    """Whether the graph carries what we wrote."""
    return CARRIED in graph.attributes


def own_workflow(graph: DotGraph) -> ImportedWorkflow:
    """The workflow that was exported, with changes of prompts, commands and limits since; all others are losses."""
    carried = _carried(graph.attributes[CARRIED])
    version, dialect = carried.pop("format", None), DIALECTS.get(str(carried.pop("dialect", "")))
    if version != FORMAT or dialect is None:
        at = graph.attributes[CARRIED].at
        raise FileRefused(at, f"what it carries is of format {version!r}", f"this onloop reads format {FORMAT}")
    steps: dict[str, Step] = {}
    losses = LossList()
    for node in graph.nodes.values():
        if CARRIED in node.attributes:
            _keep(steps, node, dialect)
        elif node.text("shape") not in {"Mdiamond", "Msquare"}:
            why = "it carries nothing of ours: add the step to the workflow"
            losses.add(LossKind.LOST, node.at, f"the node {node.name}", why)
    data: Step = {"workflow": _text(graph, "label")}
    if "goal" in graph.attributes:
        data["description"] = _text(graph, "goal")
    data |= {**carried, "steps": list(steps.values())}
    _compare(graph, data, dialect, losses)
    return ImportedWorkflow(data, losses.ordered())


def _keep(steps: dict[str, Step], node: DotNode, dialect: DotDialect) -> None:
    """Take a node as a step, or as a gate of a step before it."""
    value = node.attributes[CARRIED]
    rest = _carried(value)
    owner = rest.pop(GATE_OF, None)
    if owner is not None:
        step = steps.get(str(owner))
        if step is None:
            raise FileRefused(node.at, f"a gate of {owner!r}, which is no step before it", "put it after that step")
        gates = step.setdefault("gates", [])
        if isinstance(gates, list):
            gates.append(_first("id", rest, _command(node, dialect, "command")))
        return
    name = rest.get("id")
    if not isinstance(name, str) or name in steps:
        raise FileRefused(value.at, f"step {name!r} is here twice, or has no name", "export the workflow again")
    steps[name] = _first("id", rest, _said(node, rest, dialect))


def _said(node: DotNode, rest: Mapping[str, object], dialect: DotDialect) -> Step:
    """What the node's own attributes say of its step."""
    said: Step = {}
    if "role" in rest and "prompt" in node.attributes:
        said["brief"] = node.text("prompt")
    elif "role" not in rest:
        said |= _command(node, dialect, "run")
    if "duration" in node.attributes:
        said["wait"] = node.text("duration")
    if "timeout" in node.attributes:
        said["timeout"] = node.text("timeout")
    if "max_visits" in node.attributes:
        said["max_visits"] = _number(node, "max_visits")
    if "max_retries" in node.attributes:
        others = rest.get("attempts")
        said["attempts"] = {"max": _number(node, "max_retries") + 1, **(others if isinstance(others, dict) else {})}
    return said


def _command(node: DotNode, dialect: DotDialect, field: str) -> Step:
    if dialect.command not in node.attributes:
        return {}
    value = node.attributes[dialect.command]
    try:
        return {field: shlex.split(value.text)}
    except ValueError as problem:
        raise FileRefused(
            value.at, f"the command cannot be divided into words: {problem}", "close its quotes"
        ) from None


def _number(node: DotNode, name: str) -> int:
    value = node.attributes[name]
    if not value.text.isascii() or not value.text.isdecimal() or len(value.text) > 6:
        raise FileRefused(value.at, f"{name} is {value.text[:40]!r}", "write a whole number")
    return int(value.text)


def _first(name: str, rest: Step, said: Step) -> Step:
    found = {name: rest[name]} if name in rest else {}
    return {**found, **rest, **said}


def _carried(value: DotValue) -> Step:
    """The JSON of an attribute; FileRefused where it is none, or nests too deep."""
    hint = "export the workflow again: what it carries is not for editing"
    try:
        found = json.loads(value.text)
    except (ValueError, RecursionError):
        raise FileRefused(value.at, f"what {CARRIED} carries is no JSON", hint) from None
    if not isinstance(found, dict) or not _is_shallow(found):
        raise FileRefused(value.at, f"what {CARRIED} carries is no mapping, or nests too deep", hint)
    return found


def _is_shallow(value: object) -> bool:
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if depth > DEEPEST:
            return False
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        waiting += [(each, depth + 1) for each in inner]
    return True


def _text(graph: DotGraph, name: str) -> str:
    return graph.attributes[name].text if name in graph.attributes else ""


def _compare(graph: DotGraph, data: Step, dialect: DotDialect, losses: LossList) -> None:
    """Name what differs from the file that this workflow becomes, where the difference did not count."""
    again = dot_graph(exported_dot(data, _NOWHERE, dialect).text.encode("utf-8", "replace"))
    for node in graph.nodes.values():
        other = again.nodes.get(node.name)
        for name, value in node.attributes.items() if other is not None else ():
            counts = name in _COUNTS or name == dialect.command
            if not counts and (other is None or other.text(name) != value.text):
                why = "it does not count in a file that onloop wrote: change the workflow instead"
                losses.add(LossKind.LOST, value.at, f"{name} of {node.name}", why)
    wanted = Counter(_facts(edge) for edge in again.edges)
    for edge in graph.edges:
        if wanted[_facts(edge)] > 0:
            wanted[_facts(edge)] -= 1
        else:
            losses.add(LossKind.LOST, edge.at, f"the way from {edge.start} to {edge.goal}", _EDGES)
    for start, goal, *_ in (+wanted).elements():
        at = graph.nodes[start].at if start in graph.nodes else Position(1, 1)
        losses.add(LossKind.LOST, at, f"that no way leads from {start} to {goal}", _EDGES)


def _facts(edge: DotEdge) -> tuple[str, str, str, str]:
    return edge.start, edge.goal, edge.text("label"), edge.text("condition")
