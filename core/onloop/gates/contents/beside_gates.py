"""What a change does outside of what gates judge: links that lead out, and what runs where a person opens a folder."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.gates.contents.opened_files import may_make_repository, opened, repositories
from onloop.gates.repository.file_changes import ChangedPath, FileKind
from onloop.gates.repository.git import Git
from onloop.gates.repository.symbolic_links import new_ways_out
from onloop.gates.repository.true_tree import true_files, true_links, true_tree
from onloop.machine.flags import Flag, FlagKind


def flags_beside(git: Git, changed: Sequence[ChangedPath], base: str, head: str) -> tuple[Flag, ...]:
    """The flags of a change that hold whatever its gates read; Forged if an object does not match its id."""
    leading = (Flag(path, FlagKind.LEADS_OUT) for path in _leading_out(git, changed, base, head))
    found = dict.fromkeys((*opened(changed), *_repositories(git, changed, head)))
    return (*leading, *(Flag(path, FlagKind.OPENED) for path in found))


def _leading_out(git: Git, changed: Sequence[ChangedPath], base: str, head: str) -> tuple[str, ...]:
    links = [path.path for path in changed if path.kind is FileKind.SYMLINK]
    if not links:
        return ()
    before, after = (true_links(git, true_tree(git, commit)) for commit in (base, head))
    return new_ways_out(before, after, links)


def _repositories(git: Git, changed: Sequence[ChangedPath], head: str) -> tuple[str, ...]:
    if not may_make_repository(changed):
        return ()
    tree = (path.decode("utf-8", "backslashreplace") for path in true_files(git, true_tree(git, head)))
    return repositories(changed, tree)
