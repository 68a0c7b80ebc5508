"""Images of virtual machines on this machine: what each was made from, where it is, and the digests of its parts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from onloop.errors import BadInput
from onloop.records import Record, values_of
from onloop.text import safe

DEFAULT_NAME, DEFAULT_SUITE = "debian", "bookworm"
DEFAULT_PACKAGES = ("ca-certificates", "git", "less", "mount", "procps", "python3")
"""What an agent finds, beside Debian's smallest system with apt."""
NEEDED_PACKAGES = ("mount", "util-linux")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,99}")
MIRROR = re.compile(r"https?://[A-Za-z0-9.:/_~%-]{1,300}")
LARGEST_MANIFEST = 65_536
_VERSION = 1
"""Grows with what we put into every image."""


class ImageRecipe(Record):
    """What an image is made from; two with the same digest are the same image."""

    name: str = DEFAULT_NAME
    suite: str = DEFAULT_SUITE
    packages: tuple[str, ...] = DEFAULT_PACKAGES
    mirror: str = "http://deb.debian.org/debian"
    disk_mib: int = 8_192
    script: str = ""
    """What is run in it as root at the end, with the network of this machine."""

    @property
    def digest(self) -> str:
        """What stands for all of it."""
        words = json.dumps([_VERSION, *values_of(self)], sort_keys=True)
        return sha256(words.encode()).hexdigest()

    def check(self) -> ImageRecipe:
        """The recipe with each package once; BadInput names what cannot be."""
        if not NAME.fullmatch(self.name):
            hint = "use small letters, digits, dots and hyphens, such as python-3"
            raise BadInput(f"{safe(self.name, 80)!r} cannot be an image's name", hint=hint)
        for package in (self.suite, *self.packages):
            if not PACKAGE.fullmatch(package):
                hint = "name packages of Debian: --packages git,python3-venv"
                raise BadInput(f"{safe(package, 80)!r} cannot be a package or a suite of Debian", hint=hint)
        if not MIRROR.fullmatch(self.mirror):
            raise BadInput(f"{safe(self.mirror, 80)!r} is no mirror", hint="--mirror http://deb.debian.org/debian")
        if not 1_024 <= self.disk_mib <= 1_048_576:
            raise BadInput(f"{self.disk_mib} MiB is no size for a disk", hint="give 1024 to 1048576: --disk 8192")
        packages = tuple(sorted({*self.packages, *NEEDED_PACKAGES}))
        return ImageRecipe(self.name, self.suite, packages, self.mirror, self.disk_mib, self.script)


class MachineImage(Record):
    """An image that was made: its folder, with the digests of kernel and root as they were then."""

    path: Path
    name: str
    recipe: str
    kernel_version: str
    kernel_digest: str
    root_digest: str
    made_at: int = 0
    packages: tuple[str, ...] = ()

    @property
    def kernel(self) -> Path:
        """The kernel's file."""
        return self.path / "vmlinuz"

    @property
    def root(self) -> Path:
        """The root's file, which no machine ever writes."""
        return self.path / "root.raw"

    @property
    def digest(self) -> str:
        """What stands for kernel and root together."""
        return sha256(f"{self.kernel_digest} {self.root_digest}".encode()).hexdigest()

    def is_whole(self) -> bool:
        """Whether both files are what they were when it was made."""
        try:
            return digest_of(self.kernel) == self.kernel_digest and digest_of(self.root) == self.root_digest
        except OSError:
            return False


def manifest_of(image: MachineImage, recipe: ImageRecipe) -> str:
    """What is kept of an image beside its files."""
    kept = {name: getattr(image, name) for name in _KEPT} | {"packages": list(recipe.packages)}
    return json.dumps(kept, indent=1)


_KEPT = ("name", "recipe", "kernel_version", "kernel_digest", "root_digest", "made_at")
_TEXTS = _KEPT[:-1]


def images(folder: Path) -> Iterator[MachineImage]:
    """The images that are there, the newest of each name first."""
    found = []
    with suppress(OSError):
        for path in folder.iterdir():
            image = read_image(path)
            if image is not None:
                found.append(image)
    yield from sorted(found, key=lambda image: (image.name, -image.made_at))


def read_image(path: Path) -> MachineImage | None:
    """The image in a folder; None where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        file = path / "manifest.json"
        if file.lstat().st_size <= LARGEST_MANIFEST:
            kept = json.loads(file.read_text("utf-8"))
            if isinstance(kept, dict) and all(isinstance(kept.get(name), str) for name in _TEXTS):
                name, recipe, version, kernel, root = (str(kept[each]) for each in _TEXTS)
                packages = tuple(str(each) for each in kept.get("packages", ()))
                return MachineImage(path, name, recipe, version, kernel, root, int(kept["made_at"]), packages)
    return None


def image_named(folder: Path, name: str) -> MachineImage | None:
    """The newest image of a name, by default of the usual one."""
    return next((image for image in images(folder) if image.name == (name or DEFAULT_NAME)), None)


def digest_of(path: Path) -> str:
    """The digest of a file that may have holes: of its blocks that are not all zeros, and where they are."""
    found, size = sha256(), path.stat().st_size
    found.update(str(size).encode())
    with path.open("rb") as file:
        for number in _blocks(file.fileno(), size):
            block = os.pread(file.fileno(), _BLOCK, number * _BLOCK)
            if block.count(0) != len(block):
                found.update(f"\n{number}\n".encode())
                found.update(block)
    return found.hexdigest()


_BLOCK = 1_048_576


def _blocks(descriptor: int, size: int) -> Iterator[int]:
    """The numbers of the blocks in which anything may lie."""
    at, next_block = 0, 0
    while at < size and (begin := _next_data(descriptor, at)) is not None:
        at = os.lseek(descriptor, begin, os.SEEK_HOLE)
        first = max(begin // _BLOCK, next_block)
        next_block = (at - 1) // _BLOCK + 1
        yield from range(first, next_block)


def _next_data(descriptor: int, at: int) -> int | None:
    try:
        return os.lseek(descriptor, at, os.SEEK_DATA)
    except OSError:
        return None
