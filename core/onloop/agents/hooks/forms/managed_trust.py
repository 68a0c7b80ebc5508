"""Whether a managed hook is out of reach: who could change its file, and the program that it calls."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def who_can_change(path: Path) -> str:
    """Who besides root could change or replace what is at `path`; empty where nobody can."""
    for each in (path, *path.parents):
        try:
            status = each.lstat()
        except OSError as problem:
            return f"{each}: {problem.strerror}"
        if status.st_uid != 0:
            return f"{each} belongs to uid {status.st_uid}"
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & 0o022 and not _is_sticky_above(each, path, status):
            return f"others than root may write to {each}"
    return ""


def trouble_of(path: Path, program: str) -> Iterator[str]:
    """Why a managed hook could be changed by whom it is to hold; nothing where it could not."""
    if os.geteuid() == 0:
        yield "you are root, and so are agents that you run"
    if found := who_can_change(path):
        yield found
    if not program.startswith("/"):
        yield f"it calls {program}, which is found on the agent's own PATH: --program /PATH/TO/onloop"
        return
    real = Path(os.path.realpath(program))
    for each in dict.fromkeys((Path(program), real)):
        if found := who_can_change(each):
            yield found


def _is_sticky_above(folder: Path, path: Path, status: os.stat_result) -> bool:
    return folder != path and bool(status.st_mode & stat.S_ISVTX)
