"""Keeping other processes of the same user out of one that holds a proof."""

from __future__ import annotations

import sys

_PR_SET_DUMPABLE = 4


def keep_others_out() -> bool:
    """Let no other process of this user read or trace this one, nor a crash write it to disk; whether that worked.

    For a process that may hold a proof: before it does. Linux only; root sees everything.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # here: no verb of an agent needs it

    try:
        return int(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
