"""The branches of a clone and the heads of its linked worktrees, read as files, without running git."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onloop.gates.repository.head import packed_branches, read_ref

_HEADS = "refs/heads/"
DEEPEST = 8


def other_tips(git_dir: Path) -> Iterator[tuple[str, str]]:
    """Each branch with its commit, in order of their names, then each worktree whose HEAD is at no branch."""
    names = {*_loose(git_dir / "refs" / "heads", "", DEEPEST), *packed_branches(git_dir)}
    for name in sorted(names):
        commit = read_ref(git_dir, f"{_HEADS}{name}")
        if commit is not None:
            yield name, commit
    for folder in _folders(git_dir / "worktrees"):
        commit = read_ref(folder, "HEAD")
        if commit is not None:
            yield commit, commit


def _loose(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield f"{prefix}{entry.name}"
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from _loose(Path(entry.path), f"{prefix}{entry.name}/", depth - 1)


def _folders(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    yield from (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
