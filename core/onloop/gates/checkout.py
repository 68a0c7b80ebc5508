"""A clean checkout of an exact commit, for gates to run in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from onloop.errors import Unavailable
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S, Git, GitFailed
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_commit
from onloop.gates.repository.true_tree import Forged, OnDisk, differing, on_disk, true_files, true_tree
from onloop.records import Record

_FORMATS = {
    40: "[core]\n\trepositoryformatversion = 0\n",
    64: "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n",
}
_AS_IT_IS = "* -text -eol -ident -filter -working-tree-encoding\n"
"""No attribute of a repository's own changes a byte: a file is what its object is, so that it can be hashed again."""

Files = Mapping[bytes, tuple[int, bytes]]
"""Paths, each with its mode and the id of its content."""


class Overlay(Protocol):
    """What changes which files of a commit are written."""

    def change(self, git: Git) -> None:
        """Change the index that the files are written from."""
        ...

    def expected(self, git: Git, files: Files) -> Files:
        """What must lie on disk then, where `files` are the commit's; by objects that are what their names say."""
        ...


class Checkout(Record):
    """The files of one commit at `path`; `removed` names the symbolic links that led out of it and were taken away."""

    path: Path
    removed: tuple[str, ...]


@contextmanager
def clean_checkout(mirror: Mirror, commit: str, overlay: Overlay | None = None) -> Iterator[Checkout]:
    """The files of `commit` in a fresh folder (0700) that is removed afterwards; `UnknownThing` if it is not there.

    What lies on disk has been hashed again, up to the commit's own id: Forged names the first path that differs.
    There is no `.git`, so that nothing run in it can reach the mirror; submodules are empty folders; no filter runs.
    `overlay` changes the index before the files are written.
    """
    mirror.tree(check_commit(commit))
    tree = true_tree(mirror.git, commit)
    with scratch("checkout") as folder:
        place = folder / "work"
        place.mkdir(mode=0o700)
        git = _reader(mirror, folder, len(commit))
        git = git._replace(work_tree=place, index_file=folder / "index")
        git.run("read-tree", "--end-of-options", tree)
        if overlay is not None:
            overlay.change(git)
        _write(git, place)
        (folder / "index").unlink()
        found = on_disk(place, tree)
        path = differing(git, tree, found) if overlay is None else _mixed_up(git, tree, found, overlay)
        if path is not None:
            raise Forged(
                f"the checkout of {commit[:12]} is not tree {tree[:12]}: {path!r} differs",
                hint="something has changed the mirror's objects: remove the mirror, and find out what did",
            )
        yield Checkout(place, _without_escapes(place, found))


def _write(git: Git, place: Path) -> None:
    """The files of the index, on disk. Git does not say where a disk is full, so the folder is named."""
    try:
        git.run("checkout-index", "--all", "--quiet", timeout_s=LONG_S)
    except GitFailed as failed:
        if failed.out_of_time or "unable to write" not in failed.complaint:
            raise
        folder = place.parent.parent
        raise Unavailable(
            f"a checkout could not be written to {folder}, whose disk may be full: {failed.complaint}",
            hint="free space there, or start the verifier with TMPDIR in a larger place; then onloop retry",
        ) from failed


def _mixed_up(git: Git, tree: str, found: OnDisk, overlay: Overlay) -> str | None:
    """The first path that is neither what the commit has there nor what the overlay puts there."""
    expected = overlay.expected(git, true_files(git, tree))
    wrong = (path for path in expected.keys() | found.files.keys() if expected.get(path) != found.files.get(path))
    first = min(wrong, default=None)
    return None if first is None else first.decode("utf-8", "backslashreplace")


def _reader(mirror: Mirror, folder: Path, length: int) -> Git:
    """A repository of one checkout's own that has the mirror's objects and none of its or its commits' settings."""
    place = folder / "git"
    for name in ("refs", "info", "objects"):
        (place / name).mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    (place / "config").write_text(_FORMATS[length])
    (place / "info" / "attributes").write_text(_AS_IT_IS)
    return Git(place, objects=mirror.path / "objects")


def _without_escapes(place: Path, found: OnDisk) -> tuple[str, ...]:
    """Take the links away that, followed to their end, leave `place`; the answer is which."""
    links = ((link, place / os.fsdecode(link)) for link in found.links)
    escapes = [(link, path) for link, path in links if not Path(os.path.realpath(path)).is_relative_to(place)]
    for _, path in escapes:
        path.unlink()
    return tuple(link.decode("utf-8", "backslashreplace") for link, _ in escapes)
