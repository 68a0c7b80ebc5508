"""What is laid over the files of a commit: its `.git`, its submodules, its files in LFS. Made once, and kept by key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onloop.gates.contents.large_files import brought_large_files, fill_large_files
from onloop.gates.contents.own_git import add_git
from onloop.gates.contents.submodule_files import fill_submodules
from onloop.gates.contents.submodule_parts import submodule_parts
from onloop.gates.contents.tags import tags_or_none
from onloop.gates.environments import keys
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import large_files
from onloop.machine.definition import EnvironmentSpec
from onloop.records import Record


class Contents(Record):
    """Files that are laid over those of a commit: made once under `key`, by `fill` in a new folder."""

    key: str
    fill: Callable[[Path], None]


class CheckedOut(Record):
    """A commit's files as they were written to `folder`, under `key`; `base` is a commit that the target has."""

    commit: str
    base: str
    folder: Path
    key: str


def contents_of(mirror: Mirror, files: CheckedOut, asked: EnvironmentSpec) -> tuple[Contents, ...]:
    """What a workflow asks to be laid over the files of a commit, the uppermost first.

    ContentsMissing says what cannot be had.
    """
    found = list[Contents]()
    if asked.git:
        key = keys.digest("git", files.commit, files.base, files.key, asked.lfs)
        found.append(Contents(key, lambda layer: _add_git(mirror, files, layer, lfs=asked.lfs)))
    if asked.lfs:
        key = keys.digest("lfs", str(mirror.path), files.commit)
        found.append(Contents(key, lambda layer: _fill_large(mirror, files, layer)))
    if asked.submodules:
        parts = submodule_parts(mirror, files.commit, files.base)
        key = keys.digest("submodules", [(part.path.hex(), str(part.mirror.path), part.commit) for part in parts])
        found.append(Contents(key, lambda layer: fill_submodules(parts, layer)))
    return tuple(found)


def _add_git(mirror: Mirror, files: CheckedOut, layer: Path, *, lfs: bool) -> None:
    tags_or_none(mirror)
    filled = large_files(mirror.git, files.commit) if lfs else ()
    add_git(files.folder, mirror, files.commit, files.base, filled, layer=layer)


def _fill_large(mirror: Mirror, files: CheckedOut, layer: Path) -> None:
    fill_large_files(mirror, brought_large_files(mirror, files.commit, files.base), layer)
