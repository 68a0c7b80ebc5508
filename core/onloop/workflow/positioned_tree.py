"""A file as a tree of values with their positions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import assert_never

from onloop.records import Record
from onloop.text import safe

Value = str | int | float | bool | None
Path = tuple[str | int, ...]
"""The way from the root to a value: names of fields and numbers of items, such as `("steps", 2, "gates", 0)`."""

LARGEST = 1_048_576
"""The largest file that is read, in bytes."""


class Position(Record, order=True):
    """A place in a file. Lines and columns count from 1; columns count characters.

    `file` is named where a file uses others, and this is one of those.
    """

    line: int
    column: int
    file: str = ""


class Scalar(Record):
    """A single value, and its text in the file."""

    position: Position
    value: Value
    text: str


class ListNode(Record):
    """A list, in order."""

    position: Position
    items: tuple[Node, ...]


class MappingEntry(Record):
    """One entry of a mapping: the position of its key, and its value."""

    position: Position
    value: Node


class MapNode(Record):
    """A mapping; its keys are text and different from each other."""

    position: Position
    fields: Mapping[str, MappingEntry]


Node = Scalar | ListNode | MapNode


class Side(Enum):
    """Which end of an entry is meant."""

    KEY = auto()
    VALUE = auto()


class FileProblem(Record):
    """A problem at a place in a file."""

    position: Position
    what: str
    hint: str

    def line(self, file: str) -> str:
        """`file:line:col: what is wrong; what would work`."""
        where = f"{safe(self.position.file, 200) or file}:{self.position.line}:{self.position.column}"
        return f"{where}: {self.what}; {self.hint}"


class Fault(Record):
    """A problem with the value (or the key) that `path` leads to."""

    path: Path
    what: str
    hint: str
    side: Side = Side.VALUE
    within: int = 0
    """How many characters into the text of the value it is."""

    def located(self, root: Node, text: str = "") -> FileProblem:
        """The fault as a problem at its place in the file; `text` is what the file says."""
        at = locate(root, self.path, self.side)
        return FileProblem(moved(text, at, self.within) if self.within else at, self.what, self.hint)


def moved(text: str, at: Position, within: int) -> Position:
    """The place `within` characters into the value that begins `at`, as its lines stand in the file.

    Quotes, the sign of a block and the indentation of its lines are no part of the value.
    """
    lines = text.splitlines()[at.line - 1 :]
    if not lines or at.file:  # the text is that of the file itself, not of one that it uses
        return at
    first = lines[0][at.column - 1 :]
    if first[:1] in {"|", ">"}:
        number, lines = 1, lines[1:]
        indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
        start = indents[0] if indents else 0
        rows = [(start, line[start:]) for line in lines]
    else:
        number, quote = 0, first[:1] in {"'", '"'}
        rows = [(at.column - 1 + quote, first[quote:])]
        rows += [(len(line) - len(line.lstrip(" ")), line.lstrip(" ")) for line in lines[1:]]
    for start, row in rows:
        if within <= len(row):
            return Position(at.line + number, start + within + 1)
        within, number = within - len(row) - 1, number + 1
    return at


def locate(root: Node, path: Path, side: Side = Side.VALUE) -> Position:
    """The position of the value or its key; for a path that leads nowhere, that of the last value on the way."""
    node, key = root, None
    for part in path:
        match node, part:
            case MapNode(fields=fields), str() if part in fields:
                node, key = fields[part].value, fields[part].position
            case ListNode(items=items), int() if part < len(items):
                node, key = items[part], None
            case _:
                break
    return key if side is Side.KEY and key is not None else node.position


def plain(node: Node) -> object:
    """The values alone: dicts, lists, text, numbers, booleans and None."""
    match node:
        case Scalar():
            return node.value
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {name: plain(field.value) for name, field in node.fields.items()}
        case _:
            assert_never(node)
