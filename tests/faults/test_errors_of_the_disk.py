"""A full or failing disk: a refusal that says why, never success, and work goes on when space returns."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from faults.disk import Before, Change, Disk, faulty, untroubled
from faults.labour import copied, labour, prepared, sound
from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.store.port import TaskFilter
from onloop.store.sqlite.database import SqliteStore

FAULTS = (apsw.FullError, apsw.IOError)


def _failing(point: int, kind: type[apsw.Error], disk: Disk) -> Before:
    """From the change with that number on, none succeeds; locks do, as they need no space."""

    def before(change: Change) -> None:
        if change.what != "lock" and disk.count >= point:
            raise kind("the disk said so")

    return before


@pytest.fixture
def original(tmp_path: Path) -> Path:
    prepared(tmp_path / "original")
    return tmp_path / "original"


def _broken_at(folder: Path, point: int, kind: type[apsw.Error]) -> bool:
    """Work until the disk fails; then read, get space back, freeze, go on. The answer is whether it failed at all."""
    disk, promised = Disk(), [0]
    with faulty(disk):
        reader = SqliteStore(folder)
        disk.before = _failing(disk.count + point, kind, disk)
        failed = False
        try:
            labour(folder, lambda seq: promised.append(seq))
        except StoreError as refusal:
            failed = True
            assert "cannot be used" in refusal.message
            assert "space" in refusal.hint
        with reader.reading() as at:
            assert at.tasks(TaskFilter())
            assert at.last_seq() >= max(promised)
        disk.before = untroubled
        shop = Shop(reader)
        shop.freeze("all")
        reader.close()
    assert sound(folder, max(promised) + 1) > max(promised)
    return failed


def _every(original: Path, folder: Path, stride: int) -> int:
    failures, point, failed = 0, 1, True
    while failed:
        for kind in FAULTS:
            failed = _broken_at(copied(original, folder), point, kind)
            failures += failed
        point += stride
    return failures


def test_a_disk_that_fails_is_never_success_and_work_goes_on_afterwards(original: Path, tmp_path: Path) -> None:
    assert _every(original, tmp_path / "store", 7) > 20


@pytest.mark.soak
def test_a_disk_that_fails_at_any_write_is_never_success(original: Path, tmp_path: Path) -> None:
    assert _every(original, tmp_path / "store", 1) > 150
