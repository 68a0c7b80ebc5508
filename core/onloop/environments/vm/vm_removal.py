"""Ends a virtual machine for whoever outlives a worker that was killed: `python -I -S vm_removal.py ID`.

A machine ends with its worker by itself. This is for one whose keeper stands still.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

END_S = 5.0
_LABELS, _KEEPER, _NAME = b"ONLOOP_VM=", b"vm_keeper.py", b"onloop-vm-"


def of(environment: str) -> list[int]:
    """The processes of that machine: its keeper and QEMU."""
    label, found = f'"id": "{environment}"'.encode(), []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names only
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
                if any(word.startswith(_NAME) or word.endswith(_KEEPER) for word in words):
                    variables = Path("/proc", name, "environ").read_bytes().split(b"\0")
                    if any(each.startswith(_LABELS) and label in each for each in variables):
                        found.append(int(name))
    return found


def main(environment: str) -> int:
    """End it; the answer is 0 once nothing of it is left."""
    deadline = time.monotonic() + END_S
    while left := of(environment):
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return 1
        time.sleep(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
