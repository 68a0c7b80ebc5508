"""A day's work on a store, step by step, each acknowledged when it is done; and what must be true after a fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import KeepContent
from onloop.machine.commands import Cancel
from onloop.store.sqlite.database import SqliteStore, anchor_of, create_store
from onloop.store.sqlite.inspection import inspect
from support.steps import SECOND

Acknowledge = Callable[[int], None]


def prepared(folder: Path) -> None:
    """A store with a run in it that waits to be claimed."""
    create_store(folder)
    shop = Shop(SqliteStore(folder))
    shop.begin()
    shop.store.close()


def labour(folder: Path, acknowledge: Acknowledge) -> None:
    """Claim, submit, judge, approve, begin and cancel another; after each, tell the sequence in its receipt."""
    store = SqliteStore(folder)
    try:
        for _ in _steps(Shop(store)):
            assert store.receipt is not None
            acknowledge(store.receipt.count)
    finally:
        with suppress(StoreError):  # a disk that has failed fails again
            store.close()


def _steps(shop: Shop) -> Iterator[object]:
    yield (agent := shop.claim("r1"))
    shop.later(SECOND)
    yield shop.submit(agent, key="handed-in")
    yield shop.report()
    yield shop.approve()
    yield shop.begin(run="r2")
    yield shop.gateway.perform(KeepContent(b"what a gate printed"))
    shop.freeze("run:r9")
    yield None
    yield shop.gateway.perform(PerformCommand(shop.person(), "r2", Cancel(shop.voice(), "not needed"), key="ended"))


def copied(original: Path, folder: Path) -> Path:
    """A copy of a store with its anchor, in the place of whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder)
    shutil.copyfile(anchor_of(original), anchor_of(folder))
    return folder


def sound(folder: Path, promised: int) -> int:
    """The store opens, is whole in every row, and has at least what was promised; the answer is where its log ends."""
    store = SqliteStore(folder)
    try:
        found = inspect(store)
        assert found.problems == ()
        Shop(store).check_rows()
        with store.reading() as at:
            last = at.last_seq()
        assert last >= promised, f"{promised} was acknowledged, and the log ends at {last}"
        return last
    finally:
        store.close()


def forked(child: Callable[[Acknowledge], None]) -> tuple[int, bool]:
    """Run `child` in a process of its own; the answer: the last sequence it acknowledged, and if it was finished."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            child(lambda seq: _told(writer, seq))
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as answers:
        told = [int(line) for line in answers.read().split()]
    _, status = os.waitpid(pid, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return max(told, default=0), os.WIFEXITED(status)


def _told(writer: int, seq: int) -> None:
    os.write(writer, b"%d\n" % seq)
