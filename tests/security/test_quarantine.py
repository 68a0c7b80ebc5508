"""What is sent is looked through before git sees it: bombs, foreign histories, shallow clones, and any bytes at all."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.place import SEED, Place, at_the_socket, git, placed
from onloop.access.submission import hold_again, submit
from onloop.errors import BadInput, OnloopError, Refused
from onloop.gates.environment import Environment
from onloop.gates.intake.bundle import BundleHeader, bundle_header
from onloop.gates.intake.collection import collected
from onloop.gates.intake.manifest import Announced, Manifest, manifest_from
from onloop.gates.intake.quarantine import LIMITS
from onloop.gates.repository.folders import remove_tree
from onloop.gates.repository.pack import PackLimits, check_pack
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


def looked_through(folder: Path, content: bytes, limits: PackLimits = LIMITS) -> int:
    path = folder / "pack"
    path.write_bytes(content)
    return check_pack(path, 0, limits)


# bombs


BOMBS: dict[str, Callable[[], bytes]] = {
    "one object of 512 MiB": lambda: packs.pack([packs.zeros(512)]),
    "one that says it is small": lambda: packs.pack([packs.zeros(512, said=10)]),
    "many that are large together": lambda: packs.pack([packs.zeros(60)] * 5),
    "a delta to 8 GiB": lambda: packs.pack([packs.delta("1" * 40, 10, 8 << 30, b"\x90\x0a")]),
    "many deltas to 60 MiB": lambda: packs.pack([packs.delta("1" * 40, 10, 60 * packs.MIB, b"\x90\x0a")] * 10),
    "a number of objects": lambda: packs.pack([packs.stored(packs.BLOB, b"")] * 10, count=1 << 31),
    "objects and objects": lambda: packs.pack([packs.stored(packs.BLOB, b"")] * 100_001),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory_before_git_sees_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = BOMBS[name]()
    assert len(content) < 2 * packs.MIB
    (tmp_path / "pack").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BadInput, match=r"is the most|larger than it says") as refused:
        check_pack(tmp_path / "pack", 0, LIMITS)
    assert refused.value.hint
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024


def test_a_bomb_in_a_bundle_is_refused_whoever_sends_it(place: Place) -> None:
    bomb = packs.bundle("1" * 40, packs.pack([packs.zeros(512)]))

    with pytest.raises(BadInput, match="67108864 is the most"):
        place.send(Manifest("1" * 40, len(bomb)), bomb)
    assert place.shop.task().submission is None
    assert list((place.opened.home.store / "quarantine").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cut short"),
        (packs.pack([])[:-1], "cut short"),
        (b"KCAP" + packs.pack([])[4:], "does not begin like one"),
        (packs.pack([packs.stored(packs.BLOB, b"a")], count=2), "cut short|kind 0|no number"),
        (packs.pack([packs.stored(packs.BLOB, b"a")], count=0), "behind its last object"),
        (packs.pack([packs.stored(5, b"a")]), "kind 5"),
        (packs.pack([packs.stored(packs.BLOB, b"a", said=2)]), "smaller than it says"),
        (packs.pack([packs.stored(packs.BLOB, b"ab", said=1)]), "larger than it says"),
        (packs.pack([packs.header(packs.BLOB, 1) + b"junk"]), "cannot be inflated"),
        (packs.pack([b"\xbf" + b"\xff" * 12]), "no number"),
        (packs.pack([packs.header(packs.BY_OFFSET, 1) + b"\xff" * 14]), "no number"),
        (packs.pack([packs.stored(packs.BY_OFFSET, b"")]), "malformed"),
        (packs.pack([packs.zeros(1, said=packs.MIB - 1)]), "larger than it says"),
    ],
)
def test_a_pack_that_is_malformed_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        looked_through(tmp_path, content)


# headers


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"", "no git bundle"),
        (b"# v4 git bundle\n\n", "no git bundle"),
        (b"# v2 git bundle\n" + b"-" * 70_000 + b"\n\n", "no git bundle"),
        (b"# v2 git bundle\n\n", "0 refs"),
        (b"# v2 git bundle\n%b a\n%b b\n\n" % (b"1" * 40, b"2" * 40), "2 refs"),
        (b"# v3 git bundle\n@filter=blob:none\n%b a\n\n" % (b"1" * 40), "needs 'filter=blob:none'"),
        (b"# v3 git bundle\n@surprise\n%b a\n\n" % (b"1" * 40), "needs 'surprise'"),
        (b"# v3 git bundle\n@object-format=sha256\n%b a\n\n" % (b"1" * 40), "another length"),
        (b"# v2 git bundle\n-%b\n%b a\n\n" % (b"1" * 64, b"1" * 40), "another length"),
        (b"# v2 git bundle\nrefs/heads/main\n\n", "header says"),
    ],
)
def test_a_header_that_is_none_is_refused_in_words(begin: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        bundle_header(begin)
    assert refused.value.hint


def test_a_header_names_the_commit_its_prerequisites_and_where_the_pack_begins() -> None:
    one, two = "1" * 40, "2" * 40
    begin = packs.bundle(one, b"PACK", two, version=3, more=b"@object-format=sha1\n")

    assert bundle_header(begin) == BundleHeader(one, (two,), len(begin) - 4)


# foreign and shallow histories


def bundled(clone: Path, *words: str) -> bytes:
    made = ["git", "bundle", "create", "--quiet", "-", *words]
    return subprocess.run(made, cwd=clone, stdout=subprocess.PIPE, check=True).stdout


def test_a_bundle_as_git_makes_it_is_taken(place: Place) -> None:
    head = place.commit()
    content = bundled(place.clone, "HEAD", "^refs/remotes/origin/main")

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
    content = bundled(tmp_path / "shallow", "HEAD")
    head = git(tmp_path / "shallow", "rev-parse", "HEAD")

    with pytest.raises(BadInput, match=f"commit {head} cannot be fetched") as refused:
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
    content = bundled(place.clone, "HEAD", f"^{other}")

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

    with pytest.raises(BadInput, match="not all of which is in the history of main"):
        place.submit()
    git(place.clone, "fetch", "--quiet", "origin")
    git(place.clone, "rebase", "--quiet", "--onto", "origin/main", "HEAD~1")
    now = place.submit().submission
    assert now is not None and now.base == first


@pytest.mark.parametrize("what", ["another", "less", "more"])
def test_what_comes_is_what_was_announced(place: Place, what: str) -> None:
    head = place.commit()
    content = bundled(place.clone, "HEAD", "^refs/remotes/origin/main")
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
        ({}, "without a commit"),
        ({"commit": "HEAD"}, "not a full commit id"),
        ({"commit": "1" * 40, "bundle": -1}, "has no size"),
        ({"commit": "1" * 40, "bundle": True}, "has no size"),
        ({"commit": "1" * 40, "bundle": 1 << 27}, "larger than 67108864"),
        ({"commit": "1" * 40, "artefacts": {}}, "no lists"),
        ({"commit": "1" * 40, "artefacts": [{}]}, "without a name"),
        ({"commit": "1" * 40, "artefacts": [{"name": "../x", "size": 1}]}, "cannot be the name"),
        ({"commit": "1" * 40, "artefacts": [{"name": "a", "size": 1 << 23}]}, "larger than 4194304"),
        ({"commit": "1" * 40, "artefacts": [{"name": "a", "size": 1}] * 2}, "two artefacts of one name"),
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


# any bytes


def typed_only(call: Callable[[], object]) -> None:
    """Whatever comes, it is taken or refused with a hint."""
    try:
        call()
    except OnloopError as problem:
        assert problem.hint and problem.message


HEADERS = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [
                *(b"# v2 git bundle\n", b"# v3 git bundle\n", b"-" + b"1" * 40 + b" x\n", b"2" * 40 + b" HEAD\n"),
                *(b"@filter=x\n", b"@object-format=sha1\n", b"\n", b"\0\n", b"3" * 64 + b" a\n", b"PACK"),
            ]
        ),
        max_size=12,
    ).map(b"".join),
)
GOOD = packs.pack(
    [packs.stored(packs.BLOB, b"a" * 100), packs.stored(packs.TREE, b""), packs.delta("1" * 40, 100, 10, b"\x90\x0a")]
)
CUTS = st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=20), st.integers(0, 20))


def mutated(content: bytes, cut: tuple[int, bytes, int]) -> bytes:
    at, put, gone = cut
    return content[:at] + put + content[at + gone :]


def any_header(begin: bytes) -> None:
    typed_only(lambda: bundle_header(begin))


def any_pack(folder: Path, cut: tuple[int, bytes, int]) -> None:
    typed_only(lambda: looked_through(folder, mutated(GOOD, cut)))


@settings(max_examples=300, deadline=None)
@given(HEADERS)
def test_any_header_is_read_or_refused_in_words(begin: bytes) -> None:
    any_header(begin)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CUTS)
def test_any_pack_is_looked_through_or_refused_in_words(tmp_path: Path, cut: tuple[int, bytes, int]) -> None:
    any_pack(tmp_path, cut)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(HEADERS, CUTS)
def test_twenty_thousand_headers_and_packs(tmp_path: Path, begin: bytes, cut: tuple[int, bytes, int]) -> None:
    any_header(begin)
    any_pack(tmp_path, cut)


def any_bundle(place: Place, content: bytes, head: str, cut: tuple[float, bytes, int]) -> None:
    sent = mutated(content, (round(cut[0] * len(content)), cut[1], cut[2]))
    typed_only(lambda: place.send(Manifest(head, len(sent)), sent))


BUNDLE_CUTS = st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 8))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BUNDLE_CUTS)
def test_any_bundle_is_taken_or_refused_in_words_and_the_mirror_stays_sound(
    embedded: Place, cut: tuple[float, bytes, int]
) -> None:
    _any_bundle_and_fsck(embedded, cut)


@pytest.mark.soak
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(BUNDLE_CUTS)
def test_a_thousand_bundles(embedded: Place, cut: tuple[float, bytes, int]) -> None:
    _any_bundle_and_fsck(embedded, cut)


def _any_bundle_and_fsck(place: Place, cut: tuple[float, bytes, int]) -> None:
    head = git(place.clone, "rev-parse", "HEAD")
    any_bundle(place, bundled(place.clone, "HEAD", "^refs/remotes/origin/main"), head, cut)
    (mirror,) = (place.opened.home.store / "mirrors").iterdir()
    git(mirror, "fsck", "--connectivity-only")


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


def test_the_bombs_are_what_they_claim_to_be(tmp_path: Path) -> None:
    assert looked_through(tmp_path, packs.pack([packs.zeros(3), packs.stored(packs.BLOB, b"a")])) == 2
