"""Whether a merge brings in only what people were shown: compared commit by commit, path by path, by object ids."""

from __future__ import annotations

from hashlib import sha256

from onloop.gates.repository.git import Git
from onloop.records import Record

_ABSENT = "0"


class DiffEntry(Record, order=True):
    """One path that differs between two commits, in bytes as git has it, with mode and object on both sides."""

    path: bytes
    old_mode: str
    new_mode: str
    old: str
    new: str

    @property
    def is_gone(self) -> bool:
        """Whether nothing is at the path any more."""
        return self.new.strip(_ABSENT) == ""


def differing(git: Git, old: str, new: str) -> frozenset[DiffEntry]:
    """Every path that differs between two commits; a rename is two paths, and no attribute can hide a path."""
    fields = git.run(
        "diff-tree",
        *("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none"),
        *("--end-of-options", old, new),
    ).stdout.split(b"\0")[:-1]
    return frozenset(_entry(*pair) for pair in zip(fields[::2], fields[1::2], strict=True))


def _entry(described: bytes, path: bytes) -> DiffEntry:
    old_mode, new_mode, old, new, _ = described.decode("ascii").removeprefix(":").split(" ")
    return DiffEntry(path, old_mode, new_mode, old, new)


def merge_bases(git: Git, one: str, other: str) -> tuple[str, ...]:
    """Every best common ancestor of two commits; none if their histories have nothing in common."""
    bases = git.run("merge-base", "--all", "--end-of-options", one, other, accept=(0, 1))
    return tuple(bases.text.split())


def unseen(git: Git, base: str, head: str, tip: str, merged: str) -> str:
    """What `merged`, which brings `head` into `tip`, changes beyond the shown `base` → `head`; empty if nothing.

    Nothing is unseen if each path changes between the same objects as shown, or if exactly the shown change was
    applied to what others had changed at the same paths.
    """
    if not _contains(git, tip, base):
        return f"the target no longer contains {base[:12]}, the base that was shown"
    if not _contains(git, head, base):
        return f"{base[:12]}, the base that was shown, is not in the history of the work"
    shown, brought = differing(git, base, head), differing(git, tip, merged)
    if brought <= shown:
        return ""
    if merge_bases(git, tip, head) != (base,):
        return f"the target and the work no longer part at {base[:12]}, the base that was shown"
    extra = {entry.path for entry in brought} - {entry.path for entry in shown}
    return f"the merge would change {len(extra)} paths that were not shown" if extra else ""


def taken_back(git: Git, base: str, head: str, tip: str) -> tuple[str, ...]:
    """The paths that `base` → `head` changes and that `tip`, which contains `head`, has changed back."""
    undone = {(entry.path, entry.new_mode, entry.new) for entry in differing(git, head, tip)}
    paths = sorted(e.path for e in differing(git, base, head) if (e.path, e.old_mode, e.old) in undone)
    return tuple(path.decode("utf-8", "backslashreplace") for path in paths)


def _contains(git: Git, descendant: str, ancestor: str) -> bool:
    pair = ("--end-of-options", ancestor, descendant)
    return git.run("merge-base", "--is-ancestor", *pair, accept=(0, 1)).exit_code == 0


def content_digest(git: Git, base: str, head: str) -> str:
    """The digest of what differs, whatever the commits: paths with mode and object on both sides; sha256 hex."""
    entries = sorted(differing(git, base, head))
    told = (e.path + f"\0{e.old_mode} {e.new_mode} {e.old} {e.new}\n".encode() for e in entries)
    return sha256(b"".join(told)).hexdigest()
