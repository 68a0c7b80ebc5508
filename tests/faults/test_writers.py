"""Sixteen writers, killed throughout: whatever was acknowledged is in the log once, and nothing is there twice."""
# ruff: noqa: S311 - chance makes tests here

from __future__ import annotations

import os
import random
import selectors
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Reassign
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect

WRITERS = 16


@dataclass(slots=True)
class Writer:
    """A process that hands its task from one owner to another, and says each time that it was done."""

    number: int
    folder: Path
    pid: int = 0
    answers: int = -1
    acknowledged: int = 0
    lives: int = 0
    unread: bytes = b""

    def start(self) -> None:
        """Begin to write, from the first change that was not acknowledged, with its key: it may have been done."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._write(writer)
            finally:
                os._exit(1)
        os.close(writer)
        self.pid, self.answers, self.lives, self.unread = pid, reader, self.lives + 1, b""

    def _write(self, answers: int) -> None:
        shop = Shop(SqliteStore(self.folder))
        change = self.acknowledged
        while True:
            change += 1
            command = Reassign(f"agent:a{change}", shop.voice(), f"change {change}")
            shop.gateway.perform(
                PerformCommand(shop.person(), f"w{self.number}", command, key=f"{self.number}-{change}")
            )
            os.write(answers, b"%d\n" % change)

    def heard(self) -> int:
        """Take in what was acknowledged; the answer is how many there were, or -1 when the process is gone."""
        content = os.read(self.answers, 65536)
        *lines, self.unread = (self.unread + content).split(b"\n")
        before = self.acknowledged
        for line in lines:
            self.acknowledged = max(self.acknowledged, int(line))
        return self.acknowledged - before if content else -1

    def end(self) -> None:
        """Kill it, and hear it out."""
        os.kill(self.pid, signal.SIGKILL)
        while self.heard() >= 0:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.answers)


@dataclass(slots=True)
class Storm:
    """All writers, and one killed every so many acknowledged changes."""

    writers: list[Writer]
    ready: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    kills: int = 0

    def rage(self, changes: int, between_kills: int, chance: random.Random) -> None:
        """Go on until so many changes were acknowledged, killing one after another."""
        for writer in self.writers:
            self._start(writer)
        done, next_kill = 0, between_kills
        while done < changes:
            for key, _ in self.ready.select():
                heard = key.data.heard()
                assert heard >= 0, f"writer {key.data.number} ended by itself"
                done += heard
            while done >= next_kill:
                next_kill += between_kills
                unlucky = chance.choice(self.writers)
                self._end(unlucky)
                self._start(unlucky)
                self.kills += 1
        for writer in self.writers:
            self._end(writer)

    def _start(self, writer: Writer) -> None:
        writer.start()
        self.ready.register(writer.answers, selectors.EVENT_READ, writer)

    def _end(self, writer: Writer) -> None:
        self.ready.unregister(writer.answers)
        writer.end()


def _weathered(folder: Path, changes: int, between_kills: int) -> int:
    create_store(folder)
    shop = Shop(SqliteStore(folder))
    for number in range(WRITERS):
        shop.begin(run=f"w{number}")
    shop.store.close()
    storm = Storm([Writer(number, folder) for number in range(WRITERS)])
    storm.rage(changes, between_kills, random.Random(7))
    _history_is_whole(folder, storm.writers)
    return storm.kills


def _history_is_whole(folder: Path, writers: list[Writer]) -> None:
    store = SqliteStore(folder)
    assert inspect(store).problems == ()
    with store.reading() as at:
        for writer in writers:
            log = at.log(task=f"w{writer.number}", limit=1_000_000)
            keys = Counter(event.key for event in log if event.name == "Reassigned")
            promised = {f"{writer.number}-{change}" for change in range(1, writer.acknowledged + 1)}
            assert promised <= keys.keys(), "an acknowledged change is lost"
            assert len(keys) <= len(promised) + 1, "only one change can have been under way"
            assert set(keys.values()) <= {1}, "a change was made twice"
    store.close()


def test_sixteen_writers_that_are_killed_again_and_again_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    assert _weathered(tmp_path / "store", 300, 12) >= 20


@pytest.mark.soak
def test_twenty_thousand_changes_by_writers_that_are_killed_throughout_are_all_there_once(tmp_path: Path) -> None:
    assert _weathered(tmp_path / "store", 20_000, 40) >= 400
