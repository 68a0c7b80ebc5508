"""The rows of one patch in a nameless private file, written while git makes them: so a page costs what a page costs."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from onloop.errors import OnloopError, Unavailable
from onloop.gates.repository.patch_cutting import OUTSIDE, LinePlace, Take, place_after
from onloop.gates.repository.patch_pages import MOST_CHARACTERS, PatchRows

MOST_BYTES = 256 * 1_048_576
"""How much of one patch is kept in a file; of what is longer, every page is made by git anew."""
SOON_S = 0.5
"""How long it is waited for the rows of a page, where the rest may come later."""
_IN_BLOCK = 250
_WHOLE, _GOES_ON = ".", "~"
_BROKEN = "making this patch was broken off, and a part of it would look like all of it"
_AGAIN = "open it again; if that does not help, onloop show --diff prints it"


class _Block(NamedTuple):
    offset: int
    length: int
    place: LinePlace


class _Enough(Exception):
    """Nobody wants the rest, or there is no room for it: git is stopped."""


class PatchRoom:
    """How many bytes all patches of a process may have in files together; any thread may ask."""

    def __init__(self, most: int) -> None:
        self._most, self.used = most, 0
        self._news = threading.Condition()

    def take(self, size: int, patience_s: float = 0.0) -> bool:
        """Take so many bytes; whether they were free, or became free within the patience."""
        with self._news:
            is_free = self._news.wait_for(lambda: self.used + size <= self._most, timeout=patience_s)
            self.used += size if is_free else 0
            return is_free

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._news:
            self.used -= size
            self._news.notify_all()


class _HeldFile:
    """A nameless file, and the bytes of the room that it holds; both are given back when it is let go."""

    def __init__(self, give: Callable[[int], None]) -> None:
        self.file, self.size, self._give = _nameless_file(), 0, give

    def let_go(self) -> None:
        os.close(self.file)
        self._give(self.size)


class PatchSpool:
    """A patch that `make` cuts into rows, in a thread of its own; `page` gives those that are there.

    It is whole only once `make` has come to its end: whatever else ends it is what a reader is told. `take` is asked
    before the file grows by so many bytes, which it gives back by `give` when nobody reads it any more.
    """

    def __init__(
        self,
        make: Callable[[Take], None],
        most_bytes: int = MOST_BYTES,
        take: Callable[[int], bool] = lambda _: True,
        give: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._held = _HeldFile(give)
        weakref.finalize(self, self._held.let_go)
        self._most, self._has_room = most_bytes, take
        self._blocks: list[_Block] = []
        self._last: list[str] = []
        self._place = self._begins = OUTSIDE
        self._hunk = 0
        self._news = threading.Condition()
        self._problem: OnloopError | None = None
        self._is_left = self._is_over = self._is_too_long = False
        threading.Thread(target=self._filled, args=(make,), name="patch", daemon=True).start()

    @property
    def total(self) -> int:
        """How many rows there are, so far."""
        return len(self._blocks) * _IN_BLOCK + len(self._last)

    @property
    def size(self) -> int:
        """The bytes that the file holds."""
        return self._held.size

    @property
    def is_too_long(self) -> bool:
        """Whether the patch has no room here."""
        return self._is_too_long

    @property
    def is_broken(self) -> bool:
        """Whether it could not be made, so that it is worth making anew."""
        return self._problem is not None

    def leave(self) -> None:
        """Nobody reads it any more: stop making it."""
        self._is_left = True

    def page(self, first: int, count: int, *, soon: bool) -> PatchRows | None:
        """Rows from `first` on; None where the patch `is_too_long`.

        With `soon`, it is not waited for the end, and the total is what there is so far.
        """
        last = first + count - 1
        with self._news:
            self._news.wait_for(
                lambda: self._is_over or (soon and self.total >= last), timeout=SOON_S if soon else None
            )
            if self._problem is not None:
                raise self._problem
            if self._is_too_long:
                return None
            tail, blocks, begins = list(self._last), len(self._blocks), self._begins
            shown = PatchRows(
                (), first, blocks * _IN_BLOCK + len(tail), self._hunk, begins, is_counting=not self._is_over
            )
        return self._read(min(last, shown.total), shown, tail, blocks)

    def _read(self, last: int, shown: PatchRows, tail: list[str], blocks: int) -> PatchRows:
        """The rows up to `last`: of the file, and then of the `tail`, which is not in it yet."""
        first, number = shown.first, (shown.first - 1) // _IN_BLOCK
        place = self._blocks[number].place if number < blocks else shown.place
        rows: list[str] = []
        went_on: list[int] = []
        room, at = MOST_CHARACTERS, number * _IN_BLOCK
        while at < last and room > 0:
            for row in (self._block(number) if number < blocks else tail)[: last - at]:
                at += 1
                goes_on = row[0] == _GOES_ON
                if at < first:
                    place = place_after(place, row[1:], goes_on)
                elif room > 0:
                    went_on += [len(rows)] if goes_on else []
                    rows.append(row[1:])
                    room -= len(row)
            number += 1
        return replace(shown, rows=tuple(rows), place=place, went_on=tuple(went_on))

    def _block(self, number: int) -> list[str]:
        block = self._blocks[number]
        return os.pread(self._held.file, block.length, block.offset).decode().split("\n")

    # -- in its thread

    def _filled(self, make: Callable[[Take], None]) -> None:
        try:
            make(self._take)
        except OnloopError as found:
            self._problem = found
        except (_Enough, OSError):
            self._is_too_long = True
        except BaseException as found:  # whoever reads it is told: nothing else may look like the end
            self._problem = Unavailable(f"{_BROKEN} ({type(found).__name__})", hint=_AGAIN)
        finally:
            with self._news:
                self._is_over = True
                self._news.notify_all()

    def _take(self, row: str, goes_on: bool) -> None:
        self._last.append(f"{_GOES_ON if goes_on else _WHOLE}{row}")
        self._place = place_after(self._place, row, goes_on)
        if not self._hunk and self._place.is_inside:
            self._hunk = self.total
        if len(self._last) == _IN_BLOCK:
            self._put_away()

    def _put_away(self) -> None:
        """Write a full block to the file, and let who waits know."""
        data = "\n".join(self._last).encode()
        held = self._held
        if self._is_left or held.size + len(data) > self._most or not self._has_room(len(data)):
            raise _Enough
        with self._news:
            at, held.size = held.size, held.size + len(data)
        os.pwrite(held.file, data, at)
        with self._news:
            self._blocks.append(_Block(at, len(data), self._begins))
            self._last, self._begins = [], self._place
            self._news.notify_all()


def _nameless_file() -> int:
    """A file that no folder ever names: nothing is left of it when its process ends, however it ends."""
    folder = tempfile.gettempdir()
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system that has none of these
        handle, path = tempfile.mkstemp(prefix="onloop-patch-")
        os.unlink(path)  # noqa: PTH108 - a name from the system, not a path of ours
        return handle
