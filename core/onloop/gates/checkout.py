"""A clean checkout of an exact commit, for gates to run in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onloop.gates.folders import scratch
from onloop.gates.git import LONG_S, Git
from onloop.gates.mirror import Mirror
from onloop.gates.names import check_commit

Overlay = Callable[[Git], None]
"""What changes the index of a checkout before its files are written."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of one commit at `path`; `removed` names the symbolic links that led out of it and were taken away."""

    path: Path
    removed: tuple[str, ...]


@contextmanager
def clean_checkout(mirror: Mirror, commit: str, overlay: Overlay | None = None) -> Iterator[Checkout]:
    """The files of `commit` in a fresh folder (0700) that is removed afterwards; `UnknownThing` if it is not there.

    There is no `.git`, so that nothing run in it can reach the mirror; submodules are empty folders; no filter runs.
    `overlay` changes the index before the files are written.
    """
    tree = mirror.tree(check_commit(commit))
    with scratch("checkout") as folder:
        place = folder / "work"
        place.mkdir(mode=0o700)
        git = dataclasses.replace(mirror.git, work_tree=place, index=folder / "index")
        git.run("read-tree", "--end-of-options", tree)
        if overlay is not None:
            overlay(git)
        git.run("checkout-index", "--all", "--quiet", timeout_s=LONG_S)
        (folder / "index").unlink()
        escapes = sorted(_escapes(place))
        for path in escapes:
            path.unlink()
        removed = (os.fsencode(path.relative_to(place)) for path in escapes)
        yield Checkout(place, tuple(name.decode("utf-8", "backslashreplace") for name in removed))


def _escapes(root: Path) -> Iterator[Path]:
    """The symbolic links that, followed to their end, leave `root`."""
    for parent, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                yield path
