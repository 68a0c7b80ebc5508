"""What the process holds of the machine's memory: what was needed only while much was built is given back."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

RARELY = (100_000, 20, 20)
"""Collect cycles rarely while much is built: at 100,000 tasks a collection stops everything for 0.3 s."""
AFTERWARDS = (20_000, 20, 20)
"""Then a little at a time: what has been built is not looked through again, so that no collection takes long."""
_ARENA_MAX = -8
"""The number of glibc's setting for how many heaps there are; else each thread has its own, and keeps what it freed."""


def begin_to_build() -> None:
    """From here on, much is built that stays."""
    gc.set_threshold(*RARELY)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without the setting works all the same
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def settle() -> None:
    """What has been built stays: it is not looked through for garbage again, and what it took besides is given back."""
    gc.freeze()
    gc.set_threshold(*AFTERWARDS)
    give_back()


def give_back() -> None:
    """Give back to the machine what was freed."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
