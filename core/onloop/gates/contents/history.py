"""Packs of a commit's history: that of the target is packed once and kept beside the mirror, the rest is small."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.repository.folders import built, remove_tree
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.true_tree import Forged

LARGEST_HISTORY = 4 << 30
"""How many bytes the packs of one checkout may have."""

MOST_KEPT = 3
"""How many packs of the target's history are kept for each mirror."""

MOST_AHEAD = 1_000
"""How many commits may lie between a kept pack and the commit that is asked for, before a new pack is made."""

_TRIES = 3

HISTORIES = ".histories"
"""How the name ends of the folder beside a mirror that holds packs of its history."""


def histories_of(mirror: Mirror) -> Path:
    """The folder of the packs that are kept for a mirror; it can be removed at any time."""
    return mirror.path.with_name(f".{mirror.path.name}{HISTORIES}")


def write_history(mirror: Mirror, commit: str, base: str, also: Sequence[str], packs: Path) -> None:
    """Write packs with the whole history of `commit`, and the objects `also`, to the folder `packs`, and nothing else.

    `base` is a commit in the history of `commit` that the target has: only what follows it is packed anew each time.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):  # another process made room meanwhile
            known = _kept(mirror, commit, base)
            _copy(histories_of(mirror) / known, packs)
            _pack(mirror.git, (commit, *also), (known,), packs)
            return
    raise Unavailable(f"cannot keep the history of {commit[:12]} in {histories_of(mirror)}", hint="try again")


def _kept(mirror: Mirror, commit: str, base: str) -> str:
    """The commit whose history is kept as a pack and is the best beginning; it is made from `base` if there is none."""
    place = histories_of(mirror)
    near = [(_ahead(mirror, each.name, commit), each.name) for each in _entries(place) if mirror.has(each.name)]
    ahead, known = min((pair for pair in near if pair[0] is not None), default=(None, base))
    if ahead is None:
        known = base
        with built(place / base) as folder:
            _pack(mirror.git, (base,), (), folder)
        for old in _entries(place)[MOST_KEPT:]:
            remove_tree(old)
    os.utime(place / known)
    return known


def _ahead(mirror: Mirror, known: str, commit: str) -> int | None:
    """How many commits `commit` is ahead of one in its history; None if it is too far, or on another history."""
    if not mirror.is_ancestor(known, commit):
        return None
    words = ("--count", f"--max-count={MOST_AHEAD + 1}", "--end-of-options", f"{known}..{commit}")
    ahead = int(mirror.git.text("rev-list", *words))
    return ahead if ahead <= MOST_AHEAD else None


def _entries(place: Path) -> list[Path]:
    """The kept packs, the last used first."""
    with suppress(FileNotFoundError):
        dated = [(each.stat().st_mtime_ns, each) for each in place.iterdir() if not each.name.startswith(".")]
        return [each for _, each in sorted(dated, reverse=True)]
    return []


def _pack(git: Git, wanted: Sequence[str], without: Sequence[str], folder: Path) -> None:
    """Pack what these objects reach. The index is made twice, the second time by hashing each object again."""
    asked = "".join((*(f"{each}\n" for each in wanted), *(f"^{each}\n" for each in without))).encode()
    words = ("--revs", "--delta-base-offset", "--quiet", str(folder / "pack"))
    name = git.run("pack-objects", *words, stdin=asked, timeout_s=LONG_S).text
    pack, told = folder / f"pack-{name}.pack", folder / f"pack-{name}.idx"
    true = folder / "true.idx"
    git.run("index-pack", "-o", str(true), "--no-rev-index", str(pack), timeout_s=LONG_S)
    if true.read_bytes() != told.read_bytes():
        raise Forged(
            f"the history of {wanted[0][:12]} has objects that do not match their ids",
            hint="something has changed the mirror's objects: find out what did, and remove the mirror",
        )
    true.unlink()
    for left in folder.glob("*.rev"):
        left.unlink()


def _copy(source: Path, packs: Path) -> None:
    """Copy a kept pack, sharing its blocks where the file system can: code in a box could change a linked file."""
    parts = [part for part in source.iterdir() if part.suffix in {".pack", ".idx"}]
    if not parts:
        raise FileNotFoundError(source)
    size = sum(part.stat().st_size for part in parts)
    if size > LARGEST_HISTORY:
        raise Unavailable(
            f"the history has {size} bytes, more than the {LARGEST_HISTORY} that a checkout may have",
            hint="leave out `git: true`, or run the command in a repository with a shorter history",
        )
    for part in parts:
        copy_file(part, packs / part.name)


def copy_file(source: Path, copy: Path) -> None:
    """Copy the content of a file, sharing its blocks where the file system can."""
    with source.open("rb") as reader, copy.open("wb") as writer:
        left = os.fstat(reader.fileno()).st_size
        if hasattr(os, "copy_file_range"):
            with suppress(OSError):
                while left and (moved := os.copy_file_range(reader.fileno(), writer.fileno(), left)):
                    left -= moved
        if left:
            reader.seek(0)
            writer.seek(0)
            shutil.copyfileobj(reader, writer, 1 << 20)
