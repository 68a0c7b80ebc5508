"""Indexes what was sent under git's checks: strict for what is new, lenient for old history that came along with it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git
from onloop.gates.repository.mending.old_history import HARMLESS_IN_OLD_HISTORY

_WORDS = ("--stdin", "--fix-thin", "--threads=1")


def index_pack(git: Git, content: Path, tolerated: Collection[str], timeout_s: float) -> bool:
    """Index a pack into `git` under its checks; GitFailed if it does not pass.

    False if it passed only because what old history is allowed was passed over: then `check_new` must follow.
    """
    try:
        _run(git, content, "--strict", timeout_s)
        return True
    except GitFailed as failed:
        allowed = {*HARMLESS_IN_OLD_HISTORY, *tolerated}
        if not failed.findings or not set(failed.findings) <= allowed:
            raise
    _run(git, content, f"--strict={','.join(f'{name}=ignore' for name in sorted(allowed))}", timeout_s)
    return False


def check_new(git: Git, new: Collection[str], place: Path, timeout_s: float) -> None:
    """GitFailed unless these objects pass git's checks without any indulgence; `place` is a folder for a pack."""
    names = "\n".join(sorted(new)).encode() + b"\n"
    packed = git.run("pack-objects", "--quiet", "--threads=1", str(place / "new"), stdin=names, timeout_s=timeout_s)
    git.run("index-pack", "--strict", "--threads=1", str(place / f"new-{packed.text}.pack"), timeout_s=timeout_s)


def _run(git: Git, content: Path, strict: str, timeout_s: float) -> None:
    with content.open("rb") as source:
        git.run("index-pack", *_WORDS, strict, stdin=source, timeout_s=timeout_s)
