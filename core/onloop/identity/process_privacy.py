"""Protects a process that holds a proof from other processes of the same user."""

from __future__ import annotations

import sys

_PR_SET_DUMPABLE = 4


def keep_others_out() -> bool:
    """Stop other processes of this user from reading or tracing this one, and crashes from dumping it; whether it did.

    Call it before the process holds a proof. It works on Linux only, and does not stop root.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # imported here because no verb of an agent needs it

    try:
        return int(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
