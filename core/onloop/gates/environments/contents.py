"""What is laid over the files of a commit: its `.git`, its submodules, its files in LFS. Made once, and kept by key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import EnvironmentSpec
from onloop.records import Record


class Contents(Record):
    """Files that are laid over those of a commit: made once under `key`, by `fill` in a new folder."""

    key: str
    fill: Callable[[Path], None]


def contents_of(mirror: Mirror, commit: str, environment: EnvironmentSpec) -> tuple[Contents, ...]:
    """What a workflow asks to be laid over the files of a commit, the uppermost first."""
    del mirror, commit, environment
    return ()
