"""When two failures are the same: the name of a cause, made of what it consists of."""

from __future__ import annotations

from hashlib import sha256

from onloop.machine.signature import LONGEST_SIGNATURE as LONGEST_SIGNATURE
from onloop.machine.signature import signature as signature
from onloop.machine.signature import wording as wording


def fingerprint(*parts: str) -> str:
    """A short name for a cause: the same parts give the same name in every process."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:8]
