"""Goes through folders that somebody else fills: through no link, to any depth, with one descriptor at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def entries(folder: str, *, unread: Callable[[], None]) -> Iterator[tuple[int, str, os.stat_result]]:
    """Everything below a folder, each with the descriptor of what it lies in, folders before what is in them.

    `unread` is called where something cannot be looked into, or is moved away meanwhile.
    """
    try:
        here = os.open(folder, _FOLDER)
    except OSError:
        unread()
        return
    way: list[tuple[tuple[int, int], list[str]]] = []
    try:
        while True:
            inner: list[str] = []
            yield from _listed(here, inner, unread)
            way.append((_identity(here), inner))
            here = _next_folder(here, way, unread)
            if not way:
                return
    finally:
        os.close(here)


def _listed(here: int, inner: list[str], unread: Callable[[], None]) -> Iterator[tuple[int, str, os.stat_result]]:
    try:
        with os.scandir(here) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    yield here, entry.name, entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(entry.name)
    except OSError:
        unread()


def _next_folder(here: int, way: list[tuple[tuple[int, int], list[str]]], unread: Callable[[], None]) -> int:
    """The next folder to list, after going up from those that are done; `way` is empty when there is none."""
    while way:
        below = way[-1][1]
        while below:
            try:
                inner = os.open(below.pop(), _FOLDER, dir_fd=here)
            except OSError:
                unread()
                continue
            os.close(here)
            return inner
        way.pop()
        if way:
            above = os.open("..", _FOLDER, dir_fd=here)
            os.close(here)
            here = above
            if _identity(here) != way[-1][0]:
                unread()
                way.clear()
    return here


def _identity(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_dev, found.st_ino
