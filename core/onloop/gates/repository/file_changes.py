"""What differs between two commits, computed from their objects alone: no attributes, no textconv, no replacements."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
_AT_ONCE = 500
SHOWN = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none")


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
class ChangedLines:
    """One path that differs: lines added and removed (None if binary), and the id of what it is afterwards."""

    path: str
    status: Status
    kind: FileKind
    added: int | None
    removed: int | None
    blob: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's change for a list: lines added and removed (None if binary), and its path before a rename.

    `flag` says in words why the file can decide the gates' verdicts; empty if it cannot. `lines_shown` is how many of
    the changed lines the diff beside it shows, None for all of them. `marked` is what `.gitattributes` of the base says
    of the file, in words.
    """

    path: str
    status: Status
    kind: FileKind
    added: int | None
    removed: int | None
    previous: str | None = None
    flag: str = ""
    lines_shown: int | None = None
    marked: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the diff shows all that changes in the file; of a binary file, none can."""
        return self.lines_shown is None and self.added is not None

    @property
    def lines(self) -> int:
        """How many lines change; 0 for a binary file."""
        return (self.added or 0) + (self.removed or 0)


_KINDS = {"100755": FileKind.EXECUTABLE, "120000": FileKind.SYMLINK, "160000": FileKind.SUBMODULE}
_STATUSES = {"A": Status.ADDED, "D": Status.DELETED, "R": Status.RENAMED, "C": Status.ADDED, "T": Status.RETYPED}


@dataclass(frozen=True, slots=True)
class RawChange:
    """One file that differs: its paths before and after a rename, else its one path, and its objects' ids."""

    status: Status
    kind: FileKind
    paths: tuple[str, ...]
    ids: tuple[str, str]


def changed_paths(git: Git, base: str, head: str) -> tuple[ChangedPath, ...]:
    """Every path that differs between two commits."""
    fields = list(_diff(git, "--raw", "-z", "--no-renames", base=base, head=head))
    return tuple(ChangedPath(raw.paths[-1], raw.status, raw.kind) for raw in _raws(fields))


def changed_lines(git: Git, base: str, head: str) -> tuple[ChangedLines, ...]:
    """Every path that differs between two commits, with its lines; a renamed file is two paths."""
    words = ("--raw", "--numstat", "-z", "--no-abbrev", "--no-renames")
    fields = list(_diff(git, *words, base=base, head=head))
    raws = _raws(fields)
    counted = ((raw, _with_lines(raw, fields)) for raw in raws)
    return tuple(ChangedLines(c.path, c.status, c.kind, c.added, c.removed, raw.ids[1]) for raw, c in counted)


def diff_stat(git: Git, base: str, head: str) -> tuple[FileChange, ...]:
    """Every file that differs between two commits, with its number of lines; a rename is one entry."""
    fields = list(_diff(git, "--raw", "--numstat", "-z", "-M", base=base, head=head))
    raws = _raws(fields)
    return tuple(_with_lines(raw, fields) for raw in raws)


def raw_changes(git: Git, base: str, head: str, paths: tuple[str, ...] = ()) -> tuple[RawChange, ...]:
    """Every file that differs (under literal `paths`, if any are given), in the order of git's patch."""
    words = ("--raw", "-z", "--no-abbrev", "-M", *SHOWN, "--end-of-options", base, head, "--", *paths)
    return tuple(_raws(list(git.run("diff-tree", "-r", *words, variables=LITERAL).fields)))


def paths_with(git: Git, commit: str, pattern: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `paths` with a line, in `commit`, that matches the extended regular expression; binaries are skipped."""
    matching: list[str] = []
    for first in range(0, len(paths), _AT_ONCE):
        some = paths[first : first + _AT_ONCE]
        words = ("--extended-regexp", "-I", "--no-textconv", "--files-with-matches", "-z", "-e", pattern)
        listed = git.run("grep", *words, commit, "--", *some, accept=(0, 1), variables=LITERAL).fields
        matching += [name.removeprefix(f"{commit}:") for name in listed]
    return tuple(matching)


def _diff(git: Git, *argv: str, base: str, head: str) -> tuple[str, ...]:
    return git.run("diff-tree", "-r", *argv, *SHOWN, "--end-of-options", base, head).fields


def _raws(fields: list[str]) -> list[RawChange]:
    """Removes the leading `--raw` entries from `fields` and returns them."""
    raws = []
    while fields and fields[0].startswith(":"):
        old_mode, new_mode, old_id, new_id, letter = fields.pop(0)[1:].split(" ")
        paths = tuple(fields.pop(0) for _ in range(2 if letter[0] in "RC" else 1))
        mode = old_mode if letter == "D" else new_mode
        status = _STATUSES.get(letter[0], Status.MODE if old_id == new_id else Status.MODIFIED)
        raws.append(RawChange(status, _KINDS.get(mode, FileKind.FILE), paths, (old_id, new_id)))
    return raws


def _with_lines(raw: RawChange, fields: list[str]) -> FileChange:
    """Removes the next `--numstat` entry from `fields` and adds it to `raw`; both kinds have the same order."""
    added, removed, path = fields.pop(0).split("\t", 2)
    previous = None
    if not path:
        previous, path = fields.pop(0), fields.pop(0)
    return FileChange(path, raw.status, raw.kind, _lines(added), _lines(removed), previous)


def _lines(count: str) -> int | None:
    return None if count == "-" else int(count)
