"""How other threads wake the one that waits for connections."""

from __future__ import annotations

import os
import threading
from contextlib import suppress


class WakeupPipe:
    """A pipe to oneself: `ring` may be called by any thread at any time, also after `close`."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._turn = threading.Lock()
        self._is_open = True

    def fileno(self) -> int:
        """What becomes readable."""
        return self._reader

    def ring(self) -> bool:
        """Wake whoever waits; whether anybody may. A pipe that is full wakes them as well."""
        with self._turn:
            if self._is_open:
                with suppress(BlockingIOError):
                    os.write(self._writer, b".")
            return self._is_open

    def quiet(self) -> None:
        """Take up what rang."""
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)

    def close(self) -> None:
        """Close both ends."""
        with self._turn:
            if self._is_open:
                self._is_open = False
                os.close(self._reader)
                os.close(self._writer)
