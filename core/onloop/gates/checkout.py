"""A clean checkout of an exact commit, for gates to run in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from onloop.errors import FailureKind, Unavailable
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_commit
from onloop.gates.repository.true_tree import Forged, OnDisk, differing, on_disk, true_files, true_tree
from onloop.records import Record

_FORMATS = {
    40: "[core]\n\trepositoryformatversion = 0\n",
    64: "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n",
}
_AS_IT_IS = "* -text -eol -ident -filter -working-tree-encoding\n"
"""No attribute of the repository changes a byte: each file equals its object, and can be hashed again."""

Files = Mapping[bytes, tuple[int, bytes]]
"""Paths, each with its mode and the id of its content."""


class Overlay(Protocol):
    """Changes which files of a commit a checkout writes. Overlays with the same `key` change the same."""

    @property
    def key(self) -> str:
        """What it depends on beside the commit."""
        ...

    def change(self, git: Git) -> None:
        """Change the index from which the files are written."""
        ...

    def expected(self, git: Git, files: Files) -> Files:
        """The files that must then be on disk, given the commit's `files`; every object read is hashed again."""
        ...


class Checkout(Record):
    """The files of one commit at `path`. `removed` names the symbolic links that led outside and were removed."""

    path: Path
    removed: tuple[str, ...]


@contextmanager
def clean_checkout(mirror: Mirror, commit: str, overlay: Overlay | None = None) -> Iterator[Checkout]:
    """The files of `commit` in a fresh folder (0700) that is removed afterwards; `UnknownThing` if it is not there.

    The files on disk are hashed again, up to the commit's own id: Forged names the first path that differs.
    There is no `.git`, so code in the checkout cannot reach the mirror; submodules are empty folders; no filter runs.
    `overlay` changes the index before the files are written.
    """
    with scratch("checkout") as folder:
        place = folder / "work"
        place.mkdir(mode=0o700)
        yield Checkout(place, fill_checkout(mirror, commit, place, folder, overlay))


def fill_checkout(
    mirror: Mirror, commit: str, place: Path, folder: Path, overlay: Overlay | None = None
) -> tuple[str, ...]:
    """Write the files of `commit` to the empty folder `place`, as `clean_checkout` does; the answer is `removed`.

    `folder` is a fresh one beside it, for what git needs meanwhile.
    """
    mirror.tree(check_commit(commit))
    tree = true_tree(mirror.git, commit)
    git = _reader(mirror, folder, len(commit))
    git = git._replace(work_tree=place, index_file=folder / "index")
    git.run("read-tree", "--end-of-options", tree)
    if overlay is not None:
        overlay.change(git)
    _write(git, place)
    (folder / "index").unlink()
    written = on_disk(place, tree)
    path = differing(git, tree, written) if overlay is None else _unexpected_path(git, tree, written, overlay)
    if path is not None:
        raise Forged(
            f"the checkout of {commit[:12]} is not tree {tree[:12]}: {path!r} differs",
            hint="something has changed the mirror's objects: find out what did, and remove the mirror",
        )
    return _without_escapes(place, written)


def _write(git: Git, place: Path) -> None:
    """Write the files of the index to disk. Git does not say which disk is full, so the error names the folder."""
    try:
        git.run("checkout-index", "--all", "--quiet", timeout_s=LONG_S)
    except GitFailed as failed:
        if failed.out_of_time or "unable to write" not in failed.complaint:
            raise
        folder = place.parent.parent
        raise Unavailable(
            f"cannot write a checkout to {folder}; the disk may be full: {failed.complaint}",
            hint="free space there, or start the verifier with TMPDIR on a larger disk; then onloop retry",
            kind=FailureKind.NO_SPACE,
        ) from failed


def _unexpected_path(git: Git, tree: str, written: OnDisk, overlay: Overlay) -> str | None:
    """The first path whose content is neither the commit's nor the overlay's; None if there is none."""
    expected = overlay.expected(git, true_files(git, tree))
    wrong = (path for path in expected.keys() | written.files.keys() if expected.get(path) != written.files.get(path))
    first = min(wrong, default=None)
    return None if first is None else first.decode("utf-8", "backslashreplace")


def _reader(mirror: Mirror, folder: Path, length: int) -> Git:
    """A repository for one checkout: it reads the mirror's objects, and no settings of the mirror or its commits."""
    place = folder / "git"
    for name in ("refs", "info", "objects"):
        (place / name).mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    (place / "config").write_text(_FORMATS[length])
    (place / "info" / "attributes").write_text(_AS_IT_IS)
    return Git(place, objects=mirror.path / "objects")


def _without_escapes(place: Path, written: OnDisk) -> tuple[str, ...]:
    """Remove the links that, followed to their end, leave `place`; the answer names them."""
    links = ((link, place / os.fsdecode(link)) for link in written.links)
    escapes = [(link, path) for link, path in links if not Path(os.path.realpath(path)).is_relative_to(place)]
    for _, path in escapes:
        path.unlink()
    return tuple(link.decode("utf-8", "backslashreplace") for link, _ in escapes)
