"""A folder of a person's own with exactly the commit that is asked about, to look at and to run things in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput, Exit, Refused, Unavailable
from onloop.gates.checkout import fill_checkout
from onloop.gates.contents.missing_contents import contents_trouble
from onloop.gates.contents.own_git import add_git
from onloop.gates.repository.folders import built, scratch
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import EnvironmentSpec
from onloop.machine.task import Task
from onloop.records import Record

_ALL_OF_GIT = EnvironmentSpec(git=True)


class OpenedCheckout(Record):
    """The folder, the commit in it, and what of the commit is not there: links that led outside, and what else.

    `repositories` were left out because git would take them for repositories, whose settings name programs.
    """

    path: Path
    commit: str
    base: str
    removed: tuple[str, ...]
    missing: tuple[str, ...]
    repositories: tuple[str, ...] = ()


def open_checkout(opened: GatewayHandle, task: Task, place: Path | None = None) -> OpenedCheckout:
    """Write the commit that a task handed in last, as it is in the mirror, to a folder that nobody has used.

    It is a repository with that commit at a detached HEAD, its history and tags. No hook or filter runs, and nothing
    of ours reads the folder again.
    """
    submission = task.submission
    if submission is None or task.origin is None:
        raise Refused(f"{task.id} has handed nothing in yet", exit=Exit.NOTHING, hint=f"onloop show {task.id}")
    mirror = opened.mirror(task.origin)
    if not mirror.has(submission.head):
        raise Unavailable(
            f"the mirror of this user does not have {submission.head[:12]}: it is in the gateway's",
            hint=f"onloop show {task.id} --diff shows it; or ask for it on the gateway's machine",
        )
    path = place or opened.home.opened(task.id, submission.head)
    if os.path.lexists(path):
        raise BadInput(f"{path} is already there", hint="remove it, or name another folder: --dir DIR")
    removed, repositories = _filled(mirror, submission.head, submission.base, path)
    missing = contents_trouble(mirror, submission.head, _ALL_OF_GIT, asks_origins=False)
    words = tuple(_as_here(each.what) for each in missing)
    return OpenedCheckout(path, submission.head, submission.base, removed, words, repositories)


def _filled(mirror: Mirror, commit: str, base: str, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with built(path) as folder, scratch("open") as beside:
        removed = fill_checkout(mirror, commit, folder, beside)
        repositories = tuple(_without_repositories(folder))
        add_git(folder, mirror, commit, base)
    return removed, repositories


def _without_repositories(place: Path) -> Iterator[str]:
    """Remove what git would take for a repository below `place`, and say what: a prompt's git would obey its settings.

    The folder itself may look like one: git takes the `.git` in it first, which is ours.
    """
    for folder, folders, files in os.walk(place):
        for name in [*folders, *files]:
            path = Path(folder, name)
            if name.casefold() == ".git" or (name in folders and not path.is_symlink() and _is_repository(path)):
                shutil.rmtree(path) if name in folders and not path.is_symlink() else path.unlink()
                yield str(path.relative_to(place))
        folders[:] = [name for name in folders if os.path.lexists(Path(folder, name))]


def _is_repository(folder: Path) -> bool:
    """Whether git may take the folder for its own: by its objects and refs, or by those that it shares."""
    names = {each.name.casefold() for each in folder.iterdir()}
    return "head" in names and ("commondir" in names or {"objects", "refs"} <= names)


def _as_here(words: str) -> str:
    return words.replace("would be", "are").replace(" for agents and gates", "")
