"""Mends a mirror: clears refs of earlier branches out of the way, and makes a broken mirror anew beside the old one."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from onloop.errors import FailureKind
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import remove_tree
from onloop.gates.repository.git import LONG_S, Git

LOCK = "onloop.lock"
"""The lock of a mirror, in its folder: it stays the same file when the mirror is made anew."""

_TASKS = "refs/onloop"
_QUIET = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_IN_THE_WAY = ("cannot lock ref", "unable to update local ref", "some local refs could not be updated")


def is_in_the_way(failed: GitFailed) -> bool:
    """Whether a fetch failed because refs of the mirror have names that exclude the new one."""
    return any(words in failed.complaint for words in _IN_THE_WAY)


def is_broken(failed: GitFailed) -> bool:
    """Whether a run failed because objects here are damaged; what the checks refuse is the origin's own history."""
    return failed.kind is FailureKind.DAMAGED and not failed.findings


def make_way(git: Git, ref: str) -> bool:
    """Remove refs that exclude `ref` (`rel` excludes `rel/1`, and the other way round); whether there were any."""
    parts = ref.split("/")
    above = {"/".join(parts[:number]) for number in range(3, len(parts))}
    names = git.text("for-each-ref", "--format=%(refname)", "refs/heads").split("\n")
    return _removed(git, [name for name in names if name in above or name.startswith(f"{ref}/")])


def prune(git: Git, heads: Collection[str]) -> None:
    """Remove every branch that the origin no longer has; `heads` are those that it has."""
    names = git.text("for-each-ref", "--format=%(refname)", "refs/heads").split("\n")
    _removed(git, [name for name in names if name and name not in heads])


def _removed(git: Git, names: list[str]) -> bool:
    for name in names:
        git.run("update-ref", "-d", name)
    return bool(names)


def bring_tasks(fresh: Git, old: Path) -> None:
    """Fetch into a fresh mirror what tasks handed in, as far as the old one can still give it.

    The rest is restored from the store where it is needed (`onloop.access.submission.hold_again`).
    """
    with suppress(GitFailed):
        fresh.run("fetch", *_QUIET, str(old), f"+{_TASKS}/*:{_TASKS}/*", timeout_s=LONG_S)
        return
    names: list[str] = []
    with suppress(GitFailed):
        names = Git(old).text("for-each-ref", "--format=%(refname)", _TASKS).split()
    for name in names:
        with suppress(GitFailed):
            fresh.run("fetch", *_QUIET, str(old), f"+{name}:{name}", timeout_s=LONG_S)


def take_place(fresh: Path, old: Path) -> None:
    """Put a fresh mirror in the place of the old one, whose lock goes with it; the old one is removed."""
    aside = old.with_name(f".{old.name}.broken")
    remove_tree(aside)
    (old / LOCK).rename(fresh / LOCK)
    old.rename(aside)
    fresh.rename(old)
    remove_tree(aside)
