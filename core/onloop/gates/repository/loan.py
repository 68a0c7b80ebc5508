"""Reads the objects of an agent's clone through a repository of ours, so that the agent's configuration has no effect.

Git runs commands that a repository's configuration names, and the agent can write that configuration. So we share only
the object files: we never read the clone's configuration, refs, hooks, grafts, replacements, alternates or index.
Only processes that run for the agent, as its user and without the store, use this; the gateway receives bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import Git
from onloop.gates.repository.head import head, read_ref
from onloop.gates.repository.ref_names import check_ref_name, is_commit

LOANED_REF = "refs/heads/loaned"
"""The ref under which a loan shows the clone's HEAD commit."""

CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
\thooksPath = /dev/null
[pack]
\tuseBitmaps = false
\twriteReverseIndex = false
\tthreads = 1
"""


class Loan(NamedTuple):
    """A repository of ours that reads a clone's objects, and the commit that was asked for when the loan was made."""

    git: Git
    head: str


@contextmanager
def loan(environment: Path, ref: str = "") -> Iterator[Loan]:
    """The objects of an agent's clone, and the commit at HEAD, or at `ref`: a branch, or a full commit id.

    `BadInput` if it is not an independent clone or has no such commit.
    """
    objects = own_objects(environment)
    borrows = objects / "info" / "alternates"
    if os.path.lexists(borrows):
        raise BadInput(
            f"{environment} borrows objects from another repository",
            hint="run `git repack -a -d && rm .git/objects/info/alternates` in it",
        )
    if os.path.lexists(objects.parent / "shallow"):
        raise BadInput(f"{environment} is a shallow clone", hint="git fetch --unshallow origin, then: onloop submit")
    if (odd := _odd_entry(objects)) is not None:
        raise BadInput(
            f"{odd} is neither a file nor a folder", hint="remove it; git keeps only files and folders there"
        )
    commit = _commit_at(environment, ref) if ref else head(environment)
    if commit is None:
        raise BadInput(f"{environment} has no commit at HEAD", hint="commit the work with git, then try again")
    with loaned(objects, {LOANED_REF: commit}) as git:
        yield Loan(git, commit)


def _commit_at(environment: Path, ref: str) -> str:
    commit = ref if is_commit(ref) else read_ref(environment / ".git", f"refs/heads/{check_ref_name(ref)}")
    if commit is None:
        raise BadInput(f"{environment} has no branch {ref!r}", hint="git branch --all lists its branches")
    return commit


@contextmanager
def loaned(objects: Path, refs: Mapping[str, str]) -> Iterator[Git]:
    """A bare repository of ours in a temporary folder, which reads `objects` and has only these refs."""
    with scratch("loan") as folder:
        bare(folder, refs)
        for entry in os.scandir(objects):
            if entry.name == "pack" or len(entry.name) == 2:
                (folder / "objects" / entry.name).symlink_to(entry.path)
        yield Git(folder)


def bare(folder: Path, refs: Mapping[str, str] | None = None, config: str = CONFIG) -> None:
    """Make `folder` a bare repository of ours with only these refs and no object."""
    for needed in ("objects/info", "refs/heads"):
        (folder / needed).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    (folder / "config").write_text(config)
    for name, commit in (refs or {}).items():
        (folder / name).write_text(commit + "\n")


def own_objects(environment: Path) -> Path:
    """The object folder of a clone; `BadInput` if a link or a file is in its place."""
    objects = environment / ".git" / "objects"
    if not (environment.is_absolute() and str(environment).isprintable()):
        raise BadInput(
            f"{str(environment)!r} cannot be an environment", hint="give an absolute path in printable characters"
        )
    for folder in (environment, objects.parent, objects):
        if not _is_real_folder(folder):
            raise BadInput(
                f"{environment} is not an independent clone: {folder} is missing or leads elsewhere",
                hint="move the environment away; the next claim of the task makes a new one",
            )
    return objects


def _odd_entry(objects: Path) -> str | None:
    """The first link, which could lead to what the agent may not read, or pipe, which git would wait for."""
    waiting = [os.fspath(objects)]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not entry.is_file(follow_symlinks=False):
                        return entry.path
    except OSError as error:
        raise Unavailable(
            f"cannot read {error.filename}: {error.strerror}",
            hint="let the agent's user read its environment, then try again",
        ) from error
    return None


def _is_real_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
