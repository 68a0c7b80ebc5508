"""What a mirror must be like: configured by onloop alone, its objects whole, with nothing that stands in for them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from onloop.errors import OnloopError
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import Git, GitFailed
from onloop.gates.repository.mirror import HARMLESS_IN_OLD_HISTORY, Mirror
from onloop.gates.repository.ref_names import one_line
from onloop.records import Record

FSCK_S = 120.0
"""How long git may look at all objects of one mirror; a larger one is looked at in part, which is said."""

MOST_NAMED = 10
LARGEST_CONFIG = 65_536
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OF_THE_DISK = ("filemode", "ignorecase", "symlinks", "precomposeunicode")
"""Settings that git finds out about the file system when it makes a repository."""

_FOREIGN = (
    ("hooks", "hooks"),
    ("config.worktree", "a second configuration"),
    ("commondir", "another repository's folder"),
    ("objects/info/alternates", "objects of another folder"),
    ("objects/info/http-alternates", "objects of another place"),
    ("refs/replace", "replaced objects"),
    ("info/grafts", "grafted history"),
    ("info/attributes", "attributes"),
)
"""What onloop never puts into a mirror, and what it would bring in."""


class ExpectedCommit(Record):
    """A commit that the log says was submitted, the tree that it has, and who says so."""

    commit: str
    tree: str
    where: str


class Looked(Record):
    """What is wrong with a mirror, and what could not be looked at."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def usual_config() -> frozenset[str]:
    """The lines of the configuration that a mirror gets when it is made here."""
    with scratch("usual") as folder:
        made = Mirror(folder / "usual.git", str(folder))
        made.create()
        return _settings(made.path / "config")


def looked_at(mirror: Path, wanted: tuple[ExpectedCommit, ...], usual: frozenset[str]) -> Looked:
    """Everything about one mirror. Git is started only on one that nothing but onloop configures."""
    name = f"mirror {mirror.name}"
    if not _is_folder(mirror):
        return Looked((f"{name}: it is not there, or no folder of its own: {len(wanted)} submissions are in it",))
    foreign = tuple(_foreign(mirror, usual))
    if foreign:
        return Looked(tuple(f"{name}: {words}" for words in foreign))
    try:
        found = _submitted(mirror, wanted)
        fscked = _fsck(mirror)
    except OnloopError as problem:
        return Looked((f"{name}: {problem.message}",))
    return Looked(tuple(f"{name}: {words}" for words in (*found, *fscked.problems)), fscked.notes)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _settings(config: Path) -> frozenset[str]:
    """The lines of a configuration, each with its section; what git found out about the disk is left out."""
    handle = os.open(config, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        text = file.read(LARGEST_CONFIG).decode("utf-8", "backslashreplace")
    section, found = "", set[str]()
    for line in map(str.strip, text.splitlines()):
        section = line if line.startswith("[") else section
        if line and not line.startswith("[") and line.partition("=")[0].strip().lower() not in _OF_THE_DISK:
            found.add(f"{section} {line}")
        elif line.startswith("["):
            found.add(line)
    return frozenset(found)


def _foreign(mirror: Path, usual: frozenset[str]) -> Iterator[str]:
    try:
        settings = _settings(mirror / "config")
    except OSError as problem:
        yield f"config: it cannot be read: {problem.strerror}"
        return
    for line in sorted(settings - usual)[:MOST_NAMED]:
        yield f"config: {one_line(line, 100)}: onloop did not write that"
    for line in sorted(usual - settings)[:MOST_NAMED]:
        yield f"config: {one_line(line, 100)}: it is gone"
    for place, words in _FOREIGN:
        if os.path.lexists(mirror / place) and not _is_empty(mirror / place):
            yield f"{place}: {words}, which onloop never puts there"
    with suppress(OSError):
        packed = (mirror / "packed-refs").read_bytes()
        if b" refs/replace/" in packed:
            yield "packed-refs: replaced objects, which onloop never puts there"


def _is_empty(path: Path) -> bool:
    """Whether it is a folder without anything in it, as git itself may leave one."""
    if not _is_folder(path):
        return False
    with os.scandir(path) as entries:
        return not any(entries)


def _submitted(mirror: Path, wanted: tuple[ExpectedCommit, ...]) -> Iterator[str]:
    """What of the submitted commits is missing, or has another tree; asked in one run of git."""
    asked = [each for each in wanted if _COMMIT.fullmatch(each.commit)]
    for each in wanted:
        if not _COMMIT.fullmatch(each.commit):
            yield f"{each.where}: {one_line(each.commit, 60)!r} is no commit id"
    lines = "".join(f"{each.commit}^{{tree}}\n" for each in asked).encode()
    told = Git(mirror).run("cat-file", "--batch-check=%(objectname)", stdin=lines).text.split("\n") if asked else []
    for each, line in zip(asked, told, strict=True):
        tree, _, trouble = line.partition(" ")
        if trouble:
            yield f"{each.where}: commit {each.commit[:12]} is {trouble[-40:]}"
        elif tree != each.tree:
            yield f"{each.where}: commit {each.commit[:12]} has tree {tree[:12]}, expected {each.tree[:12]}"


def _fsck(mirror: Path) -> Looked:
    lenient = tuple(f"fsck.{finding}=ignore" for finding in HARMLESS_IN_OLD_HISTORY)
    words = ("--full", "--no-dangling", "--no-progress", "--no-reflogs")
    try:
        Git(mirror, settings=lenient).run("fsck", *words, timeout_s=FSCK_S)
    except GitFailed as failed:
        if failed.out_of_time:
            return Looked(notes=(f"mirror {mirror.name}: not all objects were looked at: {failed.complaint}",))
        return Looked((f"objects: {one_line(failed.complaint, 200)}",))
    return Looked()


def grouped(wanted: Mapping[Path, list[ExpectedCommit]], folder: Path) -> Mapping[Path, tuple[ExpectedCommit, ...]]:
    """What is wanted of each mirror below `folder`, and nothing of those of which nothing is."""
    with suppress(OSError):
        there = {entry: list[ExpectedCommit]() for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")}
        return {path: tuple(each) for path, each in (there | dict(wanted)).items()}
    return {path: tuple(each) for path, each in wanted.items()}
