"""History that the gateway passes on: whole or by what is lacking, of one task alone, checked where it arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import git
from gates.handing_in import handed_in
from onloop.errors import BadInput, Unavailable, UnknownThing
from onloop.gates.bundles import passed_history
from onloop.gates.bundles.brought_history import download, had_by, take_in
from onloop.gates.bundles.history_offer import HistoryOffer, check_offer
from onloop.gates.bundles.passed_history import HistoryCache
from onloop.gates.contents.tags import tags_or_none
from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import TAG_SPACE

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK, OTHER = "r7k2m.3", "r7k2m.4"


@dataclass
class Passing:
    """A gateway with its mirror, and a client elsewhere who reaches no origin."""

    mirror: Mirror
    theirs: Mirror
    cache: HistoryCache
    folder: Path

    def offered(self, task: str = TASK) -> HistoryOffer:
        self.mirror.refresh("main")
        tags_or_none(self.mirror)
        had = had_by(self.theirs, "main", (task,))
        offer = self.cache.offer(self.mirror, "main", (task,), had.have, had.seen)
        check_offer(offer, "main", (task,))
        return offer

    def page(self, offer: HistoryOffer, task: str = TASK) -> Callable[[int], bytes]:
        return lambda offset: self.cache.page(self.mirror, (task,), offer.digest, offset)

    def bring(self, task: str = TASK) -> HistoryOffer:
        offer = self.offered(task)
        bundle = download(self.folder, offer, self.page(offer, task)) if offer.digest else None
        take_in(self.theirs, offer, bundle)
        return offer


@pytest.fixture
def passing(mirror: Mirror, tmp_path: Path) -> Passing:
    theirs = replace(mirror, path=tmp_path / "elsewhere" / "mirror.git", origin="/nowhere/at/all.git", brought=True)
    theirs.create()
    folder = tmp_path / "brought"
    folder.mkdir()
    return Passing(mirror, theirs, HistoryCache(tmp_path / "bundles"), folder)


def test_a_clone_is_made_where_no_origin_is_reached_with_branch_and_tags(
    passing: Passing, origin: Origin, tmp_path: Path
) -> None:
    tip = origin.commit({"a": "1"})
    origin.git("tag", "--annotate", "-m", "first", "v1.0", tip)
    origin.git("tag", "light", tip)

    passing.bring()

    clone = Environment(tmp_path / "clone")
    clone.prepare(passing.theirs, "main", TASK, "alfa")
    assert clone.head() == tip
    assert (tmp_path / "clone" / "a").read_text() == "1"
    tags = passing.theirs.git.text("for-each-ref", "--format=%(refname)", TAG_SPACE).split()
    assert tags == [f"{TAG_SPACE}light", f"{TAG_SPACE}v1.0"]


def test_only_what_is_lacking_comes_and_nothing_where_all_is_there(passing: Passing, origin: Origin) -> None:
    origin.commit({"large": "x\n" * 5})
    origin.commit({"a": "1"})
    whole = passing.bring()
    again = passing.bring()
    tip = origin.commit({"b": "2"})
    more = passing.bring()

    assert (again.digest, again.size) == ("", 0)
    assert 0 < more.size < whole.size
    assert passing.theirs.refresh("main") == tip


def test_a_tag_that_was_moved_or_removed_is_moved_or_removed_there_too(passing: Passing, origin: Origin) -> None:
    first, second = origin.commit({"a": "1"}), origin.commit({"a": "2"})
    origin.git("tag", "moves", first)
    origin.git("tag", "--annotate", "-m", "goes", "goes", first)
    passing.bring()
    origin.git("tag", "--force", "moves", second)
    origin.git("tag", "--delete", "goes")
    origin.git("tag", "--annotate", "-m", "late", "late", first)

    passing.bring()

    form = "--format=%(refname) %(*objectname)%(objectname)"
    listed = passing.theirs.git.text("for-each-ref", form, TAG_SPACE).splitlines()
    names = [line.split(" ")[0].removeprefix(TAG_SPACE) for line in listed]
    assert names == ["late", "moves"]
    assert listed[1].endswith(second)


def test_what_a_task_handed_in_comes_for_that_task_and_for_no_other(
    passing: Passing, agent: Agent, tmp_path: Path
) -> None:
    agent.commit({"b": "2"})
    head = handed_in(passing.mirror, agent.path, TASK, 1)

    others = passing.offered(OTHER)
    own = passing.offered()

    assert head not in dict(others.refs).values()
    assert head in dict(own.refs).values()
    with pytest.raises(UnknownThing, match="not kept any more"):
        passing.page(own, OTHER)(0)
    passing.bring()
    assert passing.theirs.has(head)


def test_a_commit_of_another_tasks_tells_its_asker_nothing(passing: Passing, agent: Agent) -> None:
    agent.commit({"b": "2"})
    head = handed_in(passing.mirror, agent.path, OTHER, 1)

    offer = passing.cache.offer(passing.mirror, "main", (TASK,), (head,), "")
    plain = passing.cache.offer(passing.mirror, "main", (TASK,), (), "")

    assert offer == plain


def test_a_bundle_is_made_once_for_all_who_lack_the_same(passing: Passing) -> None:
    first = passing.offered()
    kept = list(passing.cache.folder.glob("*.bundle"))
    before = [each.stat().st_ino for each in kept]

    assert passing.offered(OTHER) == first
    assert [each.stat().st_ino for each in passing.cache.folder.glob("*.bundle")] == before


def test_a_download_that_broke_off_goes_on_where_it_was(passing: Passing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passed_history, "LARGEST_PAGE", 100)
    offer, asked = passing.offered(), list[int]()

    def cut(offset: int) -> bytes:
        asked.append(offset)
        if len(asked) > 2:
            raise Unavailable("the line broke", hint="")
        return passing.page(offer)(offset)

    with pytest.raises(Unavailable, match="broke"):
        download(passing.folder, offer, cut)
    asked.clear()

    def rest(offset: int) -> bytes:
        asked.append(offset)
        return passing.page(offer)(offset)

    take_in(passing.theirs, offer, download(passing.folder, offer, rest))

    assert asked[0] == 200
    assert passing.theirs.refresh("main") == passing.mirror.refresh("main")


def test_bytes_that_were_changed_on_the_way_are_refused_and_fetched_anew(passing: Passing) -> None:
    offer = passing.offered()

    def spoilt(offset: int) -> bytes:
        content = bytearray(passing.page(offer)(offset))
        content[-30] ^= 1
        return bytes(content)

    with pytest.raises(Unavailable, match="not what was offered"):
        download(passing.folder, offer, spoilt)

    assert list(passing.folder.iterdir()) == []
    passing.bring()


def test_a_gateway_that_sends_more_or_nothing_is_refused(passing: Passing) -> None:
    offer = passing.offered()
    for content in (b"", b"x" * (offer.size + 1)):
        with pytest.raises(BadInput, match="the gateway sent"):
            download(passing.folder, offer, _always(content))


def test_a_bundle_with_a_ref_that_was_not_offered_changes_nothing(passing: Passing, agent: Agent) -> None:
    agent.commit({"b": "2"})
    handed_in(passing.mirror, agent.path, TASK, 1)
    offer = passing.offered()
    bundle = download(passing.folder, offer, passing.page(offer))
    less = replace_refs(offer, offer.refs[:1])

    with pytest.raises(BadInput, match="which was not offered"):
        take_in(passing.theirs, less, bundle)

    assert passing.theirs.git.text("for-each-ref") == ""


@pytest.mark.parametrize(
    "name",
    [
        "refs/heads/other",
        "refs/onloop/tasks/r7k2m.4/1",
        "refs/onloop/tasks/r7k2m.3/../../x",
        "refs/onloop/tags/-x",
        "HEAD",
    ],
)
def test_names_that_no_clone_needs_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="the gateway offers the ref"):
        check_offer(HistoryOffer(((name, "a" * 40),)), "main", (TASK,))


def test_objects_that_git_refuses_never_get_into_the_mirror(passing: Passing, origin: Origin, tmp_path: Path) -> None:
    words = ("hash-object", "-w", "--literally", "-t", "commit", "--stdin")
    bad = git(origin.path, *words, stdin=f"tree {origin.git('rev-parse', 'main^{tree}')}\nauthor nobody\n\nx\n")
    passing.bring()
    before = passing.theirs.git.text("for-each-ref")
    bundle = tmp_path / "bad.bundle"
    pack = git(origin.path, "pack-objects", "--quiet", str(tmp_path / "p"), stdin=bad)
    content = (tmp_path / f"p-{pack}.pack").read_bytes()
    bundle.write_bytes(f"# v2 git bundle\n{bad} refs/heads/main\n\n".encode() + content)

    with pytest.raises(Unavailable, match="is not sound"):
        take_in(passing.theirs, HistoryOffer((("refs/heads/main", bad),)), bundle)

    assert passing.theirs.git.text("for-each-ref") == before


def test_a_history_that_is_too_large_is_refused_with_what_would_work(passing: Passing) -> None:
    small = replace_limits(passing.cache, largest=50)

    with pytest.raises(BadInput, match="more than 50 bytes") as refused:
        small.offer(passing.mirror, "main", (TASK,), (), "")

    assert "git.toml" in refused.value.hint
    assert list(passing.cache.folder.glob("*.bundle")) == []


def test_a_shallow_history_is_refused_in_words(passing: Passing) -> None:
    (passing.mirror.path / "shallow").write_text("")

    with pytest.raises(Unavailable, match="is shallow"):
        passing.offered()


def test_the_bundles_that_were_read_longest_ago_make_room(passing: Passing, origin: Origin) -> None:
    two = replace_limits(passing.cache, most=2)
    kept = []
    for count in range(3):
        origin.commit({"a": str(count)})
        passing.mirror.refresh("main")
        kept.append(two.offer(passing.mirror, "main", (TASK,), (), "").digest)

    there = {each.name.split(".")[2] for each in passing.cache.folder.glob("*.bundle")}
    assert there == set(kept[1:])


def _always(content: bytes) -> Callable[[int], bytes]:
    return lambda _: content


def replace_refs(offer: HistoryOffer, refs: tuple[tuple[str, str], ...]) -> HistoryOffer:
    return HistoryOffer(refs, offer.digest, offer.size)


def replace_limits(cache: HistoryCache, largest: int = 10_000_000, most: int = 64) -> HistoryCache:
    return HistoryCache(cache.folder, largest, 10_000_000, most)
