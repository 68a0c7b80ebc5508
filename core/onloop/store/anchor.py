"""The anchor: where the log ended, kept outside the store, to detect an old copy or a shortened log."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from onloop.errors import StoreError
from onloop.store.chain import log_link
from onloop.store.port import Reading
from onloop.store.rows import LOG, Archived, Head

WIDTH = 128
"""Bytes of the file: it is overwritten in place, so every content has the same length."""

BATCH = 5000


class Anchor:
    """A file with the log's head at some commit: usually the last one, an earlier one after a kill, never a later one.

    It is written after the commit and not synced: losing it loses a check, never data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._place: tuple[int, int] | None = None
        self._last: tuple[bytes, Head] | None = None

    def read(self) -> Head | None:
        """The anchored head; None if there is no such file, or it cannot be read."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = os.pread(self._opened(os.O_RDWR), WIDTH, 0)
            if self._last is not None and said == self._last[0]:
                return self._last[1]
            told = json.loads(said)
            if type(told["seq"]) is int and type(told["hash"]) is str:
                self._last = said, Head(LOG, told["seq"], told["hash"])
                return self._last[1]
        return None

    def write(self, head: Head) -> None:
        """Anchor `head`. If the write fails, the anchor stays behind and the commit stands."""
        line = f'{{"seq": {head.count}, "hash": "{head.hash}"}}'.encode().ljust(WIDTH - 1) + b"\n"
        with suppress(OSError):
            os.pwrite(self._opened(os.O_RDWR | os.O_CREAT), line, 0)
            self._last = line, head

    def check(self, reading: Reading, log: Head, anchored: Head | None = None) -> None:
        """StoreError unless the log, which ends at `log`, goes through the anchored head; see `problems`."""
        problem = next(self.problems(reading, log, anchored), None)
        if problem is not None:
            raise StoreError(
                problem,
                hint=f"onloop store verify; put the newer copy back, or accept this one by moving {self.path} away",
            )

    def problems(self, reading: Reading, log: Head, anchored: Head | None = None) -> Iterator[str]:
        """Each contradiction between the anchor and the log, which ends at `log`; nothing if there is no anchor.

        Where others move the anchor meanwhile, `anchored` is what was read of it before the moment of `reading`.
        """
        anchored = anchored or self.read()
        if anchored is None or anchored == log:
            return
        if anchored.count > log.count:
            seen = f"{self.path} names event {anchored.count}"
            yield f"the log ends at {log.count}, but {seen}: the log was cut, or is an old copy"
        elif not _passes(reading, anchored, log):
            yield f"event {anchored.count}: the log held another event there when {self.path} was written"

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _opened(self, flags: int) -> int:
        """The file, opened again if somebody moved or replaced it."""
        if self._file >= 0 and self._place != _place(self.path):
            self.close()
        if self._file < 0:
            self._file = os.open(self.path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            self._place = _place(self.path)
        return self._file


def _place(path: Path) -> tuple[int, int] | None:
    """The identity of the file at the path; None if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _passes(reading: Reading, anchored: Head, log: Head) -> bool:
    """Whether the log, followed from the anchored head, ends at `log`."""
    if any((gone.log_seq, gone.log_hash) == (anchored.count, anchored.hash) for gone in reading.select(Archived)):
        return True
    end = anchored.hash
    after = anchored.count
    while batch := reading.log(after=after, limit=BATCH):
        for event in batch:
            end = log_link(end, event.seq, event.hash)
        after = batch[-1].seq
    return end == log.hash
