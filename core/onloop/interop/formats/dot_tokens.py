"""The words of a DOT file with their places, in one pass whose time grows with the file and no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from onloop.interop.formats.foreign_text import HIDDEN
from onloop.interop.formats.losses import LARGEST_FILE, FileRefused
from onloop.records import Record
from onloop.workflow.characters import decoded
from onloop.workflow.positioned_tree import FileProblem, Position

_START = Position(1, 1)
_WORDS = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\n]*|\#[^\n]*)
    |(?P<comment>/\*)
    |(?P<text>")
    |(?P<arrow>->)
    |(?P<undirected>--)
    |(?P<sign>[{}\[\];,=])
    |(?P<word>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:ms|s|m|h|d)?(?![A-Za-z0-9_])|[A-Za-z_](?:[A-Za-z0-9_.:]|-(?=[A-Za-z0-9_]))*)""",
    re.VERBOSE,
)
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ESCAPE = re.compile(r"\\(\r?\n|.)", re.DOTALL)
_MEANT = {'"': '"', "n": "\n", "t": "\t", "\\": "\\"}


class DotWordKind(Enum):
    """What a word is."""

    WORD = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


class DotToken(Record):
    """One word of the file."""

    kind: DotWordKind
    text: str
    at: Position


class _Places:
    """Places of a text, asked for from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text, self._index, self._line, self._begins = text, 0, 1, 0

    def of(self, index: int) -> Position:
        self._line += self._text.count("\n", self._index, index)
        if (last := self._text.rfind("\n", self._index, index)) >= 0:
            self._begins = last + 1
        self._index = index
        return Position(self._line, index - self._begins + 1)


def tokens(source: bytes) -> Iterator[DotToken]:
    """Every word in order, and an END; FileRefused where something is none."""
    text = _legible(source)
    places, index = _Places(text), 0
    while index < len(text):
        found, at = _WORDS.match(text, index), places.of(index)
        if found is None:
            raise FileRefused(at, f"{text[index]!r} is no part of a DOT file", 'put texts between ""')
        index = found.end()
        match found.lastgroup:
            case "comment":
                index = _ended(text.find("*/", index), at, "a comment begins", "end it with */") + 2
            case "text":
                ended = _STRING.match(text, index)
                index = _ended(ended.end() if ended else -1, at, "a text begins", 'end it with "')
                yield DotToken(DotWordKind.TEXT, unescaped(text[found.end() : index - 1]), at)
            case "undirected":
                raise FileRefused(at, "an edge without a direction", "write ->")
            case "space" | None:
                pass
            case kind:
                yield DotToken(DotWordKind.WORD if kind == "word" else DotWordKind.SIGN, found[0], at)
    yield DotToken(DotWordKind.END, "the end of the file", places.of(len(text)))


def _legible(source: bytes) -> str:
    """The text of a file that is not too large, and in which nothing is hidden."""
    if len(source) > LARGEST_FILE:
        raise FileRefused(_START, f"the file has {len(source)} bytes, more than {LARGEST_FILE}", "divide it")
    text = decoded(source)
    if isinstance(text, FileProblem):
        raise FileRefused(text.position, text.what, text.hint)
    hidden = HIDDEN.search(text)
    if hidden is not None:
        at = _Places(text).of(hidden.start())
        raise FileRefused(at, f"the character U+{ord(hidden[0]):04X}, which cannot be seen", "remove it")
    return text


def _ended(index: int, at: Position, what: str, hint: str) -> int:
    if index < 0:
        raise FileRefused(at, f"{what} here and never ends", hint)
    return index


def unescaped(text: str) -> str:
    """What a quoted text means: Attractor's escapes, and lines that go on after a backslash."""
    return _ESCAPE.sub(_meaning, text)


def _meaning(found: re.Match[str]) -> str:
    sign = found[1]
    return "" if sign.endswith("\n") else _MEANT.get(sign, found[0])


def quoted_text(text: str) -> str:
    """A text as a DOT file quotes it; `unescaped` gives it back."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{shown}"'
