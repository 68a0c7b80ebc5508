"""The way of a foreign graph from its start to its exit, as a row of stations: what steps are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from onloop.interop.formats.dot_dialects import NodeKind, kind_of
from onloop.interop.formats.dot_graph import DotEdge, DotGraph, DotNode
from onloop.interop.formats.dot_ways import WayOn, reached_from, way_on
from onloop.interop.formats.losses import FileRefused, LossKind, LossList
from onloop.records import Record, replace
from onloop.workflow.positioned_tree import Position

MOST_STATIONS = 100
DEEPEST_BRANCH = 3
LONGEST_LABEL = 500
_MOST_BRANCHES = 20
_START = Position(1, 1)


class Station(Record):
    """A node on the way, how work goes on from it, and its parallel branches where it has some.

    `aliases` are the nodes that only chose the way out of this one.
    """

    node: DotNode
    kind: NodeKind
    way: WayOn | None = None
    branches: tuple[tuple[Station, ...], ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether agents work here."""
        return self.kind in {NodeKind.AGENT, NodeKind.FAN_OUT}


class GraphWalk:
    """Walks one graph, once."""

    def __init__(self, graph: DotGraph, losses: LossList) -> None:
        self.leaving = graph.leaving()
        self.passed: dict[str, None] = {}
        self._graph, self._losses = graph, losses
        self._count = 0

    def whole(self) -> tuple[Station, ...]:
        """The stations from the start to the exit; FileRefused where no way leads there."""
        self._labels()
        start = self._only(NodeKind.START, "Mdiamond", "start")
        self._only(NodeKind.EXIT, "Msquare", "exit")
        self.passed[start.name] = None
        way = way_on(NodeKind.BRANCH, start.at, self.leaving, start.name, self.passed)
        self._unasked(start, way)
        return self._walk(way.on.goal, (), 0)

    def _labels(self) -> None:
        """Refuse words of choices that are too long: each edge is asked anew what a default for all edges says."""
        for edge in self._graph.edges:
            for name in ("label", "condition"):
                if len(edge.text(name)) > LONGEST_LABEL:
                    words = f"a {name} of an edge with {len(edge.text(name))} characters, more than {LONGEST_LABEL}"
                    raise FileRefused(edge.attributes[name].at, words, "say it in fewer")

    def _unasked(self, node: DotNode, way: WayOn) -> None:
        """Say which ways are left where there is no work yet that a person could decide about."""
        for edge in (way.back, *way.others):
            if edge is not None:
                why = f"nothing is handed in yet, so nobody can choose: {way.on.goal} is next"
                self._losses.add(LossKind.LOST, edge.at, f"the way from {node.name} to {edge.goal}", why)

    def _only(self, kind: NodeKind, shape: str, name: str) -> DotNode:
        found = [node for node in self._graph.nodes.values() if kind_of(node) is kind]
        if not found:
            raise FileRefused(_START, f"no node is the {name}", f"add {name} [shape={shape}]")
        if len(found) > 1:
            hint = "keep one, and lead the others to it"
            raise FileRefused(found[1].at, f"{found[1].name[:60]!r} is a second {name}", hint)
        return found[0]

    def _walk(self, first: str, stops: Collection[str], depth: int) -> tuple[Station, ...]:
        stations: list[Station] = []
        name = first
        while name not in stops:
            node, kind = self._enter(name)
            if kind is NodeKind.EXIT:
                if stops:
                    raise FileRefused(node.at, "a parallel branch ends before it meets the others", "join them first")
                break
            if kind is NodeKind.FAN_OUT:
                branches, name = self._branches(node, self.leaving.get(name, ()), depth)
                stations.append(Station(node, kind, branches=branches))
            else:
                name = self._pass(stations, node, kind)
        return tuple(stations)

    def _pass(self, stations: list[Station], node: DotNode, kind: NodeKind) -> str:
        """Go on from a node that is passed alone: a station of its own, or what chose the way out of the last one."""
        chooses = kind is NodeKind.BRANCH or (kind is NodeKind.FAN_IN and not node.text("prompt"))
        before = stations[-1] if chooses and stations else None
        way = way_on(before.kind if before is not None else kind, node.at, self.leaving, node.name, self.passed)
        if before is not None:
            stations[-1] = replace(before, way=way, aliases=(*before.aliases, node.name))
        elif chooses:
            self._unasked(node, way)
        else:
            stations.append(Station(node, NodeKind.AGENT if kind is NodeKind.FAN_IN else kind, way))
        return way.on.goal

    def _enter(self, name: str) -> tuple[DotNode, NodeKind]:
        node = self._graph.nodes[name]
        if name in self.passed:
            hint = "let the edge of a pass lead on to the exit"
            raise FileRefused(node.at, f"the way from the start comes back to {name[:60]!r} and never ends", hint)
        self._count += 1
        if self._count > MOST_STATIONS:
            raise FileRefused(node.at, f"the way has more than {MOST_STATIONS} nodes", "divide the workflow")
        self.passed[name] = None
        kind = kind_of(node)
        if kind is NodeKind.MANAGER:
            hint = "import the workflow that it drives, and name that file as uses: of a step"
            raise FileRefused(node.at, f"{name[:60]!r} supervises another workflow, which no step here does", hint)
        if kind is None:
            what = node.text("type") or node.text("shape")
            words = f"{name} is of the kind {what}"
            self._losses.add(LossKind.CHANGED, node.place("type", "shape"), words, "an agent does it here")
        return node, kind or NodeKind.AGENT

    def _branches(
        self, node: DotNode, edges: Sequence[DotEdge], depth: int
    ) -> tuple[tuple[tuple[Station, ...], ...], str]:
        """What the branches of a node pass, and the node where they meet."""
        heads = tuple(dict.fromkeys(edge.goal for edge in edges))
        if not 1 <= len(heads) <= _MOST_BRANCHES:
            raise FileRefused(node.at, f"it has {len(heads)} branches", f"a step has 1 to {_MOST_BRANCHES}")
        if depth >= DEEPEST_BRANCH:
            raise FileRefused(node.at, f"branches within branches, more than {DEEPEST_BRANCH} deep", "nest fewer")
        meeting = self._meeting(node, heads)
        walked = tuple(self._walk(head, (meeting,), depth + 1) for head in heads)
        for head, stations in zip(heads, walked, strict=True):
            if not stations or not stations[0].works:
                where = self._graph.nodes[head].at
                raise FileRefused(where, "a branch begins without an agent", "begin it with a node of shape box")
        return walked, meeting

    def _meeting(self, node: DotNode, heads: Sequence[str]) -> str:
        reached = [reached_from(head, self.leaving, self.passed) for head in heads]
        common = set(reached[0]).intersection(*reached[1:]) - self.passed.keys()
        if len(heads) == 1:
            common.discard(heads[0])
        joins = [name for name in reached[0] if name in common]
        found = next((name for name in joins if kind_of(self._graph.nodes[name]) is NodeKind.FAN_IN), None)
        if found is None and not joins:
            raise FileRefused(node.at, "its branches never meet", "lead all to one node of shape tripleoctagon")
        return found or joins[0]
