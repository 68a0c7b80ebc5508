"""Folders appear whole or not at all, and go away whatever is in them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.gates.repository.folders import built, remove_tree, scratch

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of a user whom permissions bind, which they do not for root; acts as that user."""
    place = Path(tempfile.mkdtemp(prefix="onloop-test-"))
    if os.geteuid() != 0:
        yield place
    else:
        os.chown(place, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield place
        finally:
            os.seteuid(0)
    remove_tree(place)


def test_a_folder_is_seen_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "place"
    with built(path) as folder:
        (folder / "file").touch()
        assert not path.exists()
    assert [entry.name for entry in path.iterdir()] == ["file"]
    assert [entry.name for entry in path.parent.iterdir()] == ["place"]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), built(tmp_path / "place") as folder:
        (folder / "file").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_builders_wins_and_the_second_is_content(tmp_path: Path) -> None:
    path = tmp_path / "place"
    with built(path) as slow:
        with built(path) as fast:
            (fast / "fast").touch()
        (slow / "slow").touch()
    assert [entry.name for entry in path.iterdir()] == ["fast"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_living_builders_folder_is_not_swept_and_a_dead_ones_is(tmp_path: Path) -> None:
    dead = tmp_path / ".place.building-dead"
    dead.mkdir()
    (dead / "file").touch()
    with built(tmp_path / "place") as living:
        (living / "file").touch()
        with built(tmp_path / "place"):
            assert living.exists()
            assert not dead.exists()


def test_a_file_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "place").write_text("mine")
    with pytest.raises(OSError), built(tmp_path / "place"):
        pass
    assert (tmp_path / "place").read_text() == "mine"


def test_a_read_only_tree_is_removed(as_nobody: Path) -> None:
    inner = as_nobody / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for folder in (inner, inner.parent):
        folder.chmod(0o500)
    (as_nobody / "closed").mkdir(mode=0)
    remove_tree(as_nobody / "a")
    remove_tree(as_nobody / "closed")
    assert list(as_nobody.iterdir()) == []


def test_a_tree_nested_more_deeply_than_a_path_is_long_is_removed(as_nobody: Path) -> None:
    top = as_nobody / "tree"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=here)
        os.close(os.open("x", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.fchmod(here, 0o500)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(top)
    assert list(as_nobody.iterdir()) == []


def test_removing_a_tree_leaves_alone_what_its_links_lead_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/link").symlink_to(outside)
    remove_tree(tmp_path / "tree")
    assert outside.stat().st_mode & 0o777 == 0o500


def test_a_scratch_folder_is_private_and_temporary() -> None:
    with scratch("test") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder == folder.resolve()
    assert not folder.exists()


def test_what_a_killed_process_left_in_the_temporary_folder_is_swept_away_and_what_lives_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "onloop-gate-left" / "deep").mkdir(parents=True)
    (tmp_path / "onloop-other-left").mkdir()

    with scratch("gate") as first, scratch("gate") as second:
        assert first.is_dir()
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [first.name, second.name, "onloop-other-left"]
        )
    assert [path.name for path in tmp_path.iterdir()] == ["onloop-other-left"]


def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "onloop-gate-left"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3 * sys.getrecursionlimit()):
        os.mkdir("d", 0o700, dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.fchmod(here, 0)
    os.close(here)

    with scratch("gate", tmp_path):
        assert not top.exists()
