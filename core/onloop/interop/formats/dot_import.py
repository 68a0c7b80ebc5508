"""A foreign DOT file as a workflow, with all that it says and no step of ours could."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.interop.formats.dot_dialects import DRAWING, UNKNOWN, WHY_NOT, NodeKind
from onloop.interop.formats.dot_graph import Attributes, DotGraph
from onloop.interop.formats.dot_steps import Include, Step, StepMaker
from onloop.interop.formats.dot_walk import GraphWalk, Station
from onloop.interop.formats.losses import FileRefused, ImportedWorkflow, LossKind, LossList
from onloop.interop.formats.step_names import workflow_slug

LONGEST_DESCRIPTION = 2_000
_MOST_STEPS = 100
_OF_GRAPHS = {"goal", "label", "default_max_retries", "default_max_retry", "max_node_visits"}
_OF_NODES = {
    *("label", "shape", "type", "prompt", "timeout", "max_retries", "max_visits", "goal_gate", "retry_target"),
    *("tool_command", "script", "language", "join_policy", "max_parallel", "duration", "human.default_choice"),
}
_OF_EDGES = {"label", "condition", "weight"}


def workflow_of(graph: DotGraph, include: Include) -> ImportedWorkflow:
    """The workflow that the graph says; FileRefused where it says none."""
    losses = LossList()
    walk = GraphWalk(graph, losses)
    stations = _begun(walk.whole(), graph, losses)
    maker = StepMaker(graph, walk, losses, include)
    steps = maker.steps(stations)
    if len(steps) > _MOST_STEPS:
        raise FileRefused(stations[_MOST_STEPS].node.at, f"{len(steps)} steps", f"a workflow has at most {_MOST_STEPS}")
    _unsaid(graph, losses)
    _left_out(graph, walk, stations, losses)
    data: Step = {"workflow": workflow_slug(graph.name, "imported")}
    if maker.goal:
        data["description"] = _described(graph, maker.goal, losses)
    return ImportedWorkflow({**data, "steps": steps}, losses.ordered())


def _begun(stations: Sequence[Station], graph: DotGraph, losses: LossList) -> Sequence[Station]:
    """The stations from the first at which agents work: before it there is nothing to check or to decide about."""
    first = next((place for place, station in enumerate(stations) if station.works), None)
    if first is None:
        at = stations[0].node.at if stations else next(iter(graph.nodes.values())).at
        raise FileRefused(at, "no agent works in it, so nothing is ever handed in", "add a node of shape box")
    for station in stations[:first]:
        why = "nothing is handed in yet: do it in environment.setup, or let the first agent do it"
        losses.add(LossKind.LOST, station.node.at, f"{station.node.name}, before any agent works", why)
    return stations[first:]


def _described(graph: DotGraph, goal: str, losses: LossList) -> str:
    if len(goal) > LONGEST_DESCRIPTION:
        why = f"a description has at most {LONGEST_DESCRIPTION} characters"
        losses.add(LossKind.CHANGED, graph.attributes["goal"].at, "the end of the goal", why)
    return goal[:LONGEST_DESCRIPTION]


def _unsaid(graph: DotGraph, losses: LossList) -> None:
    """Every attribute that nothing here stands for."""
    nodes = [(node.name, node.attributes, _OF_NODES) for node in graph.nodes.values()]
    edges = [(f"{edge.start} -> {edge.goal}", edge.attributes, _OF_EDGES) for edge in graph.edges]
    for owner, attributes, known in (("the graph", graph.attributes, _OF_GRAPHS), *nodes, *edges):
        for name in _beyond(attributes, known):
            value = attributes[name]
            losses.add(LossKind.LOST, value.at, f"{name} of {owner}", WHY_NOT.get(name, UNKNOWN))


def _beyond(attributes: Attributes, known: set[str]) -> Iterator[str]:
    yield from (name for name in attributes if name not in known and name not in DRAWING)


def _left_out(graph: DotGraph, walk: GraphWalk, stations: Sequence[Station], losses: LossList) -> None:
    """The nodes that no way of a pass comes by, and the ways that an agent's word would have taken."""
    for node in graph.nodes.values():
        if node.name not in walk.passed:
            why = "the way from the start to the exit does not pass it; put what it says into a brief"
            losses.add(LossKind.LOST, node.at, f"the node {node.name}", why)
    for station in _all(stations):
        for edge in station.way.others if station.way is not None else ():
            said = edge.text("condition") or edge.text("label")
            words = f"the way from {edge.start} to {edge.goal}{f', where {said}' if said else ''}"
            losses.add(LossKind.LOST, edge.at, words, "a rule over recorded facts can choose a way: next")
        if station.kind is NodeKind.HUMAN and not station.node.is_declared:
            losses.add(LossKind.CHANGED, station.node.at, station.node.name, "it is named only by edges")


def _all(stations: Sequence[Station]) -> Iterator[Station]:
    waiting = list(stations)
    while waiting:
        station = waiting.pop()
        yield station
        waiting += [each for branch in station.branches for each in branch]
