"""One file, folder or link that a box with its own file system shows."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

SHARED_MEMORY_BYTES = 256 * 1024 * 1024
"""How much /dev/shm holds; it is memory, and counts as such."""


class Way(StrEnum):
    """How an item gets into a box."""

    FOLDER = "folder"
    LINK = "link"
    READ = "read"
    WRITE = "write"


class BoxItem(NamedTuple):
    """One item of a box at `place`. `source` is its path outside, or a link's target; empty for an empty folder."""

    way: Way
    place: str
    source: str = ""
