"""Pointers to large files (Git LFS). Nobody could get the file of a new pointer whose object was not pushed."""

from __future__ import annotations

from collections.abc import Set

from onloop.errors import BadInput
from onloop.gates.repository.git import Git
from onloop.text import safe

_BEGIN = b"version https://git-lfs.github.com/spec/v1\n"
_SMALLEST, _LARGEST = 100, 1_024
_MOST_NAMED = 5


def pointers(git: Git, new: Set[str]) -> frozenset[str]:
    """Which of these objects are pointers."""
    if not new:
        return frozenset()
    lines = git.run("cat-file", "--batch-check", stdin="\n".join(sorted(new)).encode()).text.split("\n")
    described = (line.split() for line in lines)
    small = [name for name, kind, size in described if kind == "blob" and _SMALLEST <= int(size) <= _LARGEST]
    return frozenset(_pointers_among(git, small)) if small else frozenset()


def check_pointers(git: Git, head: str, new_pointers: Set[str]) -> None:
    """Refuse a commit that has one of these pointers as a file: a bundle does not carry Git LFS objects."""
    if not new_pointers:
        return
    listed = (entry.partition("\t") for entry in git.run("ls-tree", "-r", "-z", "--end-of-options", head).fields)
    named = sorted(path for description, _, path in listed if description.split()[2] in new_pointers)
    if named:
        names = ", ".join(safe(path, 100) for path in named[:_MOST_NAMED])
        raise BadInput(
            f"{names}: new in Git LFS, but a bundle does not carry its object",
            hint="commit the file itself, or let a person push pointer and object to the origin, and merge that",
        )


def _pointers_among(git: Git, blobs: list[str]) -> list[str]:
    content = git.run("cat-file", "--batch", stdin="\n".join(blobs).encode()).stdout
    names, start = list[str](), 0
    for blob in blobs:
        begin = content.index(b"\n", start) + 1
        if content.startswith(_BEGIN, begin):
            names.append(blob)
        start = begin + int(content[start : begin - 1].split()[2]) + 1
    return names
