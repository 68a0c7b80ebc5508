"""What a piece of work costs this thread, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fails where what is done in the block takes this thread more than so many seconds of a processor."""
    begun = time.thread_time()
    try:
        yield
    finally:
        spent = time.thread_time() - begun
        assert spent < seconds, f"{spent:.2f} s of a processor were spent, and {seconds} s are enough"
