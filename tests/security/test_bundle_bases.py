"""Deltas of a bundle are made from what the task's own history holds: an id is no key to others' private work."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.place import Place, at_the_socket, git, placed
from onloop.errors import BadInput
from onloop.gates.intake.manifest import Manifest
from security import packs

THEIRS = b"of another task, and of nobody else\n"


@pytest.fixture(params=["embedded", "socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        if request.param == "embedded":
            yield made
        else:
            with at_the_socket(made) as elsewhere:
                yield elsewhere


def of_another_task(place: Place) -> str:
    """The id of a blob that only another task's commit in the mirror holds."""
    (mirror,) = (place.opened.home.store / "mirrors").iterdir()
    blob = put(mirror, "hash-object", "-w", "--stdin", content=THEIRS)
    tree = put(mirror, "mktree", content=f"100644 blob {blob}\ttheirs\n".encode())
    commit = put(mirror, "-c", "user.name=b", "-c", "user.email=b@x", "commit-tree", tree, "-m", "theirs")
    git(mirror, "update-ref", "refs/onloop/tasks/r2/1", commit)
    return blob


def put(folder: Path, *words: str, content: bytes = b"") -> str:
    return (
        subprocess.run(["git", *words], cwd=folder, input=content, stdout=subprocess.PIPE, check=True)
        .stdout.decode()
        .strip()
    )


def naming(place: Place, blob: str) -> tuple[str, str, list[bytes]]:
    """A commit whose tree names the blob, its parent, and the commit and tree as a pack stores them."""
    base = git(place.origin, "rev-parse", "HEAD")
    lines = git(place.clone, "ls-tree", base) + f"\n100644 blob {blob}\tstolen\n"
    tree = put(place.clone, "mktree", "--missing", content=lines.encode())
    commit = put(
        place.clone, "-c", "user.name=a", "-c", "user.email=a@x", "commit-tree", tree, "-p", base, "-m", "mine"
    )
    kinds = ((packs.COMMIT, "commit", commit), (packs.TREE, "tree", tree))
    return commit, base, [packs.stored(kind, raw(place.clone, word, name)) for kind, word, name in kinds]


def raw(folder: Path, kind: str, name: str) -> bytes:
    return subprocess.run(["git", "cat-file", kind, name], cwd=folder, stdout=subprocess.PIPE, check=True).stdout


STEPS = {
    "a byte of our own, so that git puts the base into the pack": (1, b"\x01Z"),
    "all of the base, which is the very object": (len(THEIRS), bytes((0x90, len(THEIRS)))),
}


@pytest.mark.parametrize("how", STEPS)
def test_a_delta_from_another_tasks_object_does_not_bring_that_object_in(place: Place, how: str) -> None:
    blob = of_another_task(place)
    commit, base, objects = naming(place, blob)
    result, steps = STEPS[how]
    content = packs.bundle(commit, packs.pack([*objects, packs.delta(blob, len(THEIRS), result, steps)]), base)

    with pytest.raises(BadInput, match=r"not in the target's history|cannot fetch commit"):
        place.send(Manifest(commit, len(content)), content)
    assert place.shop.task().submission is None


def test_a_delta_from_the_targets_own_history_is_taken(place: Place) -> None:
    line = git(place.origin, "ls-tree", "-r", "--long", "HEAD").splitlines()[0]
    known, size = line.split()[2], int(line.split()[3])
    mine = put(place.clone, "hash-object", "-w", "--stdin", content=b"Z")
    commit, base, objects = naming(place, mine)
    content = packs.bundle(commit, packs.pack([*objects, packs.delta(known, size, 1, b"\x01Z")]), base)

    place.send(Manifest(commit, len(content)), content)
    found = place.shop.task().submission
    assert found is not None
    assert found.head == commit
