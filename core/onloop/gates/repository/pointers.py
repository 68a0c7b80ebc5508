"""Pointers to large files (Git LFS): a new one, whose object does not come along, is a file that nobody can have."""

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
    told = git.run("cat-file", "--batch-check", stdin="\n".join(sorted(new)).encode()).text.split("\n")
    described = (line.split() for line in told)
    small = [name for name, kind, size in described if kind == "blob" and _SMALLEST <= int(size) <= _LARGEST]
    return frozenset(_said(git, small)) if small else frozenset()


def check_pointers(git: Git, head: str, found: Set[str]) -> None:
    """Refuse a commit that has one of these pointers as a file: objects of Git LFS do not travel with a bundle."""
    if not found:
        return
    listed = (entry.partition("\t") for entry in git.run("ls-tree", "-r", "-z", "--end-of-options", head).fields)
    named = sorted(path for description, _, path in listed if description.split()[2] in found)
    if named:
        names = ", ".join(safe(path, 100) for path in named[:_MOST_NAMED])
        raise BadInput(
            f"{names}: new in Git LFS, and its object does not come along",
            hint="commit the file itself, or let a person push pointer and object to the origin, and merge that",
        )


def _said(git: Git, blobs: list[str]) -> list[str]:
    content = git.run("cat-file", "--batch", stdin="\n".join(blobs).encode()).stdout
    found, at = list[str](), 0
    for blob in blobs:
        begin = content.index(b"\n", at) + 1
        if content.startswith(_BEGIN, begin):
            found.append(blob)
        at = begin + int(content[at : begin - 1].split()[2]) + 1
    return found
