"""Whether a merge brings in what was shown and nothing else: compared commit by commit, path by path, by object ids."""

from __future__ import annotations

from onloop.gates.repository.git import Git
from onloop.records import Record

_ABSENT = "0"


class DiffEntry(Record, order=True):
    """One path that differs between two commits, with mode and object on both sides; the path as git's bytes."""

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
    """Every path that differs between two commits; a rename is two of them, and no attribute hides one."""
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
    """Every best common ancestor of two commits; none where their histories have nothing in common."""
    found = git.run("merge-base", "--all", "--end-of-options", one, other, accept=(0, 1))
    return tuple(found.text.split())


def unseen(git: Git, base: str, head: str, tip: str, merged: str) -> str:
    """What `merged`, which brings `head` into `tip`, has that nobody saw who was shown `base` → `head`; else empty.

    Nothing is unseen where each path changes from and to the very objects that were shown, or where exactly the shown
    change was applied beside what others did at the same paths.
    """
    if not _contains(git, tip, base):
        return f"the target no longer contains {base[:12]}, on which the work was shown"
    if not _contains(git, head, base):
        return f"{base[:12]}, from which the work was shown, is no part of its history"
    shown, brought = differing(git, base, head), differing(git, tip, merged)
    if brought <= shown:
        return ""
    if merge_bases(git, tip, head) != (base,):
        return f"the target has another part of this history than {base[:12]}, on which the work was shown"
    extra = {entry.path for entry in brought} - {entry.path for entry in shown}
    return f"the merge would change {len(extra)} paths that were not shown" if extra else ""


def taken_back(git: Git, base: str, head: str, tip: str) -> tuple[str, ...]:
    """The paths that `base` → `head` changes and that stand in `tip`, which contains `head`, as they did before."""
    undone = {(entry.path, entry.new_mode, entry.new) for entry in differing(git, head, tip)}
    found = sorted(e.path for e in differing(git, base, head) if (e.path, e.old_mode, e.old) in undone)
    return tuple(path.decode("utf-8", "backslashreplace") for path in found)


def _contains(git: Git, descendant: str, ancestor: str) -> bool:
    pair = ("--end-of-options", ancestor, descendant)
    return git.run("merge-base", "--is-ancestor", *pair, accept=(0, 1)).exit_code == 0
