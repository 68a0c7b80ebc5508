"""Reads DOT as Attractor and Fabro take it: one digraph, defaults, subgraphs. Nothing recurses, and all is bounded."""

from __future__ import annotations

from itertools import pairwise

from onloop.interop.formats.dot_graph import Attributes, DotEdge, DotGraph, DotNode, DotValue
from onloop.interop.formats.dot_tokens import DotToken, DotWordKind, tokens
from onloop.interop.formats.losses import FileRefused
from onloop.records import MutableRecord, field
from onloop.workflow.positioned_tree import Position

MOST_NODES = 1_000
MOST_EDGES = 5_000
MOST_ATTRIBUTES = 100
DEEPEST_SUBGRAPH = 20
LONGEST_NAME = 100


class _Scope(MutableRecord):
    """What holds within one pair of braces."""

    node: dict[str, DotValue] = field(default_factory=dict)
    edge: dict[str, DotValue] = field(default_factory=dict)


def dot_graph(source: bytes) -> DotGraph:
    """The graph in the bytes of a file; FileRefused says where it is none."""
    return _DotReader(source).graph()


def _together(at: Position, first: Attributes, then: Attributes) -> dict[str, DotValue]:
    """Both, the later ones before the earlier: no more than one list may have, however many lists there were."""
    found = {**first, **then}
    if len(found) > MOST_ATTRIBUTES:
        raise FileRefused(at, f"more than {MOST_ATTRIBUTES} attributes, defaults included", "remove some")
    return found


class _DotReader:
    def __init__(self, source: bytes) -> None:
        self._tokens = tokens(source)
        self._next = next(self._tokens)
        self._scopes = [_Scope()]
        self._attributes: dict[str, DotValue] = {}
        self._nodes: dict[str, DotNode] = {}
        self._edges: list[DotEdge] = []

    def graph(self) -> DotGraph:
        begin = self._take()
        if begin.text != "digraph" or begin.kind is not DotWordKind.WORD:
            hint = "begin with digraph NAME {"
            raise FileRefused(begin.at, f"{begin.text[:60]!r} begins no directed graph", hint)
        name = "" if self._is("{") else self._name("a graph").text
        self._expect("{")
        while not (len(self._scopes) == 1 and self._is("}")):
            self._statement()
        self._take()
        if self._next.kind is not DotWordKind.END:
            raise FileRefused(self._next.at, "something follows the graph", "keep one graph to a file")
        return DotGraph(name, self._attributes, self._nodes, tuple(self._edges))

    def _statement(self) -> None:
        if self._is("}"):
            self._take()
            self._scopes.pop()
        elif self._is(";"):
            self._take()
        elif self._is("{"):
            self._open(self._next)
        else:
            self._named(self._name("a node"))

    def _named(self, first: DotToken) -> None:
        is_word = first.kind is DotWordKind.WORD
        if is_word and first.text == "subgraph":
            if not self._is("{"):
                self._name("a subgraph")
            self._open(first)
        elif is_word and first.text in {"graph", "node", "edge"} and self._is("["):
            self._defaults(first.text)
        elif self._is("="):
            self._take()
            value = self._value()
            if len(self._scopes) == 1:
                self._attributes[first.text] = value
        elif self._is("->"):
            self._chain(first)
        else:
            self._node(first, self._attribute_list())

    def _open(self, at: DotToken) -> None:
        self._expect("{")
        if len(self._scopes) > DEEPEST_SUBGRAPH:
            raise FileRefused(at.at, f"more than {DEEPEST_SUBGRAPH} subgraphs within each other", "nest fewer")
        outer = self._scopes[-1]
        self._scopes.append(_Scope(dict(outer.node), dict(outer.edge)))

    def _defaults(self, what: str) -> None:
        at, given, scope = self._next.at, self._attribute_list(), self._scopes[-1]
        if what == "node":
            scope.node = _together(at, scope.node, given)
        elif what == "edge":
            scope.edge = _together(at, scope.edge, given)
        elif len(self._scopes) == 1:
            self._attributes.update(given)

    def _chain(self, first: DotToken) -> None:
        names = [first]
        while self._is("->"):
            self._take()
            names.append(self._name("a node"))
            if len(names) > MOST_EDGES:
                break
        given = _together(self._next.at, self._scopes[-1].edge, self._attribute_list())
        for each in names:
            if each.text not in self._nodes:
                self._keep(DotNode(each.text, each.at, dict(self._scopes[-1].node), is_declared=False))
        for start, goal in pairwise(names):
            if len(self._edges) == MOST_EDGES:
                raise FileRefused(start.at, f"more than {MOST_EDGES} edges", "a workflow has at most 100 steps")
            self._edges.append(DotEdge(start.text, goal.text, start.at, given))

    def _node(self, name: DotToken, given: dict[str, DotValue]) -> None:
        before = self._nodes.get(name.text)
        if before is not None and before.is_declared and given:
            at = f"{before.at.line}:{before.at.column}"
            raise FileRefused(name.at, f"node {name.text[:60]!r} is here twice, first at {at}", "keep one")
        inherited = _together(name.at, before.attributes if before is not None else {}, self._scopes[-1].node)
        if before is not None and not before.is_declared:
            del self._nodes[name.text]  # nodes are in the order in which they are declared
        self._keep(DotNode(name.text, name.at, _together(name.at, inherited, given)))

    def _keep(self, node: DotNode) -> None:
        if node.name not in self._nodes and len(self._nodes) == MOST_NODES:
            raise FileRefused(node.at, f"more than {MOST_NODES} nodes", "a workflow has at most 100 steps")
        self._nodes[node.name] = node

    def _attribute_list(self) -> dict[str, DotValue]:
        found: dict[str, DotValue] = {}
        while self._is("["):
            self._take()
            while not self._is("]"):
                name = self._name("an attribute")
                self._expect("=")
                if name.text in found:
                    raise FileRefused(name.at, f"attribute {name.text[:60]!r} is here twice", "keep one")
                if len(found) == MOST_ATTRIBUTES:
                    raise FileRefused(name.at, f"more than {MOST_ATTRIBUTES} attributes", "remove some")
                found[name.text] = self._value()
                if self._is(",") or self._is(";"):
                    self._take()
            self._take()
        return found

    def _value(self) -> DotValue:
        token = self._take()
        if token.kind is DotWordKind.SIGN or token.kind is DotWordKind.END:
            raise FileRefused(token.at, f"{token.text!r} stands where a value is due", "write a word or a quoted text")
        return DotValue(token.text, token.at)

    def _name(self, of_what: str) -> DotToken:
        token = self._take()
        if token.kind not in {DotWordKind.WORD, DotWordKind.TEXT}:
            raise FileRefused(token.at, f"{token.text!r} stands where the name of {of_what} is due", "write a word")
        if not token.text or len(token.text) > LONGEST_NAME:
            hint = f"give it 1 to {LONGEST_NAME} characters, and a label for more"
            raise FileRefused(token.at, f"the name of {of_what} has {len(token.text)} characters", hint)
        return token

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.kind is not DotWordKind.SIGN or token.text != sign:
            raise FileRefused(token.at, f"{token.text[:60]!r} stands where {sign} is due", f"write {sign} before it")

    def _is(self, sign: str) -> bool:
        return self._next.kind is DotWordKind.SIGN and self._next.text == sign

    def _take(self) -> DotToken:
        token = self._next
        if token.kind is not DotWordKind.END:
            self._next = next(self._tokens)
        return token
