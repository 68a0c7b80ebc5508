"""How tests wait: for a condition, never for a time. The deadline allows for a machine that is very busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

DEADLINE_S = 120.0
POLL_S = 0.01


def wait_for(condition: Callable[[], Any], complaint: Callable[[], str], deadline_s: float = DEADLINE_S) -> Any:
    """Ask until the answer is true; the answer is given back. Fails with the complaint after the deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(POLL_S)  # whoever is waited for needs the processor
    raise AssertionError(complaint())


def comes(condition: Callable[[], Any]) -> bool:
    """Whether the condition comes true before the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True
