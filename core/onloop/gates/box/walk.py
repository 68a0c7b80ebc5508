"""Walks through folders that somebody else fills: it follows no link, goes to any depth, and holds one descriptor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def entries(folder: str, *, unread: Callable[[], None]) -> Iterator[tuple[int, str, os.stat_result]]:
    """Every entry below a folder, each with the descriptor of its parent; folders come before their contents.

    `unread` is called for a folder that cannot be read, or that is moved away during the walk.
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
        with os.scandir(here) as entries_here:
            for entry in entries_here:
                with suppress(FileNotFoundError):
                    yield here, entry.name, entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(entry.name)
    except OSError:
        unread()


def _next_folder(here: int, way: list[tuple[tuple[int, int], list[str]]], unread: Callable[[], None]) -> int:
    """The next folder to list, going up from those that are done; `way` is empty when there is none."""
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
    status = os.fstat(folder)
    return status.st_dev, status.st_ino
