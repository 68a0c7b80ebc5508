"""Where the files that pointers name are kept, by digest, beside a mirror; nothing is kept that does not match."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, NamedTuple

from onloop.errors import BadInput, Unavailable, kind_of
from onloop.gates.contents.history import copy_file
from onloop.gates.repository.folders import private
from onloop.gates.repository.pointers import Pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onloop.gates.repository.mirror import Mirror

LARGEST = 4 << 30
"""How many bytes one file may have."""

_CHUNK = 1 << 20

LARGE = ".large"
"""How the name ends of the folder beside a mirror that holds its files in Git LFS."""


class LargeStore(NamedTuple):
    """The large files of one repository, in the layout of Git LFS."""

    folder: Path

    def place(self, oid: str) -> Path:
        """Where the file with that digest is kept."""
        return self.folder / oid[:2] / oid[2:4] / oid

    def has(self, pointer: Pointer) -> bool:
        """Whether the file is kept here."""
        with suppress(OSError):
            status = self.place(pointer.oid).lstat()
            return stat.S_ISREG(status.st_mode) and status.st_size == pointer.size
        return False

    def add(self, pointer: Pointer, chunks: Iterable[bytes]) -> None:
        """Keep a file; BadInput if the bytes are not what the pointer names."""
        if pointer.size > LARGEST:
            raise BadInput(f"{pointer.oid[:12]} has {pointer.size} bytes", hint=f"at most {LARGEST} are kept")
        place = self.place(pointer.oid)
        with _room(place):
            private(place.parent)
            with NamedTemporaryFile(prefix=".coming-", dir=place.parent) as file:
                made, size = sha256(), 0
                for chunk in chunks:
                    size += len(chunk)
                    if size > pointer.size:
                        break
                    made.update(chunk)
                    file.write(chunk)
                if (made.hexdigest(), size) != pointer:
                    raise BadInput(
                        f"the bytes for {pointer.oid[:12]} do not have that digest, or not {pointer.size} bytes",
                        hint="add the file again with git-lfs",
                    )
                file.flush()
                os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(file.name, place)

    def write(self, pointer: Pointer, path: Path, *, is_program: bool) -> None:
        """Write a copy of a file that is kept here; Unavailable if it has changed since."""
        with _room(path):
            copy_file(self.place(pointer.oid), path)
            path.chmod(0o755 if is_program else 0o644)
            with path.open("rb") as file:
                made = sha256()
                while chunk := file.read(_CHUNK):
                    made.update(chunk)
        if made.hexdigest() != pointer.oid:
            self.place(pointer.oid).unlink(missing_ok=True)
            raise Unavailable(
                f"the large file {pointer.oid[:12]} was damaged where it was kept, and is removed", hint="try again"
            )


def store_of(mirror: Mirror) -> LargeStore:
    """The large files of a mirror's repository: beside the mirror, which can be made anew, as they cannot."""
    return LargeStore(mirror.path.with_name(f".{mirror.path.name}{LARGE}"))


@contextmanager
def _room(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise Unavailable(
            f"cannot write {place}: {problem.strerror or problem}", hint="make room there", kind=kind_of(problem)
        ) from problem
