"""The patches that people look at just now, kept so that a page of one costs what a page costs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from onloop.gates.repository.file_changes import RawChange, raw_changes
from onloop.gates.repository.patch_pages import PatchRows, PatchSource, cut_patch, patch_rows
from onloop.gates.repository.patch_spool import MOST_BYTES, PatchRoom, PatchSpool

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

MOST_PATCHES = 12
MOST_IN_ALL = 2 * MOST_BYTES
"""How many bytes are kept of all patches together, also while they grow; what was read longest ago goes first."""
ROOM_S = 2.0
"""How long one that grows waits for the room of those that went."""
_MOST_LISTS = 16
_Key = tuple[Path, PatchSource]


class KeptPatches:
    """Patches by what they compare, for the threads of one process; none gets stale, for commits never change."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_in_all: int = MOST_IN_ALL) -> None:
        self._most_bytes = most_bytes
        self._room = PatchRoom(most_in_all)
        self._spools: OrderedDict[_Key, PatchSpool] = OrderedDict()
        self._lists: OrderedDict[tuple[Path, str, str], tuple[RawChange, ...]] = OrderedDict()
        self._turn = threading.Lock()

    def files(self, git: Git, base: str, head: str) -> tuple[RawChange, ...]:
        """The files that differ between two commits."""
        key = (git.directory, base, head)
        with self._turn:
            known = self._lists.get(key)
        if known is not None:
            return known
        found = raw_changes(git, base, head)
        with self._turn:
            self._lists[key] = found
            while len(self._lists) > _MOST_LISTS:
                self._lists.popitem(last=False)
        return found

    @property
    def size(self) -> int:
        """The bytes that all patches have in files."""
        return self._room.used

    def page(self, git: Git, source: PatchSource, first: int, count: int, *, soon: bool) -> PatchRows:
        """Rows of a patch from `first` on; with `soon`, as many as are there, while git still makes the rest.

        What there is no room for is made by git anew for every page, which is then said to be slow.
        """
        spool = self._spool(git, source)
        found = spool.page(first, count, soon=soon)
        return found if found is not None else patch_rows(git, source, first, count)

    def _spool(self, git: Git, source: PatchSource) -> PatchSpool:
        key = (git.directory, source)
        with self._turn:
            spool = self._spools.get(key)
            if spool is None or spool.is_broken:
                make, most = partial(cut_patch, git, source), self._most_bytes
                spool = self._spools[key] = PatchSpool(make, most, partial(self._makes_room, key), self._room.give)
            self._spools.move_to_end(key)
            while len(self._spools) > MOST_PATCHES:
                self._drop(next(iter(self._spools)))
        return spool

    def _makes_room(self, key: _Key, size: int) -> bool:
        """Whether a patch may grow by so many bytes: those that were read before it go first."""
        while not self._room.take(size):
            with self._turn:
                other = next(iter(self._spools))
                if other == key:
                    break
                self._drop(other)
        else:
            return True
        return self._room.take(size, ROOM_S)

    def _drop(self, key: _Key) -> None:
        self._spools.pop(key).leave()
