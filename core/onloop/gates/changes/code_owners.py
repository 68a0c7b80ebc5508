"""PURE: who owns a path by a CODEOWNERS file: the last line whose pattern matches says it, and may say nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onloop.records import Record

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file is looked for; the first that is there counts."""

LARGEST_FILE = 524_288
MOST_LINES = 2_000
LONGEST_PATTERN = 300
MOST_STARS = 6
"""How many wildcards a pattern may have: matching one with many takes long."""

_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_PIECE = re.compile(r"/\*\*/|\*\*/|/\*\*|\*+|\?|\\.|[^*?\\/]+|/")


class OwnerLine(Record):
    """A pattern and those who own what it matches; nobody where there are none."""

    pattern: str
    owners: tuple[str, ...]


class TooManyOwners(Exception):
    """The file has more lines, or longer ones, than are read."""


def owner_lines(text: str) -> tuple[OwnerLine, ...]:
    """The lines of the file in their order; TooManyOwners for one that is too large to be gone through."""
    lines = tuple(_lines(text))
    if len(lines) > MOST_LINES or any(_is_too_long(line.pattern) for line in lines):
        raise TooManyOwners(f"{len(lines)} lines")
    return lines


def _is_too_long(pattern: str) -> bool:
    return len(pattern) > LONGEST_PATTERN or pattern.count("*") > MOST_STARS


def _lines(text: str) -> Iterator[OwnerLine]:
    """Comments, sections and negations say nothing."""
    for line in text.splitlines():
        words = _WORD.findall(line.split(" #")[0])
        if words and not words[0].startswith(("#", "!", "[", "^")):
            yield OwnerLine(words[0], tuple(word for word in words[1:] if "@" in word))


class CodeOwners:
    """Answers who owns paths, by lines that were read once."""

    def __init__(self, lines: Sequence[OwnerLine]) -> None:
        self._lines = [(_compiled(line.pattern), line.owners) for line in reversed(lines)]

    def owners_of(self, path: str) -> tuple[str, ...]:
        """Who owns the path, by the last line that matches it; nobody where none does, or that one names nobody."""
        return next((owners for pattern, owners in self._lines if pattern.fullmatch(path) is not None), ())


def _compiled(pattern: str) -> re.Pattern[str]:
    """As git reads patterns of ignored files, but that `docs/*` means files right in `docs`."""
    bare = pattern.strip("/")
    is_anchored = pattern.startswith("/") or "/" in bare
    start = "" if is_anchored else "(?:.*/)?"
    below = "" if "*" in bare.rpartition("/")[2] else "(?:/.*)?"
    end = "/.*" if pattern.endswith("/") else below
    return re.compile(f"{start}{''.join(map(_meaning, _PIECE.findall(bare)))}{end}", re.DOTALL)


def _meaning(piece: str) -> str:
    known = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    if piece.startswith("**") and piece not in known:
        return ".*"
    return known.get(piece) or re.escape(piece.removeprefix("\\") if len(piece) > 1 else piece)
