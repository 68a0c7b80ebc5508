"""What a repository has that a gate would not find, or that cannot be had: said before any agent starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from onloop.errors import OnloopError
from onloop.gates.contents.large_store import LargeStore
from onloop.gates.contents.lfs_address import LfsFolder, lfs_address, shown_address
from onloop.gates.contents.lfs_server import AT_ONCE, LfsClient
from onloop.gates.contents.submodule_parts import submodule_parts
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import LargeFile, large_files
from onloop.gates.repository.submodules import shown_path, submodules
from onloop.machine.definition import EnvironmentSpec
from onloop.records import Record

MOST_NAMED = 3
_LARGEST = 1024 * 1024
_VERSIONED = re.compile(
    rb"\b(setuptools[-_]scm|hatch-vcs|versioningit|poetry-dynamic-versioning|versioneer|pbr|dunamai)\b"
)
_DESCRIBED = ("pyproject.toml", "setup.cfg", "setup.py")


class ContentKind(StrEnum):
    """What of a repository is more than the files of a commit."""

    SUBMODULES = "submodules"
    LFS = "lfs"
    GIT = "git"


class MissingContent(Record):
    """Something that gates would miss or could not get: what it is, and what would help."""

    kind: ContentKind
    what: str
    works: str


def contents_trouble(
    mirror: Mirror, commit: str, asked: EnvironmentSpec, *, asks_origins: bool
) -> tuple[MissingContent, ...]:
    """What gates on `commit`, which the target has, would miss; with `asks_origins`, also what they could not get.

    Empty where everything that the repository has is asked for and can be had. Origins of submodules and of files in
    Git LFS are asked only where the workflow wants them filled, which may take as long as fetching them.
    """
    return (
        *_submodules(mirror, commit, asked, asks_origins=asks_origins),
        *_lfs(mirror, commit, asked, asks_origins=asks_origins),
        *_git(mirror, commit, asked),
    )


def _submodules(mirror: Mirror, commit: str, asked: EnvironmentSpec, *, asks_origins: bool) -> Iterator[MissingContent]:
    kind = ContentKind.SUBMODULES
    try:
        if asked.submodules and asks_origins:
            submodule_parts(mirror, commit, commit)
        elif not asked.submodules and (found := submodules(mirror.git, commit)):
            what = f"{_count(found, 'submodule')} ({_names(found)}) would be empty folders for agents and gates"
            yield MissingContent(kind, what, "write `submodules: true` under environment")
    except GitFailed as failed:
        yield MissingContent(kind, f"its .gitmodules cannot be read: {failed.complaint}", "mend or remove that file")
    except OnloopError as problem:
        yield MissingContent(kind, problem.message, problem.hint)


def _lfs(mirror: Mirror, commit: str, asked: EnvironmentSpec, *, asks_origins: bool) -> Iterator[MissingContent]:
    if asked.lfs and not asks_origins:
        return
    found = large_files(mirror.git, commit)
    if found and not asked.lfs:
        what = f"{_count(found, 'file')} in Git LFS ({_names(found)}) would be pointers for agents and gates"
        yield MissingContent(ContentKind.LFS, what, "write `lfs: true` under environment")
    elif found:
        try:
            yield from _unreachable(mirror, commit, found)
        except OnloopError as problem:
            yield MissingContent(ContentKind.LFS, problem.message, problem.hint)


def _unreachable(mirror: Mirror, commit: str, found: Mapping[bytes, LargeFile]) -> Iterator[MissingContent]:
    """Which of the files the origin does not have; of many, a server is asked for the first."""
    address = lfs_address(mirror, commit)
    if isinstance(address, LfsFolder):
        there = LargeStore(address.path / "objects")
        lacking = [path for path, file in found.items() if not there.has(file.pointer)]
        if lacking:
            what = f"{shown_address(address)} lacks {_count(lacking, 'file')} in Git LFS ({_names(lacking)})"
            yield MissingContent(ContentKind.LFS, what, "push them there: git lfs push --all")
    else:
        wanted = [file.pointer for file in found.values()][:AT_ONCE]
        LfsClient(address.url, mirror.credentials).actions("download", wanted)


def _git(mirror: Mirror, commit: str, asked: EnvironmentSpec) -> Iterator[MissingContent]:
    if asked.git:
        return
    for name in _DESCRIBED:
        shown = mirror.git.run("cat-file", "blob", f"{commit}:{name}", accept=(0, 128), max_bytes=_LARGEST)
        if not shown.exit_code and (word := _VERSIONED.search(shown.stdout)):
            what = f"{name} takes the version from git ({word[1].decode()}), which a gate's checkout does not have"
            yield MissingContent(ContentKind.GIT, what, "write `git: true` under environment")
            return


def _names(paths: Collection[bytes]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(shown_path(path) for path in sorted(paths)[:MOST_NAMED]) + more


def _count(found: Collection[object], noun: str) -> str:
    return f"{len(found)} {noun}" if len(found) == 1 else f"{len(found)} {noun}s"
