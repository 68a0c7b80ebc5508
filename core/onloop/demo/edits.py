"""Edits of Python source for the scripted agents: located in the syntax tree, made in the text."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum

LIBRARY = "kvlite"
_DEBUG = 'print("DEBUG put"'


class Replacement(StrEnum):
    """The possible replacements of the removed `scan()`. Only a person may choose between them."""

    SNAPSHOT = "snapshot"
    STREAM = "stream"


def uses_library(source: str) -> bool:
    """Whether a module imports kvlite. Only such modules are edited."""
    return any(
        isinstance(node, ast.Import | ast.ImportFrom) and LIBRARY in ast.unparse(node)
        for node in ast.walk(ast.parse(source))
    )


def keyword_ttl(source: str) -> tuple[str, int]:
    """The source with `put(key, value, ttl)` as `put(key, value, ttl=ttl)`, and the number of calls changed."""
    text = _Text(source)
    calls = [call for call in _calls(source, "put") if len(call.args) == 3]
    for call in calls:
        before, ttl = text.end(call.args[1]), text.start(call.args[2])
        opening = re.search(rb"[(\s]*\Z", text.raw[before:ttl])
        parenthesis = opening.group().find(b"(") if opening else -1
        position = ttl if opening is None or parenthesis < 0 else before + opening.start() + parenthesis
        text.insert(position, "ttl=")
    return text.edited(), len(calls)


def scans(source: str) -> int:
    """The number of calls of the removed `scan()`."""
    return sum(1 for _ in _calls(source, "scan"))


def replace_scan(source: str, replacement: Replacement) -> tuple[str, int]:
    """The source with every `scan()` replaced by a call that gives the same pairs, and the number of calls changed."""
    text = _Text(source)
    calls = list(_calls(source, "scan"))
    for call in calls:
        name_end = text.end(call.func)
        text.replace(name_end - len("scan"), name_end, replacement.value)
        if replacement is Replacement.SNAPSHOT:
            text.insert(text.end(call), ".items()")
    return text.edited(), len(calls)


def migrate_on_open(source: str) -> tuple[str, int]:
    """The source with `kvlite.open(f)` as `kvlite.open(kvlite.migrate(f))`, and the number of calls changed."""
    text = _Text(source)
    calls = [call for call in _calls(source, "open") if ast.unparse(call.func) == f"{LIBRARY}.open" and call.args]
    for call in calls:
        text.insert(text.start(call.args[0]), f"{LIBRARY}.migrate(")
        text.insert(text.end(call.args[0]), ")")
    return text.edited(), len(calls)


def debug_print(source: str) -> str:
    """The module with a forgotten debugging print before its first statement that calls `put()`."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_call_of(node.value, "put"):
            key = ast.unparse(node.value.args[0])
            lines.insert(node.lineno - 1, f"{' ' * node.col_offset}{_DEBUG}, {key})\n")
            break
    return "".join(lines)


def without_tests(source: str, names: Collection[str]) -> tuple[str, int]:
    """The module without the test methods in `names`, and the number of methods removed."""
    lines = source.splitlines(keepends=True)
    doomed = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.name in names]
    for node in sorted(doomed, key=lambda node: node.lineno, reverse=True):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        while first and not lines[first - 1].strip():
            first -= 1
        del lines[first : node.end_lineno]
    return "".join(lines), len(doomed)


def apply_to(sources: dict[str, str], edit: Callable[[str], tuple[str, int]]) -> dict[str, int]:
    """Apply `edit` to every module that uses the library, in place; returns the changed modules with their counts."""
    counts: dict[str, int] = {}
    for path, source in sources.items():
        if uses_library(source):
            sources[path], count = edit(source)
            counts |= {path: count} if count else {}
    return counts


class _Text:
    """A text with pending edits at byte positions of the syntax tree; `edited` applies all of them."""

    def __init__(self, source: str) -> None:
        self.raw = source.encode()
        self._lines = [0, *(match.end() for match in re.finditer(rb"\n", self.raw))]
        self._edits: list[tuple[int, int, bytes]] = []

    def start(self, node: ast.expr) -> int:
        """The byte position where the node begins."""
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr) -> int:
        """The byte position where the node ends."""
        return self._lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def insert(self, position: int, new: str) -> None:
        """Add an edit that inserts `new` at a byte position."""
        self.replace(position, position, new)

    def replace(self, first: int, last: int, new: str) -> None:
        """Add an edit that replaces the bytes from `first` to `last` by `new`."""
        self._edits.append((first, last, new.encode()))

    def edited(self) -> str:
        """The text with all edits applied."""
        raw = self.raw
        for first, last, new in sorted(self._edits, reverse=True):
            raw = raw[:first] + new + raw[last:]
        return raw.decode()


def _calls(source: str, method: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _is_call_of(node, method))


def _is_call_of(call: ast.Call, method: str) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == method
