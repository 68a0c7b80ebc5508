"""New clones share the packed history of their target by hard links, and nothing of any task."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from gates.conftest import git
from gates.handing_in import handed_in
from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror
from onloop.gates.upkeep import shared_history

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"


@pytest.fixture(autouse=True)
def _every_repository_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_history, "LEAST_KIB", 0)


def cloned(mirror: Mirror, folder: Path, number: int) -> Path:
    place = folder / "clones" / f"r7k2m.{number}"
    Environment(place).prepare(mirror, "main", f"r7k2m.{number}", "ada")
    git(place, "fsck", "--full", "--strict")
    return place


def packs(clone: Path) -> list[os.stat_result]:
    return [path.stat() for path in sorted((clone / ".git" / "objects" / "pack").glob("*.pack"))]


def test_clones_share_one_pack_of_the_targets_history_and_each_has_the_newest_commit(
    mirror: Mirror, origin: Origin, agent: Agent, tmp_path: Path
) -> None:
    agent.commit({"secret": "of another task"})
    others = handed_in(mirror, agent.path, TASK, 1)
    one = cloned(mirror, tmp_path, 10)
    tip = origin.commit({"later": "1"})
    two = cloned(mirror, tmp_path, 11)

    shared = {each.st_ino for each in packs(one)} & {each.st_ino for each in packs(two)}
    assert len(shared) == 1
    assert [each.st_nlink for each in packs(one)] == [3]
    assert git(two, "rev-parse", "HEAD") == git(two, "rev-parse", "refs/remotes/origin/main") == tip
    for clone in (one, two):
        assert not any(
            others in line for line in git(clone, "cat-file", "--batch-all-objects", "--batch-check").split("\n")
        )
    (one / "work").write_text("1")
    git(one, "add", "--all")
    git(one, "commit", "--quiet", "-m", "work")
    assert mirror.has(handed_in(mirror, one, "r7k2m.10", 1))


def test_a_target_that_was_rewritten_is_packed_anew_and_what_was_dropped_is_in_no_new_clone(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    dropped = origin.commit({"a": "1"})
    cloned(mirror, tmp_path, 10)
    origin.git("update-ref", "refs/heads/main", "main~1")
    clone = cloned(mirror, tmp_path, 11)
    assert dropped not in git(clone, "cat-file", "--batch-all-objects", "--batch-check")
    assert len(list((mirror.path / "shared").iterdir())) == 2


def test_where_links_do_not_work_everything_is_copied(
    mirror: Mirror, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", refused)
    clone = cloned(mirror, tmp_path, 10)
    assert git(clone, "rev-parse", "HEAD") == origin.tip()
    assert all(each.st_nlink == 1 for each in packs(clone))
