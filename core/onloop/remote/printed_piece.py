"""What a task's agents printed, a piece at a time: read by a process that has nothing else open.

The worker writes the file, and an agent of the same user could put another one in its place.
"""

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False  # the process that reads imports nothing else
if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 262_144
"""How much is read at a time."""


def piece_apart(path: Path, start: int) -> tuple[int, int, bytes] | None:
    """How large the file is, where the piece begins, and its bytes; None where there is no such file.

    A piece that is asked for before 0 is the end of the file. A link or a pipe in its place is never followed.
    """
    from subprocess import PIPE, run  # here: the process that reads loads no more than it needs

    words = [sys.executable, "-I", "-S", __file__, os.fspath(path), str(start)]
    output = run(words, stdout=PIPE, check=False, cwd="/").stdout
    head, _, content = output.partition(b"\n")
    found = head.split()
    return (int(found[0]), int(found[1]), content) if len(found) == 2 else None


def _write_piece(path: str, start: int) -> None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return
    begin = max(0, found.st_size - MOST_BYTES) if start < 0 else min(start, found.st_size)
    content = os.pread(handle, MOST_BYTES, begin)
    os.write(1, b"%d %d\n" % (found.st_size, begin))
    while content:
        content = content[os.write(1, content) :]


if __name__ == "__main__":
    _write_piece(sys.argv[1], int(sys.argv[2]))
