"""The content of a folder or a tree, hashed again as git does: a mirror's objects are never trusted without reading."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.git import LONG_S, Git

_CHUNK = 1 << 20
_FOLDER, _LINK, _FILE, _PROGRAM, _MODULE = 0o040000, 0o120000, 0o100644, 0o100755, 0o160000
_OBJECT_HINT = "remove this mirror: the next start, claim or gate of its repository makes a new one from its origin"


class Forged(Unavailable):
    """The content of a repository's object does not match its id."""

    code = "forged"


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A folder as git would store it: the id of its tree, every file below it (mode and id), and its links."""

    tree: str
    files: Mapping[bytes, tuple[int, bytes]]
    links: tuple[bytes, ...]


@dataclass(slots=True)
class _Walk:
    new: Callable[[bytes], Any]
    files: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    links: list[bytes] = field(default_factory=list)

    def tree(self, folder: bytes, prefix: bytes) -> bytes:
        """The id of the tree that git would make of `folder`."""
        entries: list[tuple[bytes, bytes]] = []
        with os.scandir(folder) as listed:
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    inner = self.tree(entry.path, prefix + entry.name + b"/")
                    entries.append((entry.name + b"/", b"40000 " + entry.name + b"\0" + inner))
                else:
                    mode, name = self._file(entry, prefix)
                    entries.append((entry.name, b"%o %b\0%b" % (mode, entry.name, name)))
        entries.sort()
        content = b"".join(line for _, line in entries)
        return self._hash(b"tree %d\0" % len(content), content)

    def _file(self, entry: os.DirEntry[bytes], prefix: bytes) -> tuple[int, bytes]:
        path = prefix + entry.name
        if entry.is_symlink():
            target = os.readlink(entry.path)  # noqa: PTH115 - bytes
            self.links.append(path)
            file = _LINK, self._hash(b"blob %d\0" % len(target), target)
        else:
            file = self._content(entry.path)
        self.files[path] = file
        return file

    def _content(self, path: bytes) -> tuple[int, bytes]:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return status.st_mode, b""
            made = self.new(b"blob %d\0" % status.st_size)
            while chunk := os.read(handle, _CHUNK):
                made.update(chunk)
        finally:
            os.close(handle)
        return _PROGRAM if status.st_mode & stat.S_IXUSR else _FILE, made.digest()

    def _hash(self, header: bytes, content: bytes) -> bytes:
        made = self.new(header)
        made.update(content)
        digest: bytes = made.digest()
        return digest


def on_disk(folder: str | os.PathLike[str], like: str) -> OnDisk:
    """The content of `folder`, hashed with the algorithm of the id `like`: SHA-1 or SHA-256."""
    walk = _Walk(_algorithm(like))
    tree = walk.tree(os.fsencode(folder), b"")
    return OnDisk(tree.hex(), walk.files, tuple(sorted(walk.links)))


def differing(git: Git, tree: str, found: OnDisk) -> str | None:
    """The first path at which the folder differs from the tree with that id; None if they are equal.

    Every tree object on the way is hashed, too. Submodules are empty folders; only the tree that names them is checked.
    """
    if found.tree == tree:
        return None
    left, wrong, level = dict(found.files), list[bytes](), [(b"", tree)]
    while level:
        below: list[tuple[bytes, str]] = []
        for prefix, content in _trees(git, level, wrong):
            for mode, name, entry in _entries(content, len(tree) // 2):
                _compared(prefix + name, mode, entry, left, below, wrong)
        level = below
    return os.fsdecode(min((*wrong, *left))).encode("utf-8", "backslashreplace").decode() if wrong or left else None


def _compared(
    path: bytes,
    mode: int,
    entry: bytes,
    left: dict[bytes, tuple[int, bytes]],
    below: list[tuple[bytes, str]],
    wrong: list[bytes],
) -> None:
    kind = stat.S_IFMT(mode)
    if kind == _FOLDER:
        below.append((path + b"/", entry.hex()))
    elif kind != _MODULE and left.pop(path, None) != (_canonical(mode), entry):
        wrong.append(path)


def _canonical(mode: int) -> int:
    """The mode that git uses for a mode in an old history."""
    if stat.S_ISREG(mode):
        return _PROGRAM if mode & stat.S_IXUSR else _FILE
    return stat.S_IFMT(mode)


def _trees(git: Git, level: Sequence[tuple[bytes, str]], wrong: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    objects = _objects(git, [name for _, name in level])
    for (prefix, name), (kind, content) in zip(level, objects, strict=True):
        if kind == b"tree" and _is(name, kind, content):
            yield prefix, content
        else:
            wrong.append(prefix or b".")


def _entries(content: bytes, length: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Mode, name and id of each entry of a tree object."""
    start = 0
    while start < len(content):
        gap = content.index(b" ", start)
        end = content.index(b"\0", gap)
        yield int(content[start:gap], 8), content[gap + 1 : end], content[end + 1 : end + 1 + length]
        start = end + 1 + length


