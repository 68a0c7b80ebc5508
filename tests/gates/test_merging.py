"""A merge is the same whoever builds it, and lands only where it was meant to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in
from onloop.errors import BadInput, Unavailable, UnknownThing
from onloop.gates.repository.git import git_program, git_version
from onloop.gates.repository.merging import AlreadyThere, Conflict, Elsewhere, Landed, Merged
from onloop.gates.repository.mirror import Mirror

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"
WHEN = 1_790_000_000_123


def _merged(mirror: Mirror, agent: Agent, origin: Origin) -> Merged:
    head = agent.commit({"mine": "1\n"})
    handed_in(mirror, agent.path, TASK, 1)
    merged = mirror.merge(mirror.refresh("main"), head, "Merge r7k2m.3: mine", WHEN)
    assert isinstance(merged, Merged)
    return merged


def test_the_same_inputs_give_the_same_commit_in_any_mirror(
    mirror: Mirror, agent: Agent, origin: Origin, tmp_path: Path
) -> None:
    first = _merged(mirror, agent, origin)
    again = Mirror(tmp_path / "again.git", str(origin.path))
    again.create()
    tip, head = again.refresh("main"), handed_in(again, agent.path, TASK, 7)
    assert again.merge(tip, head, "Merge r7k2m.3: mine", WHEN) == first
    assert again.merge(tip, head, "Merge r7k2m.3: mine", WHEN + 1000) != first


@pytest.mark.parametrize("when_ms", [0, 1, WHEN])
def test_a_merge_is_a_merge_commit_by_the_gateway_at_the_given_time(
    mirror: Mirror, agent: Agent, origin: Origin, when_ms: int
) -> None:
    tip = origin.tip()
    head = agent.commit({"mine": "1\n"})
    handed_in(mirror, agent.path, TASK, 1)
    merged = mirror.merge(tip, head, "Merge x:\x1b[2J title\n\nbody", when_ms)
    assert isinstance(merged, Merged)
    who = f"onloop <gateway@onloop.invalid> {when_ms // 1000} +0000"
    assert mirror.git.text("cat-file", "commit", merged.commit) == (
        f"tree {merged.tree}\nparent {tip}\nparent {head}\nauthor {who}\ncommitter {who}\n\nMerge x: [2J title\n\nbody"
    )
    assert mirror.tree(merged.commit) == merged.tree


def test_both_sides_are_in_a_merge(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    origin.commit({"theirs": "2\n"})
    merged = _merged(mirror, agent, origin)
    assert mirror.read_file(merged.commit, "mine", 10) == b"1\n"
    assert mirror.read_file(merged.commit, "theirs", 10) == b"2\n"


def test_a_conflict_names_its_files_and_moves_nothing(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    head = agent.commit({"calc.py": "mine\n", "odd name": "mine\n", "fine": "1\n"})
    tip = origin.commit({"calc.py": "theirs\n", "odd name": "theirs\n"})
    mirror.refresh("main")
    handed_in(mirror, agent.path, TASK, 1)
    assert mirror.merge(tip, head, "x", WHEN) == Conflict(("calc.py", "odd name"))
    assert origin.tip() == tip


def test_work_that_is_in_the_target_already_needs_no_merge(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    assert mirror.move("main", origin.tip(), merged.commit) == Landed(merged.commit)
    head = handed_in(mirror, agent.path, TASK, 1)
    tip = mirror.refresh("main")
    assert mirror.merge(tip, head, "x", WHEN) == AlreadyThere(tip)


def test_a_move_lands_at_the_origin_and_may_be_repeated(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    before = origin.tip()
    for _ in range(2):
        assert mirror.move("main", before, merged.commit) == Landed(merged.commit)
    assert origin.tip() == merged.commit == mirror.tip("main")


def test_a_move_that_landed_is_known_even_after_others_built_on_it(
    mirror: Mirror, agent: Agent, origin: Origin
) -> None:
    merged = _merged(mirror, agent, origin)
    before = origin.tip()
    mirror.move("main", before, merged.commit)
    later = origin.git("commit-tree", "-p", merged.commit, "-m", "later", merged.tree)
    origin.git("update-ref", "refs/heads/main", later)
    assert mirror.move("main", before, merged.commit) == Landed(merged.commit)
    assert origin.tip() == later


def test_a_target_that_moved_meanwhile_is_left_where_it_is(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    before = origin.tip()
    other = origin.commit({"theirs": "2\n"})
    assert mirror.move("main", before, merged.commit) == Elsewhere(other)
    assert origin.tip() == other


def test_a_target_that_was_taken_back_is_left_where_it_is(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    origin.commit({"theirs": "2\n"})
    merged = _merged(mirror, agent, origin)
    expected = origin.tip()
    origin.git("update-ref", "refs/heads/main", "main~1")
    assert mirror.move("main", expected, merged.commit) == Elsewhere(origin.tip())


def test_a_target_that_is_gone_is_not_made_again(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    before = origin.tip()
    origin.git("update-ref", "refs/heads/other", before)
    origin.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(UnknownThing, match="no branch 'main'"):
        mirror.move("main", before, merged.commit)


def test_a_move_that_would_lose_commits_is_refused(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    expected = origin.commit({"theirs": "2\n"})
    mirror.refresh("main")
    with pytest.raises(BadInput, match="does not contain"):
        mirror.move("main", expected, merged.commit)
    assert origin.tip() == expected


def test_the_origins_own_rules_still_count(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    merged = _merged(mirror, agent, origin)
    before = origin.tip()
    hook = origin.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Unavailable, match="pre-receive hook declined"):
        mirror.move("main", before, merged.commit)
    assert origin.tip() == before


def test_the_work_trees_branch_of_a_person_is_not_moved_under_them(
    origin: Origin, agent: Agent, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "person.git", str(origin.clone))
    mirror.create()
    merged = _merged(mirror, agent, origin)
    with pytest.raises(Unavailable, match="branch is currently checked out") as refused:
        mirror.move("main", origin.tip(), merged.commit)
    assert "checkout --detach" in refused.value.hint


def test_a_git_that_is_too_old_to_merge_says_so(
    mirror: Mirror, agent: Agent, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = agent.commit({"mine": "1\n"})
    handed_in(mirror, agent.path, TASK, 1)
    old = tmp_path / "old/git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo "git version 2.34.1" && exit\nexec {git_program()} "$@"\n')
    old.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(old.parent), prepend=":")
        for cached in (git_program, git_version):
            cached.cache_clear()
        with pytest.raises(Unavailable, match=r"git 2\.34 .* is too old"):
            mirror.merge(origin.tip(), head, "x", WHEN)
    for cached in (git_program, git_version):
        cached.cache_clear()
