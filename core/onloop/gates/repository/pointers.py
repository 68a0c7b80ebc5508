"""Files in Git LFS: a commit has a pointer with the digest and the size of the file, which is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from onloop.errors import BadInput
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S, Git
from onloop.text import safe

SMALLEST, LARGEST = 100, 1_024
"""How large a pointer is, in bytes."""

_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,14})\n"
)
_FILE = (b"100644", b"100755")
_LARGEST_ATTRIBUTES = 1024 * 1024
_MOST_ATTRIBUTES = 500
_AT_ONCE = 2_000
_MOST_NAMED = 5


class Pointer(NamedTuple):
    """What a pointer names: the sha256 of the file, and its size."""

    oid: str
    size: int


class LargeFile(NamedTuple):
    """A file of a commit that is in Git LFS: its pointer's object, whether it is a program, and what it names."""

    blob: str
    is_program: bool
    pointer: Pointer


def pointer_in(content: bytes) -> Pointer | None:
    """The pointer that a file is; None for any other content."""
    found = _POINTER.fullmatch(content)
    return Pointer(found[1].decode(), int(found[2])) if found else None


def pointers(git: Git, objects: Iterable[str]) -> Mapping[str, Pointer]:
    """Which of these objects are pointers, and what they name."""
    wanted, found = sorted(objects), dict[str, Pointer]()
    for start in range(0, len(wanted), _AT_ONCE):
        asked = "\n".join(wanted[start : start + _AT_ONCE]).encode()
        lines = git.run("cat-file", "--batch-check", stdin=asked).text.split("\n")
        described = (line.split() for line in lines)
        small = [name for name, kind, size in described if kind == "blob" and SMALLEST <= int(size) <= LARGEST]
        if small:
            found |= _pointers_among(git, small)
    return found


def large_files(git: Git, commit: str) -> Mapping[bytes, LargeFile]:
    """The files of a commit that are in Git LFS by its attributes, and that are pointers."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    entries = [(words.split(), path) for words, _, path in (line.partition(b"\t") for line in listed)]
    if not _uses_lfs(git, [words[2].decode() for words, path in entries if _is_attributes(path)]):
        return {}
    files = {path: (words[0] == b"100755", words[2].decode()) for words, path in entries if words[0] in _FILE}
    named = pointers(git, {blob for _, blob in files.values()})
    candidates = [path for path, (_, blob) in files.items() if blob in named]
    tracked = _filtered(git, commit, candidates) if candidates else frozenset()
    return {path: LargeFile(files[path][1], files[path][0], named[files[path][1]]) for path in sorted(tracked)}


def uses_lfs(git: Git, commit: str) -> bool:
    """Whether any .gitattributes of a commit uses Git LFS; without it, a pointer is an ordinary text file."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).stdout.split(b"\0")[:-1]
    entries = (line.partition(b"\t") for line in listed)
    return _uses_lfs(git, [words.split()[2].decode() for words, _, path in entries if _is_attributes(path)])


def check_pointers(git: Git, head: str, lacking: Set[str]) -> None:
    """Refuse a commit that has one of these pointers as a file: its object neither came with it nor is known."""
    if not lacking:
        return
    listed = (entry.partition("\t") for entry in git.run("ls-tree", "-r", "-z", "--end-of-options", head).fields)
    named = sorted(path for description, _, path in listed if description.split()[2] in lacking)
    if named:
        names = ", ".join(safe(path, 100) for path in named[:_MOST_NAMED])
        raise BadInput(
            f"{names}: new in Git LFS, but its object is not in .git/lfs of the clone, and the origin has it neither",
            hint="add the file again where git-lfs is installed, or commit the file itself",
        )


def _is_attributes(path: bytes) -> bool:
    return path.rpartition(b"/")[2] == b".gitattributes"


def _uses_lfs(git: Git, attributes: Iterable[str]) -> bool:
    blobs = set(attributes)
    if len(blobs) > _MOST_ATTRIBUTES:
        return True
    return any(b"filter=lfs" in git.run("cat-file", "blob", b, max_bytes=_LARGEST_ATTRIBUTES).stdout for b in blobs)


def _filtered(git: Git, commit: str, paths: Iterable[bytes]) -> frozenset[bytes]:
    """Those of the paths that the attributes of a commit put in Git LFS."""
    with scratch("attributes") as folder:
        reader = git._replace(index_file=Path(folder, "index"))
        reader.run("read-tree", "--end-of-options", commit)
        asked = b"".join(path + b"\0" for path in paths)
        fields = reader.run("check-attr", "--cached", "--stdin", "-z", "filter", stdin=asked, timeout_s=LONG_S).stdout
    words = fields.split(b"\0")
    return frozenset(path for path, value in zip(words[0::3], words[2::3], strict=False) if value == b"lfs")


def _pointers_among(git: Git, blobs: list[str]) -> Mapping[str, Pointer]:
    content = git.run("cat-file", "--batch", stdin="\n".join(blobs).encode()).stdout
    return dict(_each_pointer(content, blobs))


def _each_pointer(content: bytes, blobs: list[str]) -> Iterator[tuple[str, Pointer]]:
    start = 0
    for blob in blobs:
        begin = content.index(b"\n", start) + 1
        size = int(content[start : begin - 1].split()[2])
        if found := pointer_in(content[begin : begin + size]):
            yield blob, found
        start = begin + size + 1
