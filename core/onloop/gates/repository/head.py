"""Reads refs of a repository as files, without running git: cheap, and safe on a repository that an agent wrote.

`onloop check` must be fast and uses this module, so it imports almost nothing.
"""

from __future__ import annotations

import os
import stat
import sys

_MAX_LINKS = 5
_MAX_BYTES = 4 * 1024 * 1024
_HEX = frozenset("0123456789abcdef")


def head(path: str | os.PathLike[str]) -> str | None:
    """The full id of the commit at HEAD of the clone at `path`; None if it cannot be read."""
    return read_ref(os.path.join(path, ".git"), "HEAD")  # noqa: PTH118 - pathlib would double the import


def head_apart(path: str | os.PathLike[str]) -> str | None:
    """As `head`, in a process that has nothing else open."""
    from subprocess import PIPE, run  # here: `head` must not load it

    output = run([sys.executable, "-I", "-S", __file__, os.fspath(path)], stdout=PIPE, check=False, cwd="/").stdout
    return output.decode("ascii", "replace") or None


def read_ref(git_dir: str | os.PathLike[str], name: str) -> str | None:
    """The full commit id of a loose, packed or symbolic ref; None if it is absent or malformed."""
    folder = os.fspath(git_dir)
    for _ in range(_MAX_LINKS):
        content = _content(f"{folder}/{name}")
        if content is None:
            return _packed(folder, name)
        value = content.strip()
        if not value.startswith("ref:"):
            return value if _is_id(value) else None
        name = value[4:].strip()
        if not _is_inside(name):
            return None
    return None


def _packed(folder: str, name: str) -> str | None:
    for line in (_content(f"{folder}/packed-refs") or "").splitlines():
        value, _, ref = line.partition(" ")
        if ref == name and _is_id(value):
            return value
    return None


def packed_branches(git_dir: str | os.PathLike[str]) -> list[str]:
    """The names of the branches that are packed."""
    lines = (_content(f"{os.fspath(git_dir)}/packed-refs") or "").splitlines()
    refs = [line.partition(" ")[2] for line in lines]
    return [ref[len("refs/heads/") :] for ref in refs if ref.startswith("refs/heads/")]


def _content(path: str) -> str | None:
    """The text of a regular file. A pipe, device or link in its place is neither waited for nor followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return _read(descriptor).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while size < _MAX_BYTES and (chunk := os.read(descriptor, 65536)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _is_inside(name: str) -> bool:
    return name.startswith("refs/") and not any(part in {"", ".", ".."} for part in name.split("/"))


def _is_id(value: str) -> bool:
    return len(value) in {40, 64} and _HEX.issuperset(value)


if __name__ == "__main__":
    sys.stdout.write(head(sys.argv[1]) or "")
