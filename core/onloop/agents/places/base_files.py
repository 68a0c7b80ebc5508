"""The files of a task's base, for environments that are made by what it says, and never by what an agent wrote."""

from __future__ import annotations

from collections.abc import Callable

from onloop.gates.repository.mirror import Mirror
from onloop.machine.task import Task

LARGEST_FILE = 262_144


def base_files(mirror: Mirror | None, task: Task) -> Callable[[str], bytes | None]:
    """What gives the content of a file at the tip of the task's target; None where there is none."""

    def read(path: str) -> bytes | None:
        if mirror is None:
            return None
        commit = mirror.git.text("rev-parse", "--verify", f"refs/heads/{task.target}")
        return mirror.read_file(commit, path, LARGEST_FILE)

    return read
