"""What is sent is looked through before git sees it: foreign histories, shallow clones, large files that stay away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.place import SEED, Place, at_the_socket, git, placed
from onloop.access.submission import hold_again, submit
from onloop.errors import BadInput, OnloopError, Refused
from onloop.gates.environment import Environment
from onloop.gates.intake.collection import collected
from onloop.gates.intake.manifest import Announced, Manifest, manifest_from
from onloop.gates.repository.folders import remove_tree
from onloop.gates.repository.provenance import check_provenance
from security import packs

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n"


@pytest.fixture(params=["embedded", "socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """One contract, whichever way the bytes come."""
    with placed(tmp_path) as made:
        if request.param == "embedded":
            yield made
        else:
            with at_the_socket(made) as elsewhere:
                yield elsewhere


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        yield made


# foreign and shallow histories


def test_a_bundle_as_git_makes_it_is_taken(place: Place) -> None:
    head = place.commit()
    content = packs.bundled(place.clone, "HEAD", "^refs/remotes/origin/main")

    now = place.send(Manifest(head, len(content)), content[:10], content[10:]).submission
    assert now is not None and now.head == head
    with place.shop.store.reading() as at:
        assert at.blob(now.bundle) == content


def test_a_shallow_clone_is_refused_with_what_works_and_then_it_does(place: Place) -> None:
    (place.origin / "more.py").write_text("x = 1\n")
    git(place.origin, *SEED, "add", "--all")
    git(place.origin, *SEED, "commit", "--quiet", "--message", "second")
    git(place.clone, "fetch", "--quiet", "--depth=1", f"file://{place.origin}", "main")
    git(place.clone, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    head = place.commit("mine.py")

    with pytest.raises(BadInput, match="is a shallow clone") as refused:
        place.submit()
    assert "git fetch --unshallow origin" in refused.value.hint
    git(place.clone, "fetch", "--quiet", "--unshallow", f"file://{place.origin}", "main")
    now = place.submit().submission
    assert now is not None and now.head == head


def test_a_bundle_from_a_shallow_clone_is_refused_with_what_works(place: Place, tmp_path: Path) -> None:
    for number in ("1", "2"):
        place.commit(content=f"print({number})\n")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place.clone}", "shallow")
    content = packs.bundled(tmp_path / "shallow", "HEAD")
    head = git(tmp_path / "shallow", "rev-parse", "HEAD")

    with pytest.raises(BadInput, match=f"cannot fetch commit {head}") as refused:
        place.send(Manifest(head, len(content)), content)
    assert "git fetch --unshallow origin" in refused.value.hint
    assert place.shop.task().submission is None


@pytest.mark.parametrize("known", [False, True])
def test_a_bundle_that_builds_on_what_is_not_the_tasks_is_refused_with_what_works(place: Place, known: bool) -> None:
    """`known`: the mirror has the commit, for another task handed it in."""
    other = place.commit("other.py")
    if known:
        (mirror,) = (place.opened.home.store / "mirrors").iterdir()
        git(place.clone, "push", "--quiet", str(mirror), "HEAD:refs/onloop/tasks/r2/1")
    head = place.commit("mine.py")
    content = packs.bundled(place.clone, "HEAD", f"^{other}")

    with pytest.raises(BadInput, match=f"builds on {other}") as refused:
        place.send(Manifest(head, len(content)), content)
    assert "git rebase origin/main" in refused.value.hint


def test_a_target_that_was_rewound_is_told_and_a_rebase_is_taken(place: Place) -> None:
    first = git(place.origin, "rev-parse", "HEAD")
    (place.origin / "gone.py").write_text("x = 1\n")
    git(place.origin, *SEED, "add", "--all")
    git(place.origin, *SEED, "commit", "--quiet", "--message", "to be rewound")
    git(place.clone, "fetch", "--quiet", "origin")
    git(place.clone, "rebase", "--quiet", "origin/main")
    git(place.origin, "reset", "--quiet", "--hard", first)

    with pytest.raises(BadInput, match="not all of this is in the history of main"):
        place.submit()
    git(place.clone, "fetch", "--quiet", "origin")
    git(place.clone, "rebase", "--quiet", "--onto", "origin/main", "HEAD~1")
    now = place.submit().submission
    assert now is not None and now.base == first


@pytest.mark.parametrize("what", ["another", "less", "more"])
def test_what_comes_is_what_was_announced(place: Place, what: str) -> None:
    head = place.commit()
    content = packs.bundled(place.clone, "HEAD", "^refs/remotes/origin/main")
    said = {
        "another": Manifest("1" * 40, len(content)),
        "less": Manifest(head, len(content) + 1),
        "more": Manifest(head, len(content) - 1),
    }[what]

    with pytest.raises(OnloopError) as refused:
        place.send(said, content)
    assert refused.value.hint
    assert place.shop.task().submission is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "has no commit"),
        ({"commit": "HEAD"}, "not a full commit id"),
        ({"commit": "1" * 40, "bundle": -1}, "has no size"),
        ({"commit": "1" * 40, "bundle": True}, "has no size"),
        ({"commit": "1" * 40, "bundle": 1 << 27}, "larger than 67108864"),
        ({"commit": "1" * 40, "artefacts": {}}, "has no commit, or what should be a list in it is not one"),
        ({"commit": "1" * 40, "artefacts": [{}]}, "has no name"),
        ({"commit": "1" * 40, "artefacts": [{"name": "../x", "size": 1}]}, "cannot be the name"),
        ({"commit": "1" * 40, "artefacts": [{"name": "a", "size": 1 << 23}]}, "larger than 4194304"),
        ({"commit": "1" * 40, "artefacts": [{"name": "a", "size": 1}] * 2}, "two artefacts have the same name"),
        ({"commit": "1" * 40, "artefacts": [{"name": "a", "size": 1}] * 51}, "51 artefacts"),
        (
            {"commit": "1" * 40, "artefacts": [{"name": f"a{n}", "size": 1 << 22} for n in range(20)]},
            "in all",
        ),
    ],
)
def test_a_manifest_that_claims_too_much_is_refused_before_a_byte_of_it_comes(
    said: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        manifest_from(said)
    assert refused.value.hint


def test_a_manifest_says_what_it_was_told() -> None:
    told = Manifest("1" * 40, 3, (Announced("a", 1),), ("app.py",))

    assert manifest_from(told.plain()) == told


# large files


def test_a_new_pointer_whose_object_does_not_come_along_is_refused_and_a_known_one_may_move(place: Place) -> None:
    (place.origin / "known.bin").write_text(POINTER.format("a" * 64))
    git(place.origin, *SEED, "add", "--all")
    git(place.origin, *SEED, "commit", "--quiet", "--message", "a person pushed pointer and object")
    git(place.clone, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    git(place.clone, "mv", "known.bin", "moved.bin")
    git(place.clone, "commit", "--quiet", "--message", "moved")
    assert place.submit().submission is not None

    place.commit("sub.bin", POINTER.format("b" * 64))
    with pytest.raises(BadInput, match=r"^sub\.bin: new in Git LFS") as refused:
        place.submit()
    assert "commit the file itself" in refused.value.hint
    place.commit("sub.bin", "twelve bytes")
    assert place.submit().submission is not None


def test_an_environment_of_a_task_begins_with_the_history_that_bundles_build_on(embedded: Place) -> None:
    """What the collector leaves out is what the gateway has: else no bundle of it would be taken."""
    mirror = embedded.opened.home.mirror(str(embedded.origin))
    Environment(embedded.clone).prepare(mirror, "main", "r1", "alfa")
    _, changed = submit(embedded.opened, embedded.agent, "done")
    git(embedded.clone, "checkout", "--quiet", "--detach", "origin/main")
    with pytest.raises(Refused, match="nothing was changed"):
        embedded.submit()

    with collected(embedded.clone, embedded.out, "main") as collection:
        assert (changed.bundle > 0, collection.manifest.bundle) == (True, 0)


def test_a_mirror_that_was_lost_is_made_again_from_the_origin_and_the_bundles(embedded: Place) -> None:
    head = embedded.commit()
    task = embedded.submit()
    mirror = embedded.opened.home.mirror(str(embedded.origin))
    remove_tree(mirror.path)
    remove_tree(embedded.clone)

    hold_again(embedded.opened, task)
    assert mirror.read_file(head, "app.py", 100) == b"print(2)\n"
    assert task.submission is not None
    check_provenance(mirror, task.submission, "main")
