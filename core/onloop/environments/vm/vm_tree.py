"""Folders as an archive, and back: what comes out of a machine is unpacked without ever following a path of its own.

Every name is opened below a descriptor, one part after the other, and no link is followed: a link is made, and then it
is nobody's way. Devices, pipes and sockets are left out.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

MOST_ENTRIES = 1_000_000
LONGEST_NAME, LONGEST_PART, DEEPEST = 4_096, 255, 200
_PIECE = 262_144
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def packed(out: IO[bytes], named: Iterable[tuple[str, str]]) -> None:
    """Write an archive of folders, each under its name; a folder that is not there is an empty one."""
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT, dereference=False) as archive:
        for name, path in named:
            if not os.path.isdir(path) or os.path.islink(path):  # noqa: PTH112, PTH114 - needs no pathlib
                empty = tarfile.TarInfo(name)
                empty.type, empty.mode = tarfile.DIRTYPE, 0o700
                archive.addfile(empty)
                continue
            for place, inner in _walked(path, name):
                _add(archive, place, inner)


def _walked(path: str, name: str) -> Iterator[tuple[str, str]]:
    yield path, name
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, f"{name}/{entry.name}")
            else:
                yield entry.path, f"{name}/{entry.name}"


def _add(archive: tarfile.TarFile, path: str, name: str) -> None:
    info = archive.gettarinfo(path, name)
    if info is None or not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
        return
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    if info.islnk():
        info.type, info.size = tarfile.REGTYPE, os.lstat(path).st_size
    if not info.isreg():
        archive.addfile(info)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            info.size = os.fstat(descriptor).st_size
            archive.addfile(info, file)


class Unpacking:
    """Unpacks an archive that somebody hostile made. `places` are where its folders go: fresh ones, of ours."""

    def __init__(self, places: dict[str, Path], most: int) -> None:
        self._places, self._left, self._entries = places, most, 0

    def unpack(self, archive: IO[bytes]) -> None:
        """Everything in it; ValueError says what cannot be."""
        for place in self._places.values():
            place.mkdir(mode=0o700)
        with tarfile.open(fileobj=archive, mode="r|") as opened:
            for info in opened:
                self._entries += 1
                if self._entries > MOST_ENTRIES:
                    raise ValueError(f"more than {MOST_ENTRIES} files")
                self._take(opened, info)

    def _take(self, opened: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        parts = parts_of(info.name)
        top, inner = parts[0], parts[1:]
        if top not in self._places:
            raise ValueError(f"{info.name[:100]!r} is in none of the folders")
        if not inner or not (info.isreg() or info.isdir() or info.issym()):
            return
        folder = self._folder(self._places[top], inner[:-1])
        try:
            self._make(opened, info, inner[-1], folder)
        finally:
            os.close(folder)

    def _folder(self, top: Path, parts: tuple[str, ...]) -> int:
        """A descriptor of the folder below `top`, made where it is not there yet; no link is followed."""
        held = os.open(top, _FOLDER)
        for part in parts:
            try:
                inner = _entered(held, part)
            finally:
                os.close(held)
            held = inner
        return held

    def _make(self, opened: tarfile.TarFile, info: tarfile.TarInfo, name: str, folder: int) -> None:
        if info.isdir():
            os.close(_entered(folder, name))
            return
        if info.issym():
            os.symlink(info.linkname[:LONGEST_NAME], name, dir_fd=folder)
            return
        if info.size > self._left:
            raise ValueError("more bytes than its folders may hold")
        self._left -= info.size
        source = opened.extractfile(info)
        descriptor = os.open(name, _NEW, 0o700 if info.mode & 0o100 else 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            while source is not None and (piece := source.read(_PIECE)):
                file.write(piece)
        with suppress(OSError, OverflowError):
            os.utime(name, (info.mtime, info.mtime), dir_fd=folder, follow_symlinks=False)


def _entered(folder: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a name in an archive; ValueError for one that leads elsewhere, or is too long."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or not parts or ".." in parts or "\0" in name:
        raise ValueError(f"{name[:100]!r} is no name below a folder")
    if len(name) > LONGEST_NAME or len(parts) > DEEPEST or any(len(os.fsencode(p)) > LONGEST_PART for p in parts):
        raise ValueError(f"{name[:100]!r} is too long")
    return parts
