"""Folders as archives, for environments that share no files with this machine: packed here, unpacked there, and back.

What comes back was made by whoever is inside: it is unpacked by a process of its own, within limits, and what would
lie outside of its folder, or is no plain file, folder or link, is left out.

`python -I -S carried.py unpack ARCHIVE FOLDER MOST_BYTES MOST_FILES NAME…` replaces the folders of these names in
FOLDER, `… pack ARCHIVE FOLDER NAME…` packs them; both are run inside as well.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 8 * 1_073_741_824
MOST_FILES = 1_000_000


def pack(archive: str, folders: dict[str, str]) -> None:
    """Pack folders, each under its name; one that is not there is left out."""
    with tarfile.open(archive, "w") as packed:
        for name, folder in folders.items():
            if os.path.isdir(folder) and not os.path.islink(folder):  # noqa: PTH112, PTH114 - needs no pathlib
                packed.add(folder, name)


def unpack(archive: str, folder: str, most_bytes: int, most_files: int, names: list[str]) -> None:
    """Unpack an archive into a folder, in place of what it has of these names; ValueError for more than may be."""
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - needs no pathlib
    for name in names:
        shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
    with tarfile.open(archive, "r:") as packed:
        packed.extractall(folder, members=_within(packed, most_bytes, most_files), filter=_kept)  # noqa: S202 - filtered


def _within(packed: tarfile.TarFile, most_bytes: int, most_files: int) -> Iterator[tarfile.TarInfo]:
    size = count = 0
    for member in packed:
        size, count = size + max(0, member.size), count + 1
        if size > most_bytes or count > most_files:
            raise ValueError(f"more than {most_bytes} bytes or {most_files} files")
        yield member


def _kept(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return None
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None


def main(words: list[str]) -> int:
    """See above."""
    try:
        if words[0] == "pack":
            pack(words[1], {name: f"{words[2]}/{name}" for name in words[3:]})
        else:
            unpack(words[1], words[2], int(words[3]), int(words[4]), words[5:])
    except (OSError, ValueError, tarfile.TarError, IndexError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
