"""Files that a command left in its checkout and that are kept as evidence: screenshots, logs, reports."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from onloop.gates.globs import matches
from onloop.records import Record
from onloop.text import safe

LARGEST = 16 * 1024 * 1024
LARGEST_IN_ALL = 64 * 1024 * 1024
MOST = 50
LONGEST_NAME = 1_000
MOST_LOOKED_AT = 200_000
"""How many files and folders of a checkout are looked at."""

DEEPEST = 60
_MOST_NAMED = 5


class Found(Record):
    """A file that a pattern names: its path in the checkout, and its content."""

    name: str
    content: bytes


class LeftFiles(Record):
    """What patterns found, and why the rest was not kept."""

    found: tuple[Found, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What was not kept, as one line for a person; empty if all was."""
        more = f" and {len(self.why) - _MOST_NAMED} more" if len(self.why) > _MOST_NAMED else ""
        return "; ".join(self.why[:_MOST_NAMED]) + more


NOTHING_LEFT = LeftFiles()


def left_files(place: Path, patterns: Sequence[str], since_ns: int) -> LeftFiles:
    """The regular files below `place` that a pattern matches and that were written at `since_ns` or later, by name.

    No link is followed, and `.git` is not looked into. What is too large or too much is left out, and said.
    """
    if not patterns:
        return NOTHING_LEFT
    found, why, room, looked = list[Found](), list[str](), LARGEST_IN_ALL, 0
    for path, folder in _files(place):
        looked += 1
        if looked > MOST_LOOKED_AT:
            why.append(f"only the first {MOST_LOOKED_AT} files were looked at")
            break
        if not matches(patterns, path):
            continue
        content = _content(folder, path.rpartition("/")[2], since_ns, min(room, LARGEST))
        if isinstance(content, bytes) and (len(found) == MOST or not _can_be_named(path)):
            content = f"more than {MOST} files" if len(found) == MOST else "its name cannot be shown"
        if isinstance(content, bytes):
            found.append(Found(path, content))
            room -= len(content)
        elif content is not None:
            why.append(f"{safe(path, 100)}: {content}")
    return LeftFiles(tuple(sorted(found, key=lambda each: each.name)), tuple(why))


def _files(place: Path) -> Iterator[tuple[str, int]]:
    """Each file below a folder by its path there, with a descriptor of its folder: nothing on the way is a link."""
    for parent, folders, names, folder in os.fwalk(place, follow_symlinks=False):
        if parent == str(place) and ".git" in folders:
            folders.remove(".git")
        within = os.path.relpath(parent, place)
        folders[:] = sorted(folders) if within.count("/") < DEEPEST else []
        for name in sorted(names):
            yield (name if within == "." else f"{within}/{name}"), folder


def _content(folder: int, name: str, since_ns: int, room: int) -> bytes | str | None:
    """The content of a regular file, or why it is not kept; None if it is none, or was there before."""
    with suppress(OSError):
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns < since_ns:
                return None
            if status.st_size > LARGEST:
                return f"{status.st_size} bytes are more than {LARGEST}"
            if status.st_size > room:
                return f"all files together have more than {LARGEST_IN_ALL} bytes"
            return file.read(room)
    return None


def _can_be_named(path: str) -> bool:
    return safe(path) == path and len(path) <= LONGEST_NAME
