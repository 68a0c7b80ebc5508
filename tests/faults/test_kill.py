"""A process that is killed before any change of any file loses nothing that was acknowledged, and leaves no half."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.disk import Disk, faulty, killing
from faults.labour import Acknowledge, copied, forked, labour, prepared, sound


@pytest.fixture
def original(tmp_path: Path) -> Path:
    prepared(tmp_path / "original")
    return tmp_path / "original"


def _killed_at(original: Path, folder: Path, point: int) -> tuple[int, bool]:
    """A copy of the store after the work on it was killed at `point`: what was promised, and if it was finished."""
    copied(original, folder)

    def child(acknowledge: Acknowledge) -> None:
        disk = Disk()
        disk.before = killing(point, disk)
        with faulty(disk):
            labour(folder, acknowledge)

    return forked(child)


def _points(original: Path, folder: Path) -> int:
    """How many changes the whole work makes."""
    with faulty(Disk()) as disk:
        labour(copied(original, folder), lambda _: None)
    return disk.count


def test_a_kill_at_any_write_loses_nothing_acknowledged(original: Path, tmp_path: Path) -> None:
    last = _points(original, tmp_path / "store")
    ends = set()
    for point in range(1, last + 1, max(1, last // 30)):
        promised, finished = _killed_at(original, tmp_path / "store", point)
        assert not finished
        ends.add(sound(tmp_path / "store", promised))

    assert len(ends) > 4, "the kills fell between different steps"


@pytest.mark.soak
def test_a_kill_at_every_write_loses_nothing_acknowledged(original: Path, tmp_path: Path) -> None:
    last, done = _points(original, tmp_path / "store"), 0
    while done < 1000:
        for point in range(1, last + 1):
            promised, finished = _killed_at(original, tmp_path / "store", point)
            assert not finished
            sound(tmp_path / "store", promised)
            done += 1


def test_work_that_nobody_kills_comes_to_its_end(original: Path, tmp_path: Path) -> None:
    promised, finished = _killed_at(original, tmp_path / "store", 0)

    assert finished
    assert sound(tmp_path / "store", promised) == promised > 15