def true_files(git: Git, tree: str) -> dict[bytes, tuple[int, bytes]]:
    """Every file below a tree (mode and id), without submodules; Forged if a tree on the way does not match its id."""
    files: dict[bytes, tuple[int, bytes]] = {}
    level = [(b"", tree)]
    while level:
        below: list[tuple[bytes, str]] = []
        wrong: list[bytes] = []
        for prefix, content in _trees(git, level, wrong):
            for mode, name, entry in _entries(content, len(tree) // 2):
                if stat.S_IFMT(mode) == _FOLDER:
                    below.append((prefix + name + b"/", entry.hex()))
                elif stat.S_IFMT(mode) != _MODULE:
                    files[prefix + name] = _canonical(mode), entry
        if wrong:
            raise Forged(f"tree {tree[:12]} does not match its id at {os.fsdecode(wrong[0])!r}", hint=_OBJECT_HINT)
        level = below
    return files


def true_links(git: Git, tree: str) -> dict[bytes, bytes]:
    """Every symbolic link below a tree, with its target; Forged if an object on the way does not match its id."""
    links = {path: name.hex() for path, (mode, name) in true_files(git, tree).items() if mode == _LINK}
    objects = _objects(git, list(links.values())) if links else []
    for (path, name), (kind, content) in zip(links.items(), objects, strict=True):
        if kind != b"blob" or not _is(name, kind, content):
            raise Forged(f"{os.fsdecode(path)!r}: object {name} does not match its id", hint=_OBJECT_HINT)
    return {path: content for path, (_, content) in zip(links, objects, strict=True)}


def true_tree(git: Git, commit: str) -> str:
    """The id of a commit's tree, from the commit object; Forged if that does not match its id."""
    kind, content = _objects(git, [commit])[0]
    if kind != b"commit" or not _is(commit, kind, content) or not content.startswith(b"tree "):
        raise Forged(f"commit {commit} does not match its id", hint=_OBJECT_HINT)
    return content[5 : content.index(b"\n")].decode("ascii", "replace")


def true_file(git: Git, tree: str, path: str, max_bytes: int) -> bytes | None:
    """A regular file of a tree, with every object on the way hashed; None if there is no such file.

    Forged names the object that does not match its id; BadInput if the file is over `max_bytes`.
    """
    *folders, leaf = path.encode("utf-8", "surrogateescape").split(b"/")
    here: bytes = bytes.fromhex(tree)
    for name in folders:
        mode, here = _child(git, here, name)
        if stat.S_IFMT(mode) != _FOLDER:
            return None
    mode, here = _child(git, here, leaf)
    if not stat.S_ISREG(mode):
        return None
    size = int(git.text("cat-file", "-s", here.hex()))
    if size > max_bytes:
        raise BadInput(f"{path!r} has {size} bytes", hint=f"keep it under {max_bytes} bytes")
    return _true(git, here.hex(), b"blob", path)


def _child(git: Git, tree: bytes, name: bytes) -> tuple[int, bytes]:
    content = _true(git, tree.hex(), b"tree", os.fsdecode(name))
    matching = (entry for entry in _entries(content, len(tree)) if entry[1] == name)
    mode, _, child = next(matching, (0, b"", b""))
    return mode, child


def _true(git: Git, name: str, kind: bytes, path: str) -> bytes:
    own_kind, content = _objects(git, [name])[0]
    if own_kind != kind or not _is(name, kind, content):
        raise Forged(f"{path!r}: object {name} of the mirror does not match its id", hint=_OBJECT_HINT)
    return content


def _is(name: str, kind: bytes, content: bytes) -> bool:
    return bool(_algorithm(name)(b"%b %d\0%b" % (kind, len(content), content)).hexdigest() == name)


def _algorithm(name: str) -> Callable[[bytes], Any]:
    if len(name) == 64:
        return hashlib.sha256
    return lambda content: hashlib.sha1(content, usedforsecurity=False)


def _objects(git: Git, names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Kind and content of each object, as the repository has them, not yet hashed."""
    batch = git.run("cat-file", "--batch", stdin="".join(f"{n}\n" for n in names).encode(), timeout_s=LONG_S).stdout
    objects: list[tuple[bytes, bytes]] = []
    start = 0
    for name in names:
        end = batch.index(b"\n", start)
        _, kind, *size = batch[start:end].split(b" ")
        if not size:
            raise Unavailable(f"object {name} is not in {git.directory}", hint=_OBJECT_HINT)
        length = int(size[0])
        objects.append((kind, batch[end + 1 : end + 1 + length]))
        start = end + 2 + length
    return objects
