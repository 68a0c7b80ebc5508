"""When what a thread asks outside must have come whole."""

from __future__ import annotations

import threading
import time


class Due(threading.local):
    """When the request of this thread must be whole, on the monotonic clock."""

    end: float = 0.0

    def left(self, timeout: float | None) -> float:
        """How long one read or write may still take; TimeoutError once the time is over."""
        rest = self.end - time.monotonic()
        if rest <= 0:
            raise TimeoutError("the time is over")
        return rest if timeout is None else min(rest, timeout)
