"""The patches that people look at just now, kept so that a page of one costs what a page costs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from onloop.gates.repository.file_changes import RawChange, raw_changes
from onloop.gates.repository.patch_pages import PatchRows, PatchSource, cut_patch, patch_rows
from onloop.gates.repository.patch_spool import MOST_BYTES, PatchSpool

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

MOST_PATCHES = 12
MOST_IN_ALL = 2 * MOST_BYTES
"""How many bytes are kept of all patches together; what was read longest ago goes first."""
_MOST_LISTS = 16


class KeptPatches:
    """Patches by what they compare, for the threads of one process; none gets stale, for commits never change."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._spools: OrderedDict[tuple[Path, PatchSource], PatchSpool] = OrderedDict()
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

    def page(self, git: Git, source: PatchSource, first: int, count: int, *, soon: bool) -> PatchRows:
        """Rows of a patch from `first` on; with `soon`, as many as are there, while git still makes the rest."""
        spool = self._spool(git, source)
        found = spool.page(first, count, soon=soon)
        return found if found is not None else patch_rows(git, source, first, count)

    def _spool(self, git: Git, source: PatchSource) -> PatchSpool:
        key = (git.directory, source)
        with self._turn:
            spool = self._spools.get(key)
            if spool is None:
                spool = self._spools[key] = PatchSpool(partial(cut_patch, git, source), self._most_bytes)
            self._spools.move_to_end(key)
            while len(self._spools) > MOST_PATCHES or (len(self._spools) > 1 and self._held > MOST_IN_ALL):
                _, left = self._spools.popitem(last=False)
                left.leave()
        return spool

    @property
    def _held(self) -> int:
        return sum(spool.size for spool in self._spools.values())
