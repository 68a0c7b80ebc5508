"""A folder of a person's own with exactly the commit that is asked about, to look at and to run things in."""

from __future__ import annotations

import os
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
    """The folder, the commit in it, and what of the commit is not there: links that led outside, and what else."""

    path: Path
    commit: str
    base: str
    removed: tuple[str, ...]
    missing: tuple[str, ...]


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
    removed = _filled(mirror, submission.head, submission.base, path)
    missing = contents_trouble(mirror, submission.head, _ALL_OF_GIT, asks_origins=False)
    return OpenedCheckout(
        path, submission.head, submission.base, removed, tuple(_as_here(each.what) for each in missing)
    )


def _filled(mirror: Mirror, commit: str, base: str, path: Path) -> tuple[str, ...]:
    with built(path) as folder, scratch("open") as beside:
        removed = fill_checkout(mirror, commit, folder, beside)
        add_git(folder, mirror, commit, base)
    return removed


def _as_here(words: str) -> str:
    return words.replace("would be", "are").replace(" for agents and gates", "")
