"""One thing that a box with a file system of its own shows."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

SHARED_MEMORY_BYTES = 256 * 1024 * 1024
"""How much /dev/shm holds; it is memory, and counts as such."""


class Way(StrEnum):
    """How something comes to be in a box."""

    FOLDER = "folder"
    LINK = "link"
    READ = "read"
    WRITE = "write"


class BoxItem(NamedTuple):
    """One thing that is in a box at `place`; for all but an empty folder, its `source` outside or a link's goal."""

    way: Way
    place: str
    source: str = ""
