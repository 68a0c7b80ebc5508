"""Checks a pack with bounded memory before git sees it: how large it becomes, inflated and with deltas applied."""

from __future__ import annotations

import mmap
import zlib
from dataclasses import dataclass
from pathlib import Path

from onloop.errors import BadInput
from onloop.records import Record

_COMMIT, _TREE, _BLOB, _TAG, _BY_OFFSET, _BY_ID = 1, 2, 3, 4, 6, 7
_HEADER = 12
_SLICES = (512, 8_192, 65_536)
_LONGEST_NUMBER = 10
"""How many bytes a number in a pack may have, at seven bits each."""


class PackLimits(Record):
    """Limits for a pack: objects, bytes of one object, bytes of all inflated, and bytes of all with deltas applied."""

    objects: int = 100_000
    object_bytes: int = 64 * 1_048_576
    inflated_bytes: int = 256 * 1_048_576
    result_bytes: int = 512 * 1_048_576


@dataclass(slots=True)
class _Tally:
    limits: PackLimits
    inflated: int = 0
    results: int = 0

    def announced(self, size: int) -> None:
        """Count the bytes that an object's header announces."""
        self._check(size, self.limits.object_bytes, "an object")
        self.inflated += size
        self._check(self.inflated, self.limits.inflated_bytes, "all objects together")

    def result(self, size: int) -> None:
        """Count the size of an object with its deltas applied."""
        self._check(size, self.limits.object_bytes, "an object")
        self.results += size
        self._check(self.results, self.limits.result_bytes, "all objects with deltas applied")

    def _check(self, size: int, most: int, what: str) -> None:
        if size > most:
            raise BadInput(
                f"the pack is too large: {what} would have {size} bytes, at most {most} are allowed",
                hint="submit less at once, and no large files",
            )


def check_pack(path: Path, begin: int, limits: PackLimits, *, id_bytes: int = 20) -> int:
    """Check the pack that starts at byte `begin` of a file; the answer is its number of objects.

    BadInput if it is malformed, is followed by other bytes, or exceeds `limits`.
    """
    with path.open("rb") as file:
        if path.stat().st_size < begin + _HEADER + id_bytes:
            raise _malformed("it is cut short")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _checked(content, begin, len(content) - id_bytes, limits, id_bytes)


def _checked(content: mmap.mmap, begin: int, end: int, limits: PackLimits, id_bytes: int) -> int:
    version, count = (int.from_bytes(content[begin + offset : begin + offset + 4]) for offset in (4, 8))
    if content[begin : begin + 4] != b"PACK" or version not in {2, 3}:
        raise _malformed("it does not begin with the signature of a pack")
    if count > limits.objects:
        raise BadInput(
            f"the pack is too large: it has {count} objects, at most {limits.objects} are allowed",
            hint="submit less at once",
        )
    tally, at = _Tally(limits), begin + _HEADER
    for _ in range(count):
        kind, size, at = _object_header(content, at, end)
        tally.announced(size)
        at = _behind_base(content, at, end, kind, id_bytes)
        first, at = _inflated(content, at, end, size)
        tally.result(_result_size(first) if kind in {_BY_OFFSET, _BY_ID} else size)
    if at != end:
        raise _malformed("it has more bytes after its last object")
    return count


def _object_header(content: mmap.mmap, at: int, end: int) -> tuple[int, int, int]:
    """The kind and size of an object, and where its header ends."""
    first = _byte(content, at, end)
    kind, size, shift = first >> 4 & 7, first & 15, 4
    at += 1
    byte = first
    while byte & 0x80:
        byte = _byte(content, at, end)
        size |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if shift > 7 * _LONGEST_NUMBER:
            raise _malformed("the size of an object is not a number")
    if kind not in {_COMMIT, _TREE, _BLOB, _TAG, _BY_OFFSET, _BY_ID}:
        raise _malformed(f"it has an object of unknown kind {kind}")
    return kind, size, at


def _behind_base(content: mmap.mmap, at: int, end: int, kind: int, id_bytes: int) -> int:
    """Where the name of a delta's base ends; `at` for an object that is not a delta."""
    if kind == _BY_ID:
        return at + id_bytes
    if kind == _BY_OFFSET:
        last = at + _LONGEST_NUMBER
        while _byte(content, at, end) & 0x80:
            at += 1
            if at > last:
                raise _malformed("the offset of a delta's base is not a number")
        return at + 1
    return at


def _inflated(content: mmap.mmap, at: int, end: int, size: int) -> tuple[bytes, int]:
    """The first bytes of the content compressed at `at`, and where it ends; memory holds only a slice at a time."""
    unpacker, produced, first, step = zlib.decompressobj(), 0, b"", 0
    while not unpacker.eof:
        piece = unpacker.unconsumed_tail
        if not piece:
            length = _SLICES[min(step, len(_SLICES) - 1)]
            piece, step = content[at : min(end, at + length)], step + 1
            at += len(piece)
        if not piece:
            raise _malformed("an object is cut short")
        try:
            inflated = unpacker.decompress(piece, _SLICES[-1])
        except zlib.error as problem:
            raise _malformed(f"cannot inflate an object: {problem}") from None
        first = first if len(first) >= 2 * _LONGEST_NUMBER else (first + inflated)[: 2 * _LONGEST_NUMBER]
        produced += len(inflated)
        if produced > size:
            raise _malformed("an object is larger than it says")
    if produced != size:
        raise _malformed("an object is smaller than it says")
    return first, at - len(unpacker.unused_data)


def _result_size(delta: bytes) -> int:
    """The size of a delta's result: the second of the two numbers at its start."""
    value = at = 0
    for _ in range(2):
        value = shift = 0
        while True:
            if at >= len(delta) or shift > 7 * _LONGEST_NUMBER:
                raise _malformed("a delta does not say how large its result is")
            byte = delta[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
    return value


def _byte(content: mmap.mmap, at: int, end: int) -> int:
    if at >= end:
        raise _malformed("it is cut short")
    return content[at]


def _malformed(why: str) -> BadInput:
    return BadInput(f"the bundle's pack is malformed: {why}", hint="onloop submit makes a valid one")


def ids_of(index: Path, id_bytes: int, sent: int) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of the objects in the first `sent` bytes of a pack, and of those after them, from its index (version 2).

    The later ones are bases of deltas, which git added from objects that it already had: nobody sent them.
    """
    content = index.read_bytes()
    count = int.from_bytes(content[8 + 255 * 4 : 8 + 256 * 4])
    names = 8 + 1024
    places = names + count * (id_bytes + 4)
    came, taken = set[str](), set[str]()
    for number in range(count):
        place = int.from_bytes(content[places + number * 4 : places + (number + 1) * 4])
        name = content[names + number * id_bytes : names + (number + 1) * id_bytes].hex()
        (came if place < sent else taken).add(name)
    return frozenset(came), frozenset(taken)
