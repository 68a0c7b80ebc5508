"""What a user of the machine may do with a path, by owner, group and mode; asked of the kernel's record, not tried.

Root may do everything. Access lists beyond the mode are not read: a path that has one is said to be unknown.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from onloop.records import Record

LISTS = ("system.posix_acl_access", "system.posix_acl_default")
MOST_LINKS = 40
"""How many links of one path are followed: the kernel follows no more either."""


class PathFact(Record):
    """A path as it lies: whose it is, its mode, and the folders above it from the nearest one up."""

    path: str
    uid: int
    gid: int
    mode: int
    above: tuple[PathFact, ...] = ()
    has_list: bool = False

    @property
    def words(self) -> str:
        """Whose it is, and its mode."""
        return f"user {self.uid}, group {self.gid}, mode {stat.S_IMODE(self.mode):04o}"


class MachineUser(Record):
    """A user of the machine with all groups; `name` is empty where there is no such account."""

    uid: int
    name: str = ""
    groups: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The user, by name where there is one."""
        return f"user {self.name}" if self.name else f"user {self.uid}"


def path_fact(path: Path) -> PathFact | None:
    """A path as it lies, never opened and no link followed; None where nothing is there or it cannot be seen."""
    found = _one(path)
    if found is None:
        return None
    above = tuple(fact for folder in path.parents if (fact := _one(folder)) is not None)
    return PathFact(found.path, found.uid, found.gid, found.mode, above, found.has_list)


def places_of(path: Path) -> Iterator[Path]:
    """Each link on the way to the path, one after the other, and then where it leads; a circle of links ends."""
    seen, here = set[Path](), path.absolute()
    while here not in seen and len(seen) <= MOST_LINKS:
        seen.add(here)
        link = next((each for each in (*reversed(here.parents), here) if _is_link(each)), None)
        yield link or here
        if link is None:
            return
        try:
            target = link.readlink()
        except OSError:
            return
        here = Path(os.path.normpath(link.parent / target / here.relative_to(link)))


def _is_link(path: Path) -> bool:
    fact = _one(path)
    return fact is not None and stat.S_ISLNK(fact.mode)


def _one(path: Path) -> PathFact | None:
    try:
        status = path.lstat()
        lists = os.listxattr(path, follow_symlinks=False) if hasattr(os, "listxattr") else []
    except (OSError, ValueError):
        return None
    return PathFact(str(path), status.st_uid, status.st_gid, status.st_mode, (), any(each in LISTS for each in lists))


def why_written(fact: PathFact, user: MachineUser) -> str:
    """Why the user can write or replace what is there, with the place; empty where they cannot."""
    if user.uid == 0:
        return f"{user.words} is root"
    if not stat.S_ISLNK(fact.mode) and _passes(fact, user) and (_allows(fact, user, 0o2) or fact.uid == user.uid):
        return f"{fact.path} is open to {user.words} ({fact.words})"
    inner = fact
    for place, folder in enumerate(fact.above):
        reached = all(_allows(each, user, 0o1) for each in fact.above[place:])
        kept = folder.mode & stat.S_ISVTX and user.uid not in {folder.uid, inner.uid}
        if reached and (folder.uid == user.uid or (_allows(folder, user, 0o2) and not kept)):
            return f"{folder.path} is open to {user.words} ({folder.words}), so {inner.path} can be replaced"
        inner = folder
    return ""


def why_read(fact: PathFact, user: MachineUser) -> str:
    """Why the user can read what is there; empty where they cannot."""
    if user.uid == 0:
        return f"{user.words} is root"
    if not stat.S_ISLNK(fact.mode) and _passes(fact, user) and (fact.uid == user.uid or _allows(fact, user, 0o4)):
        return f"{fact.path} is open to {user.words} ({fact.words})"
    return ""


def _passes(fact: PathFact, user: MachineUser) -> bool:
    """Whether the user gets to the path: an owner of a folder can open it for themselves."""
    return all(_allows(folder, user, 0o1) or folder.uid == user.uid for folder in fact.above)


def _allows(fact: PathFact, user: MachineUser, bit: int) -> bool:
    if fact.uid == user.uid:
        return bool(fact.mode & (bit << 6))
    if fact.gid in user.groups:
        return bool(fact.mode & (bit << 3))
    return bool(fact.mode & bit)
