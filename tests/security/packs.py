"""Packs and bundles put together by hand, as somebody might who means harm."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path

MIB = 1 << 20
COMMIT, TREE, BLOB, TAG, BY_OFFSET, BY_ID = 1, 2, 3, 4, 6, 7


def header(kind: int, size: int) -> bytes:
    """What stands before an object in a pack."""
    first, size = kind << 4 | size & 15, size >> 4
    found = bytearray()
    while size:
        found.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    return bytes((*found, first))


def number(value: int) -> bytes:
    """A number at the begin of a delta."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def stored(kind: int, content: bytes, said: int | None = None) -> bytes:
    """An object that says it has `said` bytes."""
    return header(kind, len(content) if said is None else said) + zlib.compress(content)


def zeros(mib: int, said: int | None = None) -> bytes:
    """An object of so many MiB of zeros, a thousandth of it packed."""
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    check = (mib * MIB % 65_521 << 16 | 1).to_bytes(4)
    return header(BLOB, mib * MIB if said is None else said) + b"\x78\x9c" + piece * mib + b"\x03\x00" + check


def delta(base: str, source: int, result: int, steps: bytes) -> bytes:
    """An object by its difference to another one, which says that it comes to `result` bytes."""
    content = number(source) + number(result) + steps
    return header(BY_ID, len(content)) + bytes.fromhex(base) + zlib.compress(content)


def pack(objects: Iterable[bytes], count: int | None = None) -> bytes:
    """A pack of these objects."""
    held = list(objects)
    content = b"PACK" + (2).to_bytes(4) + (len(held) if count is None else count).to_bytes(4) + b"".join(held)
    return content + sha1(content, usedforsecurity=False).digest()


def bundle(commit: str, content: bytes, *needed: str, version: int = 2, more: bytes = b"") -> bytes:
    """A bundle of one commit."""
    lines = [b"# v%d git bundle\n" % version, more, *(f"-{name} x\n".encode() for name in needed)]
    return b"".join(lines) + f"{commit} HEAD\n\n".encode() + content


def bundled(clone: Path, *words: str) -> bytes:
    """A bundle as git itself makes it."""
    made = ["git", "bundle", "create", "--quiet", "-", *words]
    return subprocess.run(made, cwd=clone, stdout=subprocess.PIPE, check=True).stdout
