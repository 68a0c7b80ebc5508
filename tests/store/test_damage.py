"""A file that rotted: what it says is either what was written, or an error that says what would work."""
# ruff: noqa: S311 - chance makes tests here

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.shop import Clock
from onloop.errors import OnloopError, Refused, StoreError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.service import Gateway
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.principal import launcher
from onloop.store.codec import to_text
from onloop.store.port import TaskFilter
from onloop.store.sqlite.database import FILE, SqliteStore, anchor_of
from onloop.store.sqlite.inspection import inspect
from store.furnished import furnished

Truth = dict[str, str]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "store"
    furnished(folder).store.close()
    return folder


@pytest.fixture(scope="module")
def truth(original: Path) -> Truth:
    store = SqliteStore(original)
    with store.reading() as at:
        told = {task.id: to_text(task) for task in at.tasks(TaskFilter())}
    store.close()
    return told


def _damage(content: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.15:
        return content[: chance.randrange(len(content))]
    rotten = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 8, 64))):
        rotten[chance.randrange(len(rotten))] ^= 1 << chance.randrange(8)
    return bytes(rotten)


def _live_with_it(folder: Path, truth: Truth) -> bool:
    """Open, read everything, write, verify. Whatever is believed is true; the answer is whether anything was told."""
    told = False
    store: SqliteStore | None = None
    try:
        store = SqliteStore(folder)
        with store.reading() as at:
            house = at.house()
            assert sorted(house.people) in ([], ["ana", "ben", "cleo", "dan"])
        for task_id in truth:
            try:
                with store.reading() as at:
                    task = at.task(task_id)
                assert task is None or to_text(task) == truth[task_id]
            except StoreError as problem:
                told = _says_what_would_work(problem)
        with suppress(Refused):
            command = Release("agent:bravo", 1, ReleaseCause.RETURNED, "")
            Gateway(store, Clock()).perform(PerformCommand(launcher("x"), "r1.2", command))
        told = bool(inspect(store).problems) or told
    except OnloopError as problem:
        told = _says_what_would_work(problem)
    finally:
        if store is not None:
            store.close()
    return told


def _says_what_would_work(problem: OnloopError) -> bool:
    assert problem.message
    assert problem.hint
    return True


def _rot(original: Path, folder: Path, truth: Truth, count: int, seed: int) -> int:
    chance, noticed = random.Random(seed), 0
    content = (original / FILE).read_bytes()
    for _ in range(count):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(original, folder)
        shutil.copyfile(anchor_of(original), anchor_of(folder))
        (folder / FILE).write_bytes(_damage(content, chance))
        noticed += _live_with_it(folder, truth)
    return noticed


def test_a_file_with_flipped_bits_or_a_missing_end_never_tells_a_lie(
    original: Path, truth: Truth, tmp_path: Path
) -> None:
    assert _rot(original, tmp_path / "store", truth, 50, 1) > 10


@pytest.mark.soak
def test_a_thousand_damaged_files_never_tell_a_lie(original: Path, truth: Truth, tmp_path: Path) -> None:
    assert _rot(original, tmp_path / "store", truth, 1000, 2) > 200
