"""What is seen of a repository on this machine without running git in it: whether a push would be refused there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from shlex import quote

from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git
from onloop.records import Record

UPDATING = "updateinstead"
_HOOKS = ("pre-receive", "update", "reference-transaction", "proc-receive")
_LARGEST_HEAD = 1_024


class TroubleKind(StrEnum):
    """What can be wrong with a target."""

    MISSING = "missing"
    UNREACHABLE = "unreachable"
    EMPTY = "empty"
    NO_BRANCH = "no_branch"
    SHALLOW = "shallow"
    SHA256 = "sha256"
    CHECKED_OUT = "checked_out"
    REFUSES = "refuses"
    HOOKS = "hooks"
    SUBMODULES = "submodules"
    LFS = "lfs"
    GIT = "git"
    LARGE = "large"
    DUPLICATE = "duplicate"
    NO_FORGE = "no_forge"


class Flaw(Record):
    """Something about a target: what it is, what would work, and whether it stops work there."""

    kind: TroubleKind
    what: str
    works: str
    stops: bool = True


def git_folder(folder: Path) -> Path | None:
    """Where git keeps a repository's data: the folder itself, its `.git`, or what a `.git` file names."""
    inner = folder / ".git"
    if inner.is_file():
        with inner.open(encoding="utf-8", errors="replace") as file:
            named = file.read(_LARGEST_HEAD).partition("gitdir:")[2].strip()
        return (folder / named).resolve() if named else None
    place = inner if inner.is_dir() else folder
    return place if (place / "HEAD").is_file() and _common(place).joinpath("objects").is_dir() else None


def local_troubles(origin: Path, branch: str | None, git: Git, *, merges: bool) -> Iterator[Flaw]:
    """What is wrong with a repository of this machine; `branch` is what a merge would move."""
    if not origin.is_dir():
        yield Flaw(TroubleKind.MISSING, f"there is no repository {origin}", "give the path of a git repository")
        return
    place = git_folder(origin)
    if place is None:
        works = "give the folder that has .git, or a bare repository"
        yield Flaw(TroubleKind.MISSING, f"{origin} is not a git repository", works)
        return
    if (_common(place) / "shallow").is_file():
        what = f"{origin} is a shallow clone, so its history is incomplete"
        yield Flaw(
            TroubleKind.SHALLOW,
            what,
            f"git -C {quote(str(origin))} fetch --unshallow, or name where it was cloned from",
        )
    if merges:
        yield from _push_troubles(origin, place, branch, git)


def _push_troubles(origin: Path, place: Path, branch: str | None, git: Git) -> Iterator[Flaw]:
    common = _common(place)
    settings = _settings(common / "config", git)
    is_bare = settings.get("core.bare", "").lower() == "true"
    refuses = settings.get("receive.denycurrentbranch", "").lower() != UPDATING
    if not is_bare and refuses and branch is not None and branch == checked_out(place):
        works = (
            f"git -C {quote(str(origin))} config receive.denyCurrentBranch updateInstead"
            " (a merge then changes the files too), or name a bare repository"
        )
        yield Flaw(TroubleKind.CHECKED_OUT, f"{branch} is checked out in {origin}: a merge cannot move it", works)
    if not os.access(common / "objects", os.W_OK):
        works = "let this user write there, or name a repository that it may push to"
        yield Flaw(TroubleKind.REFUSES, f"this user may not write to {origin}", works)
    hooks = [name for name in _HOOKS if os.access(common / "hooks" / name, os.X_OK)]
    if hooks:
        what = f"{origin} has the hook {', '.join(hooks)}, which can refuse a merge"
        yield Flaw(TroubleKind.HOOKS, what, "see that it lets this user push", stops=False)


def checked_out(place: Path) -> str | None:
    """The branch that HEAD names in a git folder; None if it is detached."""
    with (place / "HEAD").open(encoding="utf-8", errors="replace") as file:
        named = file.read(_LARGEST_HEAD).strip()
    return named.removeprefix("ref: refs/heads/") if named.startswith("ref: refs/heads/") else None


def settings_of(folder: Path, git: Git) -> dict[str, str]:
    """The settings that a repository itself makes, its includes left out; empty where it makes none."""
    place = git_folder(folder)
    return {} if place is None else _settings(_common(place) / "config", git)


def _settings(file: Path, git: Git) -> dict[str, str]:
    """Read as data: nothing that the file says has an effect on this git."""
    try:
        listed = git.run("config", "--no-includes", "--null", "--file", str(file), "--list", accept=(0, 1)).fields
    except GitFailed:
        return {}
    return {name.lower(): value for name, _, value in (entry.partition("\n") for entry in listed)}


def _common(place: Path) -> Path:
    """The git folder that a linked worktree shares with others."""
    shared = place / "commondir"
    if not shared.is_file():
        return place
    with shared.open(encoding="utf-8", errors="replace") as file:
        return (place / file.read(_LARGEST_HEAD).strip()).resolve()
