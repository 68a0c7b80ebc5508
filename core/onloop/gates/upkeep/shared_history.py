"""The packed history of a target, kept once beside its mirror and given to each new clone by hard links.

The pack has the target's history and nothing of any task. Neither mirror nor gateway ever reads it: agents of one user
could write to it as they can write to each other's clones, and what is judged is read from the mirror's own objects.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import private, scratch
from onloop.gates.repository.git import LONG_S
from onloop.gates.repository.mirror import Mirror

FOLDER = "shared"
"""The folder in a mirror that holds the pack, named by the commit whose history it is."""

LEAST_KIB = 4 * 1024
"""Of a smaller repository every clone gets a copy: links would save nothing that counts."""

MOST_BEHIND = 2_000
"""How many commits the target may be ahead of the pack before it is made anew."""

_PARTS = (".pack", ".idx")


def link_history(mirror: Mirror, target: str, objects: Path) -> str | None:
    """Give a new clone, by its object folder, the target's history; the answer is the commit whose history it got.

    None if the repository is small or links do not work here: then everything has to be fetched.
    """
    try:
        tip = mirror.git.text("rev-parse", "--verify", f"refs/heads/{target}")
        if _size_kib(mirror) < LEAST_KIB:
            return None
        known = _known(mirror, tip) or _packed(mirror, tip)
        _link(mirror.path / FOLDER / known, objects / "pack" / f"pack-{known}")
        return known
    except (OSError, GitFailed):
        return None


def _size_kib(mirror: Mirror) -> int:
    pairs = (line.partition(": ") for line in mirror.git.text("count-objects", "-v").split("\n"))
    return sum(int(value) for name, _, value in pairs if name in {"size", "size-pack"})


def _known(mirror: Mirror, tip: str) -> str | None:
    """The commit of a pack that holds most of the history of `tip`, and nothing else."""
    with suppress(OSError):
        for entry in sorted((mirror.path / FOLDER).glob("*.idx")):
            commit = entry.stem
            if commit == tip or (mirror.is_ancestor(commit, tip) and _behind(mirror, commit, tip) <= MOST_BEHIND):
                return commit
    return None


def _behind(mirror: Mirror, commit: str, tip: str) -> int:
    return int(mirror.git.text("rev-list", "--count", f"{commit}..{tip}"))


def _packed(mirror: Mirror, tip: str) -> str:
    """Pack the history of `tip` in the place of an earlier pack."""
    folder = mirror.path / FOLDER
    private(folder)
    with scratch("history", mirror.path) as place:
        words = ("--revs", "--quiet", "--threads=1", "--delta-base-offset", str(place / "new"))
        made = mirror.git.run("pack-objects", *words, stdin=f"{tip}\n".encode(), timeout_s=LONG_S).text
        earlier = [entry for entry in folder.iterdir() if entry.stem != tip]
        for part in _PARTS:  # the index last: without it, the pack is not there
            (place / f"new-{made}{part}").chmod(0o444)
            (place / f"new-{made}{part}").rename(folder / f"{tip}{part}")
    for entry in earlier:
        entry.unlink(missing_ok=True)
    return tip


def _link(source: Path, place: Path) -> None:
    """Link a pack and its index, or neither."""
    place.parent.mkdir(exist_ok=True)
    try:
        for part in _PARTS:
            os.link(source.with_name(f"{source.name}{part}"), place.with_name(f"{place.name}{part}"))
    except OSError:
        for part in _PARTS:
            place.with_name(f"{place.name}{part}").unlink(missing_ok=True)
        raise
