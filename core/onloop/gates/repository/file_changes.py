"""What differs between two commits, computed from their objects alone: no attributes, no textconv, no replacements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git, GitOutput

_LITERALLY, _ESCAPED = re.compile(r"([\\*?\[])"), r"\\\1"
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
_AT_ONCE = 500
_SHOWN = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none")


class Status(StrEnum):
    """What happened to a path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    RETYPED = "retyped"
    MODE = "mode"


class FileKind(StrEnum):
    """What a path is after the change, or before it if it was deleted."""

    FILE = "file"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """One path that differs; a renamed file is two paths, one deleted and one added."""

    path: str
    status: Status
    kind: FileKind


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's change for a list: lines added and removed (None if binary), and its path before a rename.

    `flag` says in words why the file can decide the gates' verdicts; empty if it cannot.
    """

    path: str
    status: Status
    kind: FileKind
    added: int | None
    removed: int | None
    previous: str | None = None
    flag: str = ""


_KINDS = {"100755": FileKind.EXECUTABLE, "120000": FileKind.SYMLINK, "160000": FileKind.SUBMODULE}
_STATUSES = {"A": Status.ADDED, "D": Status.DELETED, "R": Status.RENAMED, "C": Status.ADDED, "T": Status.RETYPED}


@dataclass(frozen=True, slots=True)
class _Raw:
    status: Status
    kind: FileKind
    paths: tuple[str, ...]
    ids: tuple[str, str]


def changed_paths(git: Git, base: str, head: str) -> tuple[ChangedPath, ...]:
    """Every path that differs between two commits."""
    fields = list(_diff(git, "--raw", "-z", "--no-renames", base=base, head=head))
    return tuple(ChangedPath(raw.paths[-1], raw.status, raw.kind) for raw in _raws(fields))


def diff_stat(git: Git, base: str, head: str) -> tuple[FileChange, ...]:
    """Every file that differs between two commits, with its number of lines; a rename is one entry."""
    fields = list(_diff(git, "--raw", "--numstat", "-z", "-M", base=base, head=head))
    raws = _raws(fields)
    return tuple(_with_lines(raw, fields) for raw in raws)


def diff(git: Git, base: str, head: str, max_bytes: int, first: Sequence[str] = ()) -> str:
    """The patch between two commits; one longer than `max_bytes` is cut and says so in its last line.

    The files `first` come first, in that order. If the patch is cut, small files come before large ones, so that
    nobody can hide a line behind a file that is too long to show.
    """
    output = _patch(git, base, head, max_bytes, first)
    if output.cut:
        output = _patch(git, base, head, max_bytes, _small_first(git, base, head, max_bytes // 10, first))
    shown = output.stdout.decode("utf-8", "backslashreplace")
    return f"{shown}\n[cut here: the diff is longer than {max_bytes} bytes]\n" if output.cut else shown


def _patch(git: Git, base: str, head: str, max_bytes: int, first: Sequence[str]) -> GitOutput:
    argv = ("--patch", "-M", "--full-index", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/")
    from tempfile import NamedTemporaryFile  # here: code that only shows changes does not load it

    with NamedTemporaryFile("w", encoding="utf-8", prefix="onloop-order-") as order:
        order.writelines(f"{_LITERALLY.sub(_ESCAPED, path)}\n" for path in first if "\n" not in path)
        order.flush()
        words = (*argv, *_SHOWN, f"-O{order.name}", "--end-of-options", base, head)
        return git.run("diff-tree", "-r", *words, max_bytes=max_bytes)


def _small_first(git: Git, base: str, head: str, large: int, first: Sequence[str]) -> tuple[str, ...]:
    """Every changed path: `first` in its order, then the others by size, then all that are larger than `large`."""
    fields = list(_diff(git, "--raw", "-z", "--no-renames", base=base, head=head))
    raws = _raws(fields)
    ids = "".join(f"{one}\n" for raw in raws for one in raw.ids).encode()
    listed = git.run("cat-file", "--batch-check=%(objectsize)", stdin=ids).text.split("\n")
    sizes = [int(word) if word.isdecimal() else 0 for word in listed]
    size = {raw.paths[-1]: max(sizes[2 * n : 2 * n + 2], default=0) for n, raw in enumerate(raws)}
    places = {path: place for place, path in enumerate(first)}
    return tuple(sorted(size, key=lambda path: (size[path] > large, places.get(path, len(places)), size[path], path)))


def paths_with(git: Git, commit: str, pattern: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `paths` with a line, in `commit`, that matches the extended regular expression; binaries are skipped."""
    matching: list[str] = []
    for first in range(0, len(paths), _AT_ONCE):
        some = paths[first : first + _AT_ONCE]
        words = ("--extended-regexp", "-I", "--no-textconv", "--files-with-matches", "-z", "-e", pattern)
        listed = git.run("grep", *words, commit, "--", *some, accept=(0, 1), variables=_LITERAL).fields
        matching += [name.removeprefix(f"{commit}:") for name in listed]
    return tuple(matching)


def _diff(git: Git, *argv: str, base: str, head: str) -> tuple[str, ...]:
    return git.run("diff-tree", "-r", *argv, *_SHOWN, "--end-of-options", base, head).fields


def _raws(fields: list[str]) -> list[_Raw]:
    """Removes the leading `--raw` entries from `fields` and returns them."""
    raws = []
    while fields and fields[0].startswith(":"):
        old_mode, new_mode, old_id, new_id, letter = fields.pop(0)[1:].split(" ")
        paths = tuple(fields.pop(0) for _ in range(2 if letter[0] in "RC" else 1))
        mode = old_mode if letter == "D" else new_mode
        status = _STATUSES.get(letter[0], Status.MODE if old_id == new_id else Status.MODIFIED)
        raws.append(_Raw(status, _KINDS.get(mode, FileKind.FILE), paths, (old_id, new_id)))
    return raws


def _with_lines(raw: _Raw, fields: list[str]) -> FileChange:
    """Removes the next `--numstat` entry from `fields` and adds it to `raw`; both kinds have the same order."""
    added, removed, path = fields.pop(0).split("\t", 2)
    previous = None
    if not path:
        previous, path = fields.pop(0), fields.pop(0)
    return FileChange(path, raw.status, raw.kind, _lines(added), _lines(removed), previous)


def _lines(count: str) -> int | None:
    return None if count == "-" else int(count)
