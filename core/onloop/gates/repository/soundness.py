"""Whether a mirror is sound: only onloop configured it, its objects are complete, and nothing replaces them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from onloop.errors import OnloopError
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import Git
from onloop.gates.repository.mending.old_history import TOLERABLE, lenient
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import one_line
from onloop.records import Record

FSCK_S = 120.0
"""How long git may check the objects of one mirror, in seconds; a note says if it could not check all of them."""

MOST_NAMED = 10
LARGEST_CONFIG = 65_536
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OF_THE_DISK = ("filemode", "ignorecase", "symlinks", "precomposeunicode")
"""Settings that git derives from the file system when it makes a repository."""

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
"""Files that onloop never puts into a mirror, and what each of them would bring in."""


class ExpectedCommit(Record):
    """A submitted commit according to the log, its tree, and where the log says so."""

    commit: str
    tree: str
    where: str


class MirrorReport(Record):
    """What is wrong with a mirror, and what could not be checked."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def usual_config() -> frozenset[str]:
    """The lines of configuration that a new mirror gets on this machine."""
    with scratch("usual") as folder:
        made = Mirror(folder / "usual.git", str(folder))
        made.create()
        return _settings(made.path / "config")


def checked_mirror(mirror: Path, wanted: tuple[ExpectedCommit, ...], usual: frozenset[str]) -> MirrorReport:
    """The full report about one mirror. Git runs only if nothing but onloop has configured the mirror."""
    name = f"mirror {mirror.name}"
    if not _is_folder(mirror):
        return MirrorReport((f"{name}: it is missing, or is not a folder: it should have {len(wanted)} submissions",))
    foreign = tuple(_foreign(mirror, usual))
    if foreign:
        return MirrorReport(tuple(f"{name}: {words}" for words in foreign))
    try:
        wrong = _submitted(mirror, wanted)
        fscked = _fsck(mirror)
    except OnloopError as problem:
        return MirrorReport((f"{name}: {problem.message}",))
    return MirrorReport(tuple(f"{name}: {words}" for words in (*wrong, *fscked.problems)), fscked.notes)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _settings(config: Path) -> frozenset[str]:
    """The lines of a configuration, each with its section, without what git derived from the file system."""
    handle = os.open(config, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        text = file.read(LARGEST_CONFIG).decode("utf-8", "backslashreplace")
    section, lines = "", set[str]()
    for line in map(str.strip, text.splitlines()):
        section = line if line.startswith("[") else section
        if line and not line.startswith("[") and line.partition("=")[0].strip().lower() not in _OF_THE_DISK:
            lines.add(f"{section} {line}")
        elif line.startswith("["):
            lines.add(line)
    return frozenset(lines)


def _foreign(mirror: Path, usual: frozenset[str]) -> Iterator[str]:
    try:
        settings = _settings(mirror / "config")
    except OSError as problem:
        yield f"config: cannot read it: {problem.strerror}"
        return
    for line in sorted(settings - usual)[:MOST_NAMED]:
        yield f"config: {one_line(line, 100)}: onloop did not write this line"
    for line in sorted(usual - settings)[:MOST_NAMED]:
        yield f"config: {one_line(line, 100)}: this line is missing"
    for place, words in _FOREIGN:
        if os.path.lexists(mirror / place) and not _is_empty(mirror / place):
            yield f"{place}: {words}, which onloop never puts there"
    with suppress(OSError):
        packed = (mirror / "packed-refs").read_bytes()
        if b" refs/replace/" in packed:
            yield "packed-refs: replaced objects, which onloop never puts there"


def _is_empty(path: Path) -> bool:
    """Whether the path is an empty folder, which git itself may leave behind."""
    if not _is_folder(path):
        return False
    with os.scandir(path) as entries:
        return not any(entries)


def _submitted(mirror: Path, wanted: tuple[ExpectedCommit, ...]) -> Iterator[str]:
    """Which of the submitted commits are missing or have another tree; one run of git checks all."""
    asked = [each for each in wanted if _COMMIT.fullmatch(each.commit)]
    for each in wanted:
        if not _COMMIT.fullmatch(each.commit):
            yield f"{each.where}: {one_line(each.commit, 60)!r} is not a commit id"
    lines = "".join(f"{each.commit}^{{tree}}\n" for each in asked).encode()
    answers = Git(mirror).run("cat-file", "--batch-check=%(objectname)", stdin=lines).text.split("\n") if asked else []
    for each, line in zip(asked, answers, strict=True):
        tree, _, trouble = line.partition(" ")
        if trouble:
            yield f"{each.where}: commit {each.commit[:12]} is {trouble[-40:]}"
        elif tree != each.tree:
            yield f"{each.where}: commit {each.commit[:12]} has tree {tree[:12]}, expected {each.tree[:12]}"


def _fsck(mirror: Path) -> MirrorReport:
    checks = lenient("fsck", TOLERABLE)  # whether it was tolerated is another question than whether it is sound
    words = ("--full", "--no-dangling", "--no-progress", "--no-reflogs")
    try:
        Git(mirror, settings=checks).run("fsck", *words, timeout_s=FSCK_S)
    except GitFailed as failed:
        if failed.out_of_time:
            return MirrorReport(notes=(f"mirror {mirror.name}: not all objects were checked: {failed.complaint}",))
        return MirrorReport((f"objects: {one_line(failed.complaint, 200)}",))
    return MirrorReport()


def grouped(wanted: Mapping[Path, list[ExpectedCommit]], folder: Path) -> Mapping[Path, tuple[ExpectedCommit, ...]]:
    """The expected commits of each mirror below `folder`, and of each mirror in `wanted`; some mirrors have none."""
    with suppress(OSError):
        there = {entry: list[ExpectedCommit]() for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")}
        return {path: tuple(each) for path, each in (there | dict(wanted)).items()}
    return {path: tuple(each) for path, each in wanted.items()}
