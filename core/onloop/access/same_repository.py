"""Whether a clone is one of a task's repository, told from the commits that its refs name."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from onloop.errors import BadInput
from onloop.gates.repository.head import read_ref
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import without_credentials
from onloop.gates.repository.tips import other_tips

MOST_TIPS = 50


def check_clone(place: Path, mirror: Mirror, target: str) -> None:
    """BadInput unless `place` is an independent clone of the mirror's repository: one of its commits is known there."""
    git_dir = place / ".git"
    if not git_dir.is_dir() or git_dir.is_symlink():
        raise BadInput(
            f"{place} is a linked worktree: its commits are kept elsewhere",
            hint="join in the clone that it belongs to, or in one of its own: git clone",
        )
    mirror.create()
    mirror.refresh(target)
    likely = ("HEAD", f"refs/heads/{target}", f"refs/remotes/origin/{target}", f"refs/remotes/upstream/{target}")
    tips = [tip for name in likely if (tip := read_ref(git_dir, name)) is not None]
    tips += [tip for _, tip in islice(other_tips(git_dir), MOST_TIPS)]
    if not any(mirror.has(tip) for tip in dict.fromkeys(tips)):
        shown = without_credentials(mirror.origin)
        raise BadInput(f"{place} is no clone of {shown}, or too old a one", hint=f"git clone {shown}, or: git fetch")
