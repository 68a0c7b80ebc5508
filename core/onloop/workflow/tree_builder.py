"""Builds a tree from the events of a YAML parser. Nothing here recurses, so deep nesting is harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import events as y

from onloop.records import Record
from onloop.text import safe
from onloop.workflow.characters import unwanted_in_value
from onloop.workflow.positioned_tree import FileProblem, ListNode, MapNode, MappingEntry, Node, Position, Scalar
from onloop.workflow.scalars import LONGEST_NUMBER, meaning

DEEPEST = 64
MOST_VALUES = 20_000
"""More than any workflow needs; the limit keeps a hostile file from taking seconds."""

_SPELL_OUT = "write the value out where it is needed"


class TooMuch(Exception):
    """Reading stops here because of `problem`."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class _MappingKey(Record):
    text: str
    position: Position
    kept: bool


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been reached."""

    position: Position
    is_map: bool
    key: _MappingKey | None = None
    items: list[Node] = field(default_factory=list)
    fields: dict[str, MappingEntry] = field(default_factory=dict)

    def closed(self) -> Node:
        return MapNode(self.position, self.fields) if self.is_map else ListNode(self.position, tuple(self.items))


class TreeBuilder:
    """Takes events one by one. After the last, `root` is the tree and `problems` are the problems found."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[FileProblem] = []
        self._open: list[_Open] = []
        self._documents = 0
        self._values = 0

    def feed(self, event: y.Event, at: Position) -> None:
        """Take the next event, which begins `at`; TooMuch ends the reading."""
        match event:
            case y.DocumentStartEvent():
                self._begin(at)
            case y.AliasEvent():
                self._complain(at, f"alias {_shown('*', event.anchor)}", _SPELL_OUT)
                self._place(Scalar(at, None, f"*{event.anchor}"), at)
            case y.ScalarEvent():
                self._check_plainness(event, at)
                self._place(self._scalar(event, at), at)
            case y.MappingStartEvent() | y.SequenceStartEvent():
                self._check_plainness(event, at)
                self._enter(at, is_map=isinstance(event, y.MappingStartEvent))
            case y.MappingEndEvent() | y.SequenceEndEvent():
                closed = self._open.pop()
                self._place(closed.closed(), closed.position)
            case _:
                pass

    def _begin(self, at: Position) -> None:
        self._documents += 1
        if self._documents > 1:
            raise TooMuch(FileProblem(at, "a second document begins", "keep one workflow to a file"))

    def _enter(self, at: Position, *, is_map: bool) -> None:
        if len(self._open) == DEEPEST:
            raise TooMuch(FileProblem(at, f"more than {DEEPEST} levels of nesting", "a workflow needs about ten"))
        self._open.append(_Open(at, is_map))

    def _check_plainness(self, event: Any, at: Position) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise TooMuch(FileProblem(at, f"more than {MOST_VALUES} values", "split the workflow"))
        if event.anchor is not None:
            self._complain(at, f"anchor {_shown('&', event.anchor)}", "remove it; there are no aliases either")
        if event.ctag is not None:
            tag = str(event.ctag).replace("tag:yaml.org,2002:", "!!")
            self._complain(at, f"tag {_shown('', tag)}", "remove it; quotes make text, and nothing else is needed")

    def _scalar(self, event: y.ScalarEvent, at: Position) -> Scalar:
        text = event.value
        unwanted = unwanted_in_value(text)
        if unwanted is not None:
            self._complain(at, f"a text with the character {unwanted} in it", "leave it out")
            return Scalar(at, None, safe(text))
        if event.style is not None or event.ctag is not None:
            return Scalar(at, text, text)
        try:
            return Scalar(at, meaning(text), text)
        except ValueError:
            self._complain(at, f"a number of more than {LONGEST_NUMBER} digits", "put it in quotes to make it text")
            return Scalar(at, text, text)

    def _place(self, node: Node, at: Position) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if not parent.is_map:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._key(parent, node, at)
        else:
            if parent.key.kept:
                parent.fields[parent.key.text] = MappingEntry(parent.key.position, _anchored(node, parent.key.position))
            parent.key = None

    def _key(self, parent: _Open, node: Node, at: Position) -> _MappingKey:
        if not isinstance(node, Scalar):
            self._complain(at, "a key that is a list or a mapping", "use a plain word as the key")
            return _MappingKey("", at, kept=False)
        text = node.text
        if text == "<<":
            self._complain(at, "merge key '<<'", "write the fields out where they are needed")
        elif text in parent.fields:
            first = parent.fields[text].position
            self._complain(at, f"{_shown('', text)} is here twice, first at {first.line}:{first.column}", "keep one")
        else:
            return _MappingKey(text, at, kept=True)
        return _MappingKey(text, at, kept=False)

    def _complain(self, at: Position, what: str, hint: str) -> None:
        self.problems.append(FileProblem(at, what, hint))


def _anchored(node: Node, key: Position) -> Node:
    """The node, placed at its key if its value is absent: the parser would place it at the next item."""
    return Scalar(key, None, "") if isinstance(node, Scalar) and node.value is None and not node.text else node


def position_of(mark: Any) -> Position | None:
    """The position of a parser's mark, which counts from 0."""
    return None if mark is None else Position(mark.line + 1, mark.column + 1)


def _shown(sign: str, name: object) -> str:
    return repr(safe(f"{sign}{name}", 60))
