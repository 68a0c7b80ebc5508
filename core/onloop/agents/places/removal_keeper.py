"""Outlives a worker that is killed, and removes its environments then.

`python -I -S removal_keeper.py` reads lines of JSON from standard input: `{"add": ID, "argv": […]}` before one is made,
`{"drop": ID}` once it was removed. When the input ends, whatever is left is removed by its command, tried a few times.
It is a process of its own in a session of its own, because a worker that is killed removes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress

TRIES = 3
TRY_S = 60.0
PAUSE_S = 1.0


def main() -> None:
    """See above."""
    left: dict[str, list[str]] = {}
    for line in sys.stdin:
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            if "add" in told:
                left[told["add"]] = [str(word) for word in told["argv"]]
            else:
                left.pop(told["drop"], None)
    for _ in range(TRIES):
        left = {name: argv for name, argv in left.items() if not _is_removed(argv)}
        if not left:
            return
        time.sleep(PAUSE_S)


def _is_removed(argv: list[str]) -> bool:
    with suppress(OSError, subprocess.TimeoutExpired):
        silent = subprocess.DEVNULL
        ran = subprocess.run(argv, stdin=silent, stdout=silent, stderr=silent, cwd="/", timeout=TRY_S, check=False)
        return ran.returncode == 0
    return False


if __name__ == "__main__":
    main()
    os._exit(0)
