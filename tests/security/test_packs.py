"""A pack or a bundle is read by us before git sees it: bombs, malformed ones, and any bytes at all."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.place import Place, at_the_socket, git, placed
from onloop.errors import BadInput, OnloopError
from onloop.gates.intake.bundle import BundleHeader, bundle_header
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import LIMITS
from onloop.gates.repository.pack import PackLimits, check_pack
from security import packs


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

    with pytest.raises(BadInput, match=r"at most|larger than it says") as refused:
        check_pack(tmp_path / "pack", 0, LIMITS)
    assert refused.value.hint
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024


def test_a_bomb_in_a_bundle_is_refused_whoever_sends_it(place: Place) -> None:
    bomb = packs.bundle("1" * 40, packs.pack([packs.zeros(512)]))

    with pytest.raises(BadInput, match="at most 67108864"):
        place.send(Manifest("1" * 40, len(bomb)), bomb)
    assert place.shop.task().submission is None
    assert list((place.opened.home.store / "quarantine").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cut short"),
        (packs.pack([])[:-1], "cut short"),
        (b"KCAP" + packs.pack([])[4:], "signature of a pack"),
        (packs.pack([packs.stored(packs.BLOB, b"a")], count=2), "cut short|kind 0|not a number"),
        (packs.pack([packs.stored(packs.BLOB, b"a")], count=0), "after its last object"),
        (packs.pack([packs.stored(5, b"a")]), "kind 5"),
        (packs.pack([packs.stored(packs.BLOB, b"a", said=2)]), "smaller than it says"),
        (packs.pack([packs.stored(packs.BLOB, b"ab", said=1)]), "larger than it says"),
        (packs.pack([packs.header(packs.BLOB, 1) + b"junk"]), "cannot inflate"),
        (packs.pack([b"\xbf" + b"\xff" * 12]), "not a number"),
        (packs.pack([packs.header(packs.BY_OFFSET, 1) + b"\xff" * 14]), "not a number"),
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
        (b"", "not a git bundle"),
        (b"# v4 git bundle\n\n", "not a git bundle"),
        (b"# v2 git bundle\n" + b"-" * 70_000 + b"\n\n", "not a git bundle"),
        (b"# v2 git bundle\n\n", "0 refs"),
        (b"# v2 git bundle\n%b a\n%b b\n\n" % (b"1" * 40, b"2" * 40), "2 refs"),
        (b"# v3 git bundle\n@filter=blob:none\n%b a\n\n" % (b"1" * 40), "needs 'filter=blob:none'"),
        (b"# v3 git bundle\n@surprise\n%b a\n\n" % (b"1" * 40), "needs 'surprise'"),
        (b"# v3 git bundle\n@object-format=sha256\n%b a\n\n" % (b"1" * 40), "do not have the length"),
        (b"# v2 git bundle\n-%b\n%b a\n\n" % (b"1" * 64, b"1" * 40), "do not have the length"),
        (b"# v2 git bundle\nrefs/heads/main\n\n", "unknown line"),
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
    any_bundle(place, packs.bundled(place.clone, "HEAD", "^refs/remotes/origin/main"), head, cut)
    (mirror,) = (place.opened.home.store / "mirrors").iterdir()
    git(mirror, "fsck", "--connectivity-only")


def test_the_bombs_are_what_they_claim_to_be(tmp_path: Path) -> None:
    assert looked_through(tmp_path, packs.pack([packs.zeros(3), packs.stored(packs.BLOB, b"a")])) == 2
