"""A power cut: what was not synced may be there, missing, torn or out of order. What was acknowledged is there."""
# ruff: noqa: S311 - chance makes tests here

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faults.disk import Change, Disk, faulty
from faults.labour import labour, prepared, sound
from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.store.sqlite.database import SqliteStore, anchor_of

SECTOR = 512


@dataclass(slots=True)
class Recording:
    """What a disk was asked to do, and how many changes had been made when a sequence was acknowledged."""

    start: dict[str, bytes]
    changes: list[Change] = field(default_factory=list)
    promises: list[tuple[int, int, bytes]] = field(default_factory=list)

    def promise(self, folder: Path, seq: int) -> None:
        """Note that a sequence was acknowledged, and what the anchor said then."""
        self.promises.append((len(self.changes), seq, anchor_of(folder).read_bytes()))

    def promised(self, cut: int) -> tuple[int, bytes]:
        """What was acknowledged before the cut, and the anchor as it was then."""
        return next((seq, anchored) for at, seq, anchored in reversed(self.promises) if at <= cut)


def _recorded(folder: Path, *, careless: bool = False) -> Recording:
    """The work, and more runs with small checkpoints between; a careless store does not wait for the disk."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("onloop.db")}
    recording = Recording(files)
    recording.promise(folder, 0)
    disk = Disk(remembers=True, changes=recording.changes)
    with faulty(disk):
        keeper = SqliteStore(folder)
        if not careless:
            labour(folder, lambda seq: recording.promise(folder, seq))
        keeper.connection.execute(f"PRAGMA synchronous={'OFF' if careless else 'FULL'}; PRAGMA wal_autocheckpoint=12")
        shop = Shop(keeper)
        for number in range(8):
            shop.begin(run=f"more{number}")
            recording.promise(folder, _last(keeper))
        keeper.close()
    return recording


def _last(store: SqliteStore) -> int:
    with store.reading() as at:
        return at.last_seq()


def _after_the_cut(recording: Recording, cut: int, chance: random.Random) -> dict[str, bytes]:
    """The files as the disk may show them when power fails before change `cut`."""
    files = {name: bytearray(content) for name, content in recording.start.items()}
    pending: dict[str, list[Change]] = {}
    for change in recording.changes[:cut]:
        if change.what == "sync":
            _apply(files, pending.pop(change.file, ()))
        elif change.what == "delete":
            pending.pop(change.file, None)
            files.pop(change.file, None)
        else:
            pending.setdefault(change.file, []).append(change)
    for waiting in pending.values():
        _apply(files, _survivors(waiting, chance))
    return {name: bytes(content) for name, content in files.items()}


def _survivors(waiting: Sequence[Change], chance: random.Random) -> list[Change]:
    """Some of the writes, in some order, some of them torn between sectors."""
    share = chance.choice((0.0, 0.3, 0.7, 1.0))
    kept = [change for change in waiting if chance.random() < share]
    if chance.random() < 0.5:
        chance.shuffle(kept)
    return [_torn(change, chance) if chance.random() < 0.2 else change for change in kept]


def _torn(change: Change, chance: random.Random) -> Change:
    sectors = len(change.content) // SECTOR
    if change.what != "write" or sectors < 2:
        return change
    first = chance.randrange(sectors)
    last = chance.randrange(first, sectors) + 1
    return Change("write", change.file, change.at + first * SECTOR, change.content[first * SECTOR : last * SECTOR])


def _apply(files: dict[str, bytearray], changes: Sequence[Change]) -> None:
    for change in changes:
        content = files.setdefault(change.file, bytearray())
        if change.what == "truncate":
            del content[change.at :]
            continue
        content.extend(b"\0" * max(0, change.at - len(content)))
        content[change.at : change.at + len(change.content)] = change.content


def _restored(files: dict[str, bytes], folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _cut_power(recording: Recording, folder: Path, states: int, seed: int) -> int:
    """Try that many states; each must be sound. The answer is in how many of them something had been acknowledged."""
    chance, promises = random.Random(seed), 0
    for _ in range(states):
        cut = chance.randrange(len(recording.changes) + 1)
        promised, anchored = recording.promised(cut)
        anchor_of(folder).write_bytes(anchored)
        sound(_restored(_after_the_cut(recording, cut, chance), folder), promised)
        promises += promised > 0
    return promises


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepared(tmp_path / "original")
    return tmp_path / "original"


def test_a_power_cut_at_any_moment_loses_nothing_acknowledged(folder: Path, tmp_path: Path) -> None:
    assert _cut_power(_recorded(folder), tmp_path / "store", 300, 1) > 200


@pytest.mark.soak
def test_twenty_thousand_power_cuts_lose_nothing_acknowledged(folder: Path, tmp_path: Path) -> None:
    assert _cut_power(_recorded(folder), tmp_path / "store", 20_000, 2) > 10_000


def test_a_store_that_does_not_wait_for_the_disk_is_caught(folder: Path, tmp_path: Path) -> None:
    recording = _recorded(folder, careless=True)

    with pytest.raises((AssertionError, StoreError)):
        _cut_power(recording, tmp_path / "store", 300, 1)
